import { describe, expect, it } from 'vitest';
import { testGateway } from './test-gateway.ts';

const HERE = 'gateway.example:8888';

async function statusFor(origin: string | undefined, allowOrigin = '', url = '/api') {
  const { app } = await testGateway({ settings: { allowOrigin } });
  const headers = origin === undefined ? { host: HERE } : { host: HERE, origin };
  return (await app.inject({ url, headers })).statusCode;
}

describe('a request', () => {
  it.each([
    ['without an origin', undefined, ''],
    ['from its own origin', `http://${HERE}`, ''],
    ['from its own origin behind a proxy', `https://${HERE.toUpperCase()}`, ''],
    ['from the origin that is allowed', 'https://lab.example', 'https://lab.example'],
    ['from anywhere, when anyone is allowed', 'https://evil.example', '*'],
  ])('is answered %s', async (_how, origin, allowOrigin) => {
    expect(await statusFor(origin, allowOrigin)).toBe(200);
  });

  it.each([
    ['from another host', 'https://evil.example', ''],
    ['from another port', 'http://gateway.example:9999', ''],
    ['from a part of the origin that is allowed', 'https://lab.example', 'https://lab.example:8000'],
    ['from a host that begins alike', `http://${HERE}.evil.example`, ''],
    ['from nowhere', 'null', ''],
    ['from what is no origin', 'x', ''],
  ])('is not answered %s', async (_how, origin, allowOrigin) => {
    expect(await statusFor(origin, allowOrigin)).toBe(404);
  });
});

it('any origin may ask beforehand; the headers tell it what is allowed', async () => {
  const { app } = await testGateway();
  const headers = { host: HERE, origin: 'https://evil.example' };
  expect((await app.inject({ method: 'OPTIONS', url: '/api/kernels', headers })).statusCode).toBe(204);
});

describe('the headers for browsers', () => {
  const settings = {
    allowOrigin: 'https://lab.example',
    allowMethods: 'GET, POST',
    allowHeaders: 'Authorization',
    allowCredentials: 'true',
    exposeHeaders: 'Location',
    maxAge: '600',
  };
  const expected = {
    'access-control-allow-origin': 'https://lab.example',
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-headers': 'Authorization',
    'access-control-allow-credentials': 'true',
    'access-control-expose-headers': 'Location',
    'access-control-max-age': '600',
  };

  it.each([
    ['GET', '/api', 200],
    ['OPTIONS', '/api/kernels', 204],
    ['OPTIONS', '/anything/at/all', 204],
    ['GET', '/nothing', 404],
    ['PUT', '/api/kernels', 405],
  ] as const)('are those of the settings on every answer: %s %s', async (method, url, status) => {
    const { app } = await testGateway({ settings });
    const response = await app.inject({ method, url });
    expect(response.statusCode).toBe(status);
    expect(response.headers).toMatchObject(expected);
  });

  it('are none when none are set', async () => {
    const { app } = await testGateway();
    const { headers } = await app.inject('/api');
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
  });
});
