/** Routes of one address: a method that it does not have is answered by 405, with those that it has. */
import type { HTTPMethods } from 'fastify';
import type { App } from '../fastify-app.ts';
import { HttpError } from '../http-error.ts';

const METHODS: HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'];

/** Refuses all other methods than `allowed` at `url`. */
export function refuseOtherMethods(app: App, url: string, allowed: HTTPMethods[]): void {
  const others = METHODS.filter(
    (method) => !allowed.includes(method) && !(method === 'HEAD' && allowed.includes('GET')),
  );
  app.route({
    method: others,
    url,
    schema: { hide: true },
    handler: (request, reply) => {
      reply.header('allow', ['OPTIONS', ...allowed].join(', '));
      throw new HttpError(
        405,
        `${request.method} is not possible here.`,
        `Possible are: ${allowed.join(', ')}.`,
      );
    },
  });
}
