/** Clients of one kernel of a gateway, as real WebSockets over TCP. */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import type { Settings } from '../../src/adapters/config/settings.ts';
import { Mailbox } from '../adapters/channels/mailbox.ts';
import { testGateway } from './test-gateway.ts';

interface ClientOptions {
  query?: string;
  subprotocols?: string[];
  headers?: Record<string, string>;
}

/** A gateway with one kernel, and clients for it. */
export async function withKernel(settings: Partial<Settings> = {}) {
  const gateway = await testGateway({ settings });
  const query = settings.authToken ? `?token=${settings.authToken}` : '';
  const launched = await gateway.app.inject({ method: 'POST', url: `/api/kernels${query}` });
  const port = await gateway.listen();
  const kernelId: string = launched.json().id;
  const open = (
    id = kernelId,
    { query: parameters = '', subprotocols = [], headers = {} }: ClientOptions = {},
  ) => {
    const client = new WebSocket(
      `ws://127.0.0.1:${port}/api/kernels/${id}/channels${parameters}`,
      subprotocols,
      { headers },
    );
    onTestFinished(() => {
      client.on('error', () => {}).terminate();
    });
    return client;
  };
  const connect = async (options: ClientOptions = {}) => {
    const client = open(kernelId, options);
    const received = new Mailbox<Buffer>();
    client.on('message', (data) => received.push(data as Buffer));
    await once(client, 'open');
    return { client, received, closed: once(client, 'close').then(([code, reason]) => `${code} ${reason}`) };
  };
  /** The answer in place of the upgrade. */
  const refused = async (id?: string, options?: ClientOptions) => {
    const [, response] = (await once(open(id, options), 'unexpected-response')) as [unknown, IncomingMessage];
    const body = Buffer.concat(await response.toArray()).toString();
    return [response.statusCode, JSON.parse(body).message];
  };
  const model = async () => (await gateway.app.inject(`/api/kernels/${kernelId}${query}`)).json();
  return { ...gateway, kernelId, open, connect, refused, model };
}
