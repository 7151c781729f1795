/** The OpenAPI document, made from the routes' schemas; also where the peers serve theirs. */
import type { FastifyDynamicSwaggerOptions } from '@fastify/swagger';
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

type Transform = NonNullable<FastifyDynamicSwaggerOptions['transformObject']>;
type Document = Extract<Parameters<Transform>[0], { openapiObject: unknown }>['openapiObject'];

/** A request whose body may be null may have none at all, which its schema can't say. */
export function withOptionalBodies(documents: Parameters<Transform>[0]): Document {
  if (!('openapiObject' in documents)) throw new Error('the routes describe themselves by OpenAPI 3');
  const document = documents.openapiObject;
  for (const path of Object.values(document.paths ?? {})) {
    const body = path?.post?.requestBody;
    if (body === undefined || !('content' in body)) continue;
    const schema = body.content?.['application/json']?.schema;
    const types: unknown = schema !== undefined && 'type' in schema ? schema.type : null;
    if (Array.isArray(types) && types.includes('null')) body.required = false;
  }
  return document;
}
