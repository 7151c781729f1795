import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { OutgoingMessage } from '../../../src/server/websocket/client-protocol.ts';
import { ClientSocket } from '../../../src/server/websocket/client-socket.ts';
import { kernelMessage } from '../../adapters/channels/kernel-messages.ts';

it('a client that was behind by little is told to have caught up', async () => {
  const http = createServer();
  const server = new WebSocketServer({ server: http });
  http.listen(0);
  await once(http, 'listening');
  const client = new WebSocket(`ws://127.0.0.1:${(http.address() as AddressInfo).port}`);
  const [ws, request] = await once(server, 'connection');
  let drained = 0;
  const socket = new ClientSocket(
    ws,
    request.socket,
    { bufferSize: 1024, pingInterval: 0 },
    {
      frame() {},
      closed() {},
      failed() {},
      drained() {
        drained += 1;
      },
    },
  );
  await once(client, 'open');
  client.pause();
  // As the relay does: nothing is sent to a client that is behind.
  while (!socket.isBehind) {
    socket.send(new OutgoingMessage(kernelMessage('iopub', 'stream', { text: 'x'.repeat(2000) })));
    await new Promise(setImmediate);
  }
  client.resume();
  while (socket.isBehind) await new Promise(setImmediate);
  await new Promise((resolve) => setTimeout(resolve, 200));
  client.terminate();
  http.close();
  expect(drained).toBeGreaterThan(0);
});
