/** The gateway's token: in the query, or in the Authorization header as `token` or `Bearer`. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Settings } from '../../adapters/config/settings.ts';
import type { App } from '../fastify-app.ts';
import { HttpError } from '../http-error.ts';
import type { Services } from '../services.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The setting that opens this route to everyone. */
    opensBy?: 'metricsPublic' & keyof Settings;
  }
}

const SCHEME = /^(?:token|bearer)\s+(.*)$/i;

export function requireToken(app: App, { settings }: Services): void {
  app.addHook('onRequest', async (request) => {
    const { authToken } = settings();
    if (authToken === '' || request.method === 'OPTIONS') return;
    const { opensBy } = request.routeOptions.config;
    if (opensBy !== undefined && settings()[opensBy]) return;
    const given = tokenOf(request);
    if (given !== null && isEqual(given, authToken)) return;
    throw new HttpError(
      401,
      given === null ? 'A token is required.' : 'The token is wrong.',
      'Send "Authorization: token …", "Authorization: Bearer …" or ?token=….',
    );
  });
}

/** The query wins over the header. */
function tokenOf(request: FastifyRequest): string | null {
  const { token } = request.query as { token?: string | string[] };
  if (typeof token === 'string') return token;
  return SCHEME.exec(request.headers.authorization ?? '')?.[1]?.trim() ?? null;
}

/** In a time that tells nothing of either. */
function isEqual(given: string, expected: string): boolean {
  return timingSafeEqual(digest(given), digest(expected));
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
