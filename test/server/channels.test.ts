/** A client's WebSocket, from the upgrade to the kernel and back, over real TCP. */
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { decodeV1, V1_SUBPROTOCOL } from '../../src/adapters/channels/websocket-v1-codec.ts';
import { kernelMessage, typeOf } from '../adapters/channels/kernel-messages.ts';
import { v1Data } from '../adapters/channels/websocket-data.ts';
import { DEATH } from '../machines/samples.ts';
import { withKernel } from './kernel-clients.ts';

describe('a connection', () => {
  it.each([
    [[], ''],
    [[V1_SUBPROTOCOL], V1_SUBPROTOCOL],
    [['x', V1_SUBPROTOCOL], V1_SUBPROTOCOL],
  ])('speaks v1 when %j are offered: "%s"', async (subprotocols, chosen) => {
    const { connect } = await withKernel();
    const { client } = await connect({ subprotocols });
    expect(client.protocol).toBe(chosen);
  });

  it('carries messages both ways, as they are', async () => {
    const { connect, world, kernelId } = await withKernel();
    const { client, received } = await connect({ subprotocols: [V1_SUBPROTOCOL] });
    const request = kernelMessage('shell', 'execute_request', { code: '1' });
    client.send(v1Data(request));
    const reply = kernelMessage('shell', 'execute_reply', {}, request.header);
    const output = {
      ...kernelMessage('iopub', 'display_data', {}, request.header),
      buffers: [Buffer.from('b')],
    };
    const link = world.links.get(kernelId);
    while (link?.sent.length === 0) await new Promise(setImmediate);
    expect(link?.sent).toEqual([request]);
    for (const message of [output, reply]) world.says(kernelId, message);
    for (const message of [output, reply]) expect(await received.next()).toEqual(v1Data(message));
  });

  it('is counted in the model of the kernel', async () => {
    const { connect, model } = await withKernel();
    const { client } = await connect();
    await connect();
    expect(await model()).toMatchObject({ connections: 2 });
    client.close();
    while ((await model()).connections > 1) await new Promise(setImmediate);
  });

  it('is accepted only once the kernel answers', async () => {
    const { app, world, open } = await withKernel();
    world.isSilent = true;
    const [before] = world.links.keys();
    const launching = app.inject({ method: 'POST', url: '/api/kernels' });
    while (world.links.size === 1) await new Promise(setImmediate);
    const [id = ''] = [...world.links.keys()].filter((each) => each !== before);
    const client = open(id);
    for (let turn = 0; turn < 50; turn += 1) await new Promise(setImmediate);
    expect(client.readyState).toBe(WebSocket.CONNECTING);
    world.answer(id);
    await once(client, 'open');
    await launching;
  });

  it('stays while its kernel is restarted, and is told', async () => {
    const { app, connect, kernelId } = await withKernel();
    const { client, received } = await connect({ subprotocols: [V1_SUBPROTOCOL] });
    await app.inject({ method: 'POST', url: `/api/kernels/${kernelId}/restart` });
    const { message } = decodeV1(await received.next());
    expect(JSON.parse(message.content.toString())).toEqual({ execution_state: 'restarting' });
    expect(client.readyState).toBe(WebSocket.OPEN);
  });
});

describe('a connection is refused', () => {
  it('to a kernel that does not exist', async () => {
    const { refused } = await withKernel();
    expect(await refused('nope')).toEqual([404, 'Kernel does not exist: nope']);
  });

  it.each(['%0a', 'a%20b', 'x'.repeat(257), '%C3%A9'])(
    'with a session_id that is none: %s',
    async (sessionId) => {
      const { refused } = await withKernel();
      const [status, message] = await refused(undefined, { query: `?session_id=${sessionId}` });
      expect([status, message]).toEqual([
        400,
        expect.stringMatching(/^session_id: is ".*", must be 1 to 256 printable/),
      ]);
    },
  );

  it('without the token', async () => {
    const { refused, connect } = await withKernel({ authToken: 'secret' });
    expect(await refused()).toEqual([401, 'A token is required.']);
    await connect({ query: '?token=secret' });
    await connect({ headers: { authorization: 'token secret' } });
  });

  it('from another origin', async () => {
    const { refused, connect } = await withKernel();
    const headers = { origin: 'https://evil.example' };
    expect(await refused(undefined, { headers })).toEqual([
      403,
      'Requests from this origin are not answered.',
    ]);
    await connect();
  });
});

describe('a connection ends', () => {
  it('when its kernel is shut down', async () => {
    const { app, connect, kernelId } = await withKernel();
    const { closed } = await connect();
    await app.inject({ method: 'DELETE', url: `/api/kernels/${kernelId}` });
    expect(await closed).toBe('1000 The kernel was shut down');
  });

  it('when its kernel dies too often, with the reason, and pending requests are answered', async () => {
    const { connect, world, kernelId } = await withKernel();
    const { client, received, closed } = await connect({ subprotocols: [V1_SUBPROTOCOL] });
    client.send(v1Data(kernelMessage('shell', 'execute_request')));
    while (world.links.get(kernelId)?.sent.length === 0) await new Promise(setImmediate);
    world.refuseRestarts(DEATH);
    world.dies(kernelId, DEATH);
    expect(await closed).toBe('1011 The kernel died: The container was killed: out of memory.');
    const told = received.items.map((data) => decodeV1(data).message);
    expect(told.map((message) => typeOf({ ...message, channel: 'iopub' }))).toEqual([
      'stream',
      'execute_reply',
      'status',
      'status',
      // It could not be restarted: that is told too.
      'stream',
      'status',
    ]);
  });

  it('with a reason when the client sends what can not be understood', async () => {
    const { connect } = await withKernel();
    const { client, closed } = await connect();
    client.send('{"header":');
    expect(await closed).toMatch(/^1007 not valid JSON: expected a value at offset 10$/);
  });

  it('when one message is larger than allowed', async () => {
    const { connect } = await withKernel({ wsMaxMessageSize: 1024 });
    const { client, closed } = await connect();
    client.send('x'.repeat(1025));
    expect(await closed).toMatch(/^1009/);
  });

  it('when another one takes its place with the same session_id', async () => {
    const { connect } = await withKernel();
    const { closed } = await connect({ query: '?session_id=a' });
    const { client } = await connect({ query: '?session_id=a' });
    expect(await closed).toMatch(/^1008/);
    expect(client.readyState).toBe(WebSocket.OPEN);
  });

  it('when the gateway goes and leaves the kernel running', async () => {
    const { connect, gateway, kernelId, world } = await withKernel();
    const { closed } = await connect();
    gateway.send({ type: 'drain', leave: true });
    expect(await closed).toBe('1001 The gateway is going away; the kernel runs on');
    expect(world.kernelIds).toEqual([kernelId]);
  });
});
