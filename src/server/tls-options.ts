/** TLS as the settings ask for it. */
import { readFile } from 'node:fs/promises';
import type { ServerOptions } from 'node:https';
import type { Settings } from '../adapters/config/settings.ts';

/** `ssl.PROTOCOL_TLSv1_2` of Python, whose numbers the option takes. */
const TLS_1_2_ONLY = 5;

/** Null without a certificate. A client CA makes client certificates mandatory. */
export async function tlsOptions({
  certfile,
  keyfile,
  clientCa,
  sslVersion,
}: Settings): Promise<ServerOptions | null> {
  if (!certfile) return null;
  return {
    cert: await readFile(certfile),
    key: await readFile(keyfile || certfile),
    minVersion: 'TLSv1.2',
    ...(sslVersion === TLS_1_2_ONLY ? { maxVersion: 'TLSv1.2' as const } : {}),
    ...(clientCa ? { ca: await readFile(clientCa), requestCert: true, rejectUnauthorized: true } : {}),
  };
}
