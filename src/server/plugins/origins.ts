/** Cross-origin requests: the configured headers, and what a foreign origin is answered. */
import type { TLSSocket } from 'node:tls';
import { checkServerIdentity } from 'node:tls';
import type { FastifyRequest } from 'fastify';
import type { Settings } from '../../adapters/config/settings.ts';
import type { App } from '../fastify-app.ts';
import { HttpError } from '../http-error.ts';
import type { Services } from '../services.ts';

const CORS_HEADERS: readonly (readonly [keyof Settings & string, string])[] = [
  ['allowCredentials', 'access-control-allow-credentials'],
  ['allowHeaders', 'access-control-allow-headers'],
  ['allowMethods', 'access-control-allow-methods'],
  ['allowOrigin', 'access-control-allow-origin'],
  ['exposeHeaders', 'access-control-expose-headers'],
  ['maxAge', 'access-control-max-age'],
];

export function guardOrigins(app: App, { settings }: Services): void {
  app.addHook('onRequest', async (request, reply) => {
    for (const [setting, header] of CORS_HEADERS) {
      const value = String(settings()[setting] ?? '');
      if (value !== '') reply.header(header, value);
    }
    checkClientCertificate(request, settings().authorizedOrigin);
    if (request.method !== 'OPTIONS' && !isOwnOrigin(request, settings().allowOrigin)) {
      throw new HttpError(
        request.ws ? 403 : 404,
        'Requests from this origin are not answered.',
        'The operator can allow an origin by EG_ALLOW_ORIGIN.',
      );
    }
  });
  app.options('/*', { schema: { hide: true } }, (_request, reply) => reply.code(204).send());
}

/** No `Origin` is sent by anything but browsers; one of the gateway's own host is not foreign. */
function isOwnOrigin({ headers, host }: FastifyRequest, allowOrigin: string): boolean {
  const { origin } = headers;
  if (origin === undefined || allowOrigin === '*' || origin === allowOrigin) return true;
  return URL.canParse(origin) && new URL(origin).host.toLowerCase() === host.toLowerCase();
}

/** `EG_AUTHORIZED_ORIGIN`: the host name that a client's certificate must be for. */
function checkClientCertificate({ raw }: FastifyRequest, authorizedOrigin: string): void {
  if (authorizedOrigin === '') return;
  const certificate = (raw.socket as Partial<TLSSocket>).getPeerCertificate?.();
  if (certificate?.subject !== undefined && checkServerIdentity(authorizedOrigin, certificate) === undefined)
    return;
  throw new HttpError(
    403,
    'The client certificate is not for the authorized origin.',
    'See EG_AUTHORIZED_ORIGIN.',
  );
}
