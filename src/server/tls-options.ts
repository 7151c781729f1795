/** TLS as the settings ask for it. */
import { readFile } from 'node:fs/promises';
import type { ServerOptions } from 'node:https';
import type { Settings } from '../adapters/config/settings.ts';

/** Null without a certificate. A client CA makes client certificates mandatory. */
export async function tlsOptions({ certfile, keyfile, clientCa }: Settings): Promise<ServerOptions | null> {
  if (!certfile) return null;
  return {
    cert: await readFile(certfile),
    key: await readFile(keyfile || certfile),
    minVersion: 'TLSv1.2',
    ...(clientCa ? { ca: await readFile(clientCa), requestCert: true, rejectUnauthorized: true } : {}),
  };
}
