/** `/api/kernels/{id}/channels`: a client's WebSocket to its kernel. */
import type { FastifyRequest } from 'fastify';
import type { App } from '../fastify-app.ts';
import { HttpError, printable } from '../http-error.ts';
import type { Services } from '../services.ts';
import { ClientSocket } from '../websocket/client-socket.ts';
import { refuseOtherMethods } from './resource.ts';
import { ChannelsQuery, KernelId } from './schemas.ts';

const SESSION_ID = /^[\x21-\x7e]{1,256}$/;

export function channelRoutes(app: App, services: Services): void {
  const { kernels, relays, settings } = services;

  app.route<{ Params: { kernelId: string }; Querystring: { session_id?: string } }>({
    method: 'GET',
    url: '/api/kernels/:kernelId/channels',
    schema: {
      tags: ['kernels'],
      summary: 'WebSocket to a kernel',
      params: KernelId,
      querystring: ChannelsQuery,
    },
    // The 101 is held until the kernel answers, so that a client's first messages are not lost.
    preHandler: async (request: FastifyRequest<{ Params: { kernelId: string } }>) => {
      sessionIdOf(request);
      await kernels.untilConnectable(request.params.kernelId);
    },
    handler: () => {
      throw new HttpError(426, 'This address speaks WebSocket only.', 'Connect by WebSocket.');
    },
    wsHandler: (ws, request) => {
      const { kernelId } = request.params as { kernelId: string };
      const relay = relays.get(kernelId);
      if (relay === undefined) {
        ws.close(1000, 'The kernel was shut down');
        return;
      }
      const { wsClientBufferSize, wsPingInterval } = settings();
      const options = { bufferSize: wsClientBufferSize, pingInterval: wsPingInterval * 1000 };
      relay.join(sessionIdOf(request), (listener) => {
        const failed = (error: Error) =>
          request.log.error({ err: error, kernelId }, 'a WebSocket message failed');
        return new ClientSocket(ws, request.raw.socket, options, { ...listener, failed });
      });
    },
  });
  refuseOtherMethods(app, '/api/kernels/:kernelId/channels', ['GET']);
}

/** Null when the client gave none. @throws HttpError 400 */
function sessionIdOf(request: FastifyRequest): string | null {
  const { session_id: sessionId } = request.query as { session_id?: string };
  if (sessionId === undefined || sessionId === '') return null;
  if (SESSION_ID.test(sessionId)) return sessionId;
  throw new HttpError(
    400,
    `session_id: is "${printable(sessionId)}", must be 1 to 256 printable ASCII characters.`,
    'Correct the request.',
  );
}
