import { once } from 'node:events';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { kernelMessage } from '../adapters/channels/kernel-messages.ts';
import { defaultData } from '../adapters/channels/websocket-data.ts';
import { testGateway } from './test-gateway.ts';

it('a gateway that leaves its kernels running fails no request', async () => {
  const { app, listen, gateway, world } = await testGateway();
  const { id } = (await app.inject({ method: 'POST', url: '/api/kernels' })).json();
  const client = new WebSocket(`ws://127.0.0.1:${await listen()}/api/kernels/${id}/channels?session_id=a`);
  await once(client, 'open');
  const received: string[] = [];
  client.on('message', (data) => received.push(JSON.parse(String(data)).msg_type));
  client.send(defaultData(kernelMessage('shell', 'execute_request')).data.toString());
  while (world.links.get(id)?.sent.length === 0) await new Promise(setImmediate);
  gateway.send({ type: 'drain', leave: true });
  await once(client, 'close');
  expect(received).toEqual([]);
});

it('405 at the address of the WebSocket', async () => {
  const { app } = await testGateway();
  const { statusCode, headers } = await app.inject({ method: 'POST', url: '/api/kernels/x/channels' });
  expect([statusCode, headers['allow']]).toEqual([405, 'OPTIONS, GET']);
});
