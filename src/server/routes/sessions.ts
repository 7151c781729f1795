/** `/api/sessions`: documents and the kernels that they work with. */

import type { FastifyRequest } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { RequestError } from '../../machines/request-error.ts';
import type { App } from '../fastify-app.ts';
import { HttpError, unknownKernel } from '../http-error.ts';
import type { Services } from '../services.ts';
import type { Session } from '../sessions.ts';
import { checkListing, launch } from './kernels.ts';
import { refuseOtherMethods } from './resource.ts';
import {
  ERRORS,
  NoContent,
  SessionBody,
  SessionId,
  SessionList,
  Session as SessionSchema,
} from './schemas.ts';

const tags = ['sessions'];

type Body = FromSchema<typeof SessionBody>;

export function sessionRoutes(app: App, services: Services): void {
  const { sessions, kernels } = services;

  /** Jupyter's session model; `notebook` as older clients expect it. */
  const modelOf = ({ id, path, name, type, kernelId }: Session) => ({
    id,
    path,
    name,
    type,
    notebook: { path, name },
    kernel: kernels.model(kernelId),
  });

  app.get(
    '/api/sessions',
    {
      schema: { tags, summary: 'List all sessions', response: { 200: SessionList, ...ERRORS } },
    },
    () => {
      checkListing(services);
      return sessions
        .list()
        .filter(({ kernelId }) => kernels.find(kernelId) !== undefined)
        .map(modelOf);
    },
  );

  app.post(
    '/api/sessions',
    {
      schema: {
        tags,
        summary: 'Start a session',
        body: SessionBody,
        response: { 201: SessionSchema, ...ERRORS },
      },
    },
    async (request, reply) => {
      const { path, type, name } = documentOf(request.body);
      const session = await sessions.findOrStart(path, type, async () => {
        const kernelId = await kernelFor(services, request, request.body);
        if (kernels.find(kernelId) === undefined) throw unknownKernel(kernelId);
        return { path, type, name, kernelId };
      });
      return reply
        .code(201)
        .header('location', `${app.prefix}/api/sessions/${session.id}`)
        .send(modelOf(session));
    },
  );
  refuseOtherMethods(app, '/api/sessions', ['GET', 'POST']);

  app.get(
    '/api/sessions/:sessionId',
    {
      schema: {
        tags,
        summary: 'One session',
        params: SessionId,
        response: { 200: SessionSchema, ...ERRORS },
      },
    },
    (request) => modelOf(sessions.get(request.params.sessionId)),
  );

  app.patch(
    '/api/sessions/:sessionId',
    {
      schema: {
        tags,
        summary: 'Rename a session, or give it another kernel',
        params: SessionId,
        body: SessionBody,
        response: { 200: SessionSchema, ...ERRORS },
      },
    },
    async (request) => {
      const session = sessions.get(request.params.sessionId);
      const { body } = request;
      const change: Partial<Session> = {};
      const path = body.path ?? body.notebook?.path;
      if (path !== undefined) change.path = path;
      if (typeof body.name === 'string') change.name = body.name;
      if (body.type !== undefined) change.type = body.type;
      if (body.kernel?.id || body.kernel?.name) {
        change.kernelId = await kernelFor(services, request, body);
      }
      const updated = await sessions.update(session, change);
      const isLeft = updated.kernelId !== session.kernelId && !sessions.list().some(sameKernel(session));
      if (isLeft && kernels.find(session.kernelId) !== undefined) await kernels.shutdown(session.kernelId);
      return modelOf(updated);
    },
  );

  app.delete(
    '/api/sessions/:sessionId',
    {
      schema: {
        tags,
        summary: 'End a session and its kernel',
        params: SessionId,
        response: { 204: NoContent, ...ERRORS },
      },
    },
    async (request, reply) => {
      const session = sessions.get(request.params.sessionId);
      await sessions.delete(session.id);
      const isLast = !sessions.list().some(sameKernel(session));
      if (isLast && kernels.find(session.kernelId) !== undefined) await kernels.shutdown(session.kernelId);
      return reply.code(204).send(null);
    },
  );
  refuseOtherMethods(app, '/api/sessions/:sessionId', ['GET', 'PATCH', 'DELETE']);
}

function sameKernel({ kernelId }: Session) {
  return (other: Session) => other.kernelId === kernelId;
}

/** @throws RequestError `INVALID_REQUEST` */
function documentOf(body: Body): { path: string; type: string; name: string } {
  const path = body.path ?? body.notebook?.path;
  if (path === undefined) throw missing('path', 'the path of the document');
  const type = body.type ?? (body.notebook === undefined ? undefined : 'notebook');
  if (type === undefined) throw missing('type', 'the kind of document, such as notebook or console');
  return { path, type, name: body.name ?? '' };
}

function missing(field: string, what: string): RequestError {
  return new RequestError(
    'INVALID_REQUEST',
    `body/${field}: is missing; it must be ${what}.`,
    'Correct the request.',
  );
}

/**
 * The kernel that is asked for, launched if need be.
 *
 * @throws HttpError 501 for an unknown kernelspec, which is what Jupyter clients know it by
 */
async function kernelFor(
  services: Services,
  request: FastifyRequest,
  { kernel, env }: Body,
): Promise<string> {
  if (kernel?.id) return services.kernels.model(kernel.id).id;
  try {
    return (await launch(services, request, kernel?.name ?? undefined, env)).id;
  } catch (error) {
    if (!(error instanceof RequestError) || error.code !== 'UNKNOWN_KERNELSPEC') throw error;
    throw new HttpError(501, `${error.message} ${error.hint}`, error.hint, { short_message: error.message });
  }
}
