/** `/api/sessions`: documents and the kernels that they work with. */

import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FromSchema } from 'json-schema-to-ts';
import { RequestError } from '../../machines/request-error.ts';
import type { App } from '../fastify-app.ts';
import { unknownKernel } from '../http-error.ts';
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
      const present = sessions.findByPath(path, type);
      if (present !== undefined) return created(reply, present);
      const kernelId = await kernelFor(services, request, request.body, reply);
      if (kernelId === null) return reply;
      const raced = sessions.findByPath(path, type);
      if (raced !== undefined && raced.kernelId !== kernelId) await kernels.shutdown(kernelId);
      if (kernels.find(kernelId) === undefined) throw unknownKernel(kernelId);
      return created(reply, raced ?? (await sessions.create({ path, type, name, kernelId })));
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
    async (request, reply) => {
      const session = sessions.get(request.params.sessionId);
      const { body } = request;
      const change: Partial<Session> = {};
      const path = body.path ?? body.notebook?.path;
      if (path !== undefined) change.path = path;
      if (typeof body.name === 'string') change.name = body.name;
      if (body.type !== undefined) change.type = body.type;
      if (body.kernel?.id || body.kernel?.name) {
        const kernelId = await kernelFor(services, request, body, reply);
        if (kernelId === null) return reply;
        change.kernelId = kernelId;
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

  function created(reply: FastifyReply, session: Session) {
    return reply
      .code(201)
      .header('location', `${app.prefix}/api/sessions/${session.id}`)
      .send(modelOf(session));
  }
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

/** The kernel that is asked for; null when the answer has been given already. */
async function kernelFor(
  services: Services,
  request: FastifyRequest,
  { kernel, env }: Body,
  reply: FastifyReply,
): Promise<string | null> {
  if (kernel?.id) return services.kernels.model(kernel.id).id;
  try {
    return (await launch(services, request, kernel?.name ?? undefined, env)).id;
  } catch (error) {
    if (!(error instanceof RequestError) || error.code !== 'UNKNOWN_KERNELSPEC') throw error;
    // What Jupyter clients know a missing kernelspec by.
    const { message, hint } = error;
    await reply
      .code(501)
      .send({ message: `${message} ${hint}`, short_message: message, reason: hint } as never);
    return null;
  }
}
