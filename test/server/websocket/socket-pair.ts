/** A client's socket, and the client, which is a real WebSocket over TCP. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { chooseSubprotocol, OutgoingMessage } from '../../../src/server/websocket/client-protocol.ts';
import { ClientSocket, type ClientSocketOptions } from '../../../src/server/websocket/client-socket.ts';
import { kernelMessage } from '../../adapters/channels/kernel-messages.ts';
import { Mailbox } from '../../adapters/channels/mailbox.ts';

export interface PairOptions extends Partial<ClientSocketOptions> {
  subprotocols?: string[];
  /** False: the client leaves pings unanswered. */
  autoPong?: boolean;
  onFrame?: (text: string) => void;
}

export async function pair({ subprotocols = [], autoPong = true, onFrame, ...options }: PairOptions = {}) {
  const http = createServer();
  const server = new WebSocketServer({
    server: http,
    perMessageDeflate: false,
    handleProtocols: chooseSubprotocol,
  });
  const calls = new Mailbox<string>();
  const made = new Promise<{ socket: ClientSocket; stream: Socket }>((resolve) => {
    server.on('connection', (ws, request) => {
      const stream = request.socket;
      const socket = new ClientSocket(
        ws,
        stream,
        { bufferSize: 100_000, pingInterval: 0, ...options },
        {
          frame: (data) => {
            calls.push(`frame ${data}`);
            onFrame?.(String(data));
          },
          drained: () => calls.push('drained'),
          closed: () => calls.push('closed'),
          failed: (error) => calls.push(`failed ${error.message}`),
        },
      );
      resolve({ socket, stream });
    });
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  const { port } = http.address() as AddressInfo;
  const client = new WebSocket(`ws://127.0.0.1:${port}`, subprotocols, {
    autoPong,
    perMessageDeflate: false,
  });
  onTestFinished(() => {
    client.terminate();
    http.closeAllConnections();
    http.close();
  });
  const received = new Mailbox<{ data: Buffer; binary: boolean }>();
  const events = new Mailbox<string>();
  client.on('message', (data, binary) => received.push({ data: data as Buffer, binary }));
  client.on('ping', () => events.push('ping'));
  client.on('close', (code, reason) => events.push(`close ${code} ${reason}`));
  await once(client, 'open');
  return { ...(await made), client, calls, received, events };
}

export function stream(text: string, buffers: Buffer[] = []): OutgoingMessage {
  return new OutgoingMessage({ ...kernelMessage('iopub', 'stream', { text }), buffers });
}
