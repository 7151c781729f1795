/** The OpenAPI document, made from the routes' schemas; also where the peers serve theirs. */
import type { App } from '../fastify-app.ts';
import { refuseOtherMethods } from './resource.ts';

export function openapiRoutes(app: App): void {
  for (const url of ['/api/openapi.json', '/api/swagger.json']) {
    app.get(url, { schema: { hide: true } }, () => app.swagger());
    refuseOtherMethods(app, url, ['GET']);
  }
  for (const url of ['/api/openapi.yaml', '/api/swagger.yaml']) {
    app.get(url, { schema: { hide: true } }, (_request, reply) =>
      reply.type('text/x-yaml; charset=utf-8').send(app.swagger({ yaml: true })),
    );
    refuseOtherMethods(app, url, ['GET']);
  }
}
