/** Launches that were refused before there was a kernel: no actor tells of them, only the request does. */
import type { FastifyRequest } from 'fastify';
import { RequestError } from '../../machines/request-error.ts';
import type { App } from '../fastify-app.ts';
import type { Noticeboard } from './noticeboard.ts';

/** Characters of what a client sent. */
const LONGEST = 200;

export function followRefusals(app: App, board: Noticeboard): void {
  app.addHook('onError', async (request, _reply, error: unknown) => {
    if (!(error instanceof RequestError) || !isLaunch(request)) return;
    const { code, message, hint } = error;
    board.refused({ ...askedFor(request.body), code, message, hint });
  });
}

function isLaunch({ method, routeOptions }: FastifyRequest): boolean {
  return method === 'POST' && /\/api\/(?:kernels|sessions)$/.test(routeOptions.url ?? '');
}

function askedFor(body: unknown): { kernel_name: string | null; username: string | null } {
  const { name, kernel, env } = membersOf(body);
  return {
    kernel_name: text(membersOf(kernel)['name'] ?? name),
    username: text(membersOf(env)['KERNEL_USERNAME']),
  };
}

function membersOf(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value !== '' ? value.slice(0, LONGEST) : null;
}
