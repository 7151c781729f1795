/** `/api/kernelspecs`, and the files beside a kernelspec: its logos. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import mime from 'mime';
import { resourceFile } from '../../adapters/kernelspecs/kernelspec-resources.ts';
import type { KernelSpec } from '../../machines/ports.ts';
import type { App } from '../fastify-app.ts';
import { HttpError, printable } from '../http-error.ts';
import { checkUser, defaultKernelName, visibleKernelspec, visibleKernelspecs } from '../kernelspec-access.ts';
import type { Services } from '../services.ts';
import { refuseOtherMethods } from './resource.ts';
import { ERRORS, KernelName, KernelResource, KernelSpecEntry, KernelSpecList, UserQuery } from './schemas.ts';

const tags = ['kernelspecs'];

export function kernelspecRoutes(app: App, services: Services): void {
  const entryOf = ({ name, spec, resources }: KernelSpec) => ({
    name,
    spec,
    resources: Object.fromEntries(
      Object.entries(resources).map(([key, file]) => [
        key,
        `${app.prefix}/kernelspecs/${encodeURIComponent(name)}/${encodeURI(file)}`,
      ]),
    ),
  });

  app.get(
    '/api/kernelspecs',
    {
      schema: {
        tags,
        summary: 'List the kernelspecs on offer',
        querystring: UserQuery,
        response: { 200: KernelSpecList, ...ERRORS },
      },
    },
    async (request) => {
      const visible = await visibleKernelspecs(services, request.query.user);
      return {
        default: defaultKernelName(services),
        kernelspecs: Object.fromEntries(visible.map((kernelspec) => [kernelspec.name, entryOf(kernelspec)])),
      };
    },
  );
  refuseOtherMethods(app, '/api/kernelspecs', ['GET']);

  app.get(
    '/api/kernelspecs/:name',
    {
      schema: {
        tags,
        summary: 'One kernelspec',
        params: KernelName,
        querystring: UserQuery,
        response: { 200: KernelSpecEntry, ...ERRORS },
      },
    },
    async (request) => {
      const kernelspec = await visibleKernelspec(services, request.params.name);
      const { user } = request.query;
      if (user !== undefined) checkUser(services, kernelspec, user);
      return entryOf(kernelspec);
    },
  );
  refuseOtherMethods(app, '/api/kernelspecs/:name', ['GET']);

  app.get(
    '/kernelspecs/:name/*',
    {
      schema: {
        tags,
        summary: 'A file of a kernelspec, such as its logo',
        params: KernelResource,
      },
    },
    async (request, reply) => {
      const { name, '*': fileName } = request.params;
      const kernelspec = await visibleKernelspec(services, name);
      const file = await resourceFile(kernelspec, fileName);
      if (file === null) {
        throw new HttpError(
          404,
          `Kernel ${kernelspec.name} has no file ${printable(fileName)}.`,
          'Not Found',
        );
      }
      const bytes = await readFile(file.path);
      const etag = `"${createHash('sha256').update(bytes).digest('base64url').slice(0, 27)}"`;
      reply.header('etag', etag).header('x-content-type-options', 'nosniff');
      if (isSame(request.headers['if-none-match'], etag)) return reply.code(304).send();
      return reply.type(mime.getType(file.path) ?? 'application/octet-stream').send(bytes);
    },
  );
  refuseOtherMethods(app, '/kernelspecs/:name/*', ['GET']);
}

/** RFC 9110 section 13.1.2. */
function isSame(ifNoneMatch: string | undefined, etag: string): boolean {
  const known = ifNoneMatch?.split(',').map((tag) => tag.trim().replace(/^W\//, '')) ?? [];
  return known.includes(etag) || known.includes('*');
}
