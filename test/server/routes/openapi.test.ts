import { Validator } from '@seriousme/openapi-schema-validator';
import { describe, expect, it } from 'vitest';
import { testGateway } from '../test-gateway.ts';

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'] as const;

/** Every address of the gateway, and what it does there. */
const ROUTES: Record<string, string[]> = {
  '/api': ['GET'],
  '/api/status': ['GET'],
  '/api/me': ['GET'],
  '/api/kernelspecs': ['GET'],
  '/api/kernelspecs/{name}': ['GET'],
  '/api/kernels': ['GET', 'POST'],
  '/api/kernels/{kernelId}': ['GET', 'DELETE'],
  '/api/kernels/{kernelId}/events': ['GET'],
  '/api/kernels/{kernelId}/interrupt': ['POST'],
  '/api/kernels/{kernelId}/restart': ['POST'],
  '/api/sessions': ['GET', 'POST'],
  '/api/sessions/{sessionId}': ['GET', 'PATCH', 'DELETE'],
  '/api/events': ['GET'],
  '/api/timeline': ['GET'],
  '/api/charts/{chart}': ['GET'],
  '/metrics': ['GET'],
};
/** Documented, but not as one address of which each method is asked. */
const OTHERS = ['/api/kernels/{kernelId}/channels', '/kernelspecs/{name}/{*}'];

interface Operation {
  summary?: string;
  tags?: string[];
  parameters?: { name: string; in: string; required?: boolean }[];
  requestBody?: { required?: boolean };
  responses: Record<string, { description?: string }>;
}

interface OpenApi {
  openapi: string;
  info: { title: string; version: string };
  paths: Record<string, Record<string, Operation>>;
}

async function document(): Promise<OpenApi> {
  const { app } = await testGateway();
  return (await app.inject('/api/openapi.json')).json();
}

describe('the OpenAPI document', () => {
  it('describes every route, and nothing else', async () => {
    const { paths } = await document();
    const described = Object.entries(paths).map(([path, operations]) => [
      path,
      Object.keys(operations)
        .map((method) => method.toUpperCase())
        .toSorted(),
    ]);
    const expected = Object.entries(ROUTES).map(([path, methods]) => [path, methods.toSorted()]);
    expect(Object.fromEntries(described)).toMatchObject(Object.fromEntries(expected));
    expect(Object.keys(paths).toSorted()).toEqual([...Object.keys(ROUTES), ...OTHERS].toSorted());
  });

  it('is valid OpenAPI', async () => {
    const { valid, errors } = await new Validator().validate({ ...(await document()) });
    expect(errors).toBeUndefined();
    expect(valid).toBe(true);
  });

  it('asks for a body only where there must be one', async () => {
    const { paths } = await document();
    expect(paths['/api/kernels']?.['post']?.requestBody).toMatchObject({ required: false });
    expect(paths['/api/sessions']?.['post']?.requestBody).toMatchObject({ required: true });
  });

  it('says of each operation what it is for and what it answers', async () => {
    const { openapi, info, paths } = await document();
    expect(openapi).toMatch(/^3\.\d+\.\d+$/);
    expect(info).toMatchObject({ title: 'Kernelgate', version: expect.any(String) });
    for (const [path, operations] of Object.entries(paths)) {
      for (const operation of Object.values(operations)) {
        expect(operation.summary, path).toBeTruthy();
        expect(operation.tags, path).toHaveLength(1);
        for (const [status, { description }] of Object.entries(operation.responses)) {
          expect(status).toMatch(/^([1-5]\d\d|[1-5]XX|default)$/);
          expect(description).toBeTypeOf('string');
        }
      }
    }
  });

  it('names the parameters of each path', async () => {
    const { paths } = await document();
    for (const [path, operations] of Object.entries(paths)) {
      const inPath = [...path.matchAll(/\{(.+?)\}/g)].map(([, name]) => name).toSorted();
      for (const { parameters = [] } of Object.values(operations)) {
        const named = parameters.filter((parameter) => parameter.in === 'path');
        expect(named.map(({ name }) => name).toSorted(), path).toEqual(inPath);
        expect(
          named.every(({ required }) => required),
          path,
        ).toBe(true);
      }
    }
  });

  it.each(['/api/openapi.yaml', '/api/swagger.yaml', '/api/swagger.json'])(
    'is served at %s too',
    async (url) => {
      const { app } = await testGateway();
      const { statusCode, body } = await app.inject(url);
      expect(statusCode).toBe(200);
      expect(body).toContain('/api/kernels/{kernelId}');
    },
  );
});

describe('a method', () => {
  const cases = Object.entries(ROUTES).flatMap(([path, methods]) =>
    METHODS.filter(
      (method) => !methods.includes(method) && !(method === 'HEAD' && methods.includes('GET')),
    ).map((method) => [method, path, methods] as const),
  );

  it('that an address does not have is answered with those that it has', async () => {
    const { app } = await testGateway();
    for (const [method, path, methods] of cases) {
      const { statusCode, headers, body } = await app.inject({ method, url: path.replace(/\{.+?\}/, 'x') });
      expect(statusCode, `${method} ${path}`).toBe(405);
      expect(String(headers['allow']).split(', ').toSorted()).toEqual(['OPTIONS', ...methods].toSorted());
      if (method !== 'HEAD') expect(JSON.parse(body).message).toBe(`${method} is not possible here.`);
    }
  });

  it.each(['/api', '/api/kernels', '/api/kernelspecs'])(
    'HEAD is answered like GET, without a body: %s',
    async (url) => {
      const { app } = await testGateway();
      const { statusCode, body } = await app.inject({ method: 'HEAD', url });
      expect([statusCode, body]).toEqual([200, '']);
    },
  );
});
