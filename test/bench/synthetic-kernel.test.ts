import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Dealer, Request, Subscriber } from 'zeromq';
import { DirectConnection } from './client/direct-connection.ts';
import { KernelClient } from './client/kernel-client.ts';
import { openWebSocket } from './client/websocket-connection.ts';
import { type BridgeProcess, startBridge } from './processes/bridge-process.ts';
import { Cleanup } from './processes/cleanup.ts';
import { type KernelProcess, prepareKernel } from './processes/kernel-process.ts';
import { type ConnectionFile, channelAddress } from './protocol/connection-file.ts';
import {
  MalformedMessageError,
  MessageSigner,
  MessageSource,
  parseParts,
  splitFrames,
  toFrames,
} from './protocol/message.ts';
import { parseCommand, UnknownCommandError } from './synthetic-output.ts';

const timeoutMs = 20_000;

let cleanup: Cleanup;
let directory: string;

beforeEach(async () => {
  cleanup = new Cleanup();
  directory = await mkdtemp(join(tmpdir(), 'synthetic-kernel-'));
  cleanup.add(() => rm(directory, { recursive: true, force: true }));
});

afterEach(() => cleanup.run());

describe('the synthetic kernel', { timeout: 60_000 }, () => {
  it('answers an execute_request with busy, reply and idle', async () => {
    const client = await connect(await startKernel());
    await expect(client.roundTrip(timeoutMs)).resolves.toBeGreaterThan(0);
  });

  it('sends every stream message that was asked for', async () => {
    const client = await connect(await startKernel());
    const result = await client.flood('stream 3000 80', timeoutMs);
    expect(result).toMatchObject({ received: 3000, payloadBytes: 3000 * 80 });
  });

  it('sends every buffer and every long text that was asked for', async () => {
    const client = await connect(await startKernel());
    const buffers = await client.flood('buffers 5 1000000', timeoutMs);
    expect(buffers).toMatchObject({ received: 5, payloadBytes: 5_000_000 });
    const texts = await client.flood('data 7 100000', timeoutMs);
    expect(texts).toMatchObject({ received: 7, payloadBytes: 700_000 });
  });

  it('says what it understands when code is none of its commands', async () => {
    const client = await connect(await startKernel());
    await expect(client.flood('print(1)', timeoutMs)).rejects.toThrow('stream N SIZE');
  });

  it('signs each message of a flood, and gives each an id of its own', async () => {
    const kernel = await startKernel();
    await connect(kernel);
    const messages = await takeFlood(kernel, 'stream 50 10', 50);
    const signer = new MessageSigner(kernel.connection.key);
    for (const message of messages) {
      expect(() => signer.verify(message)).not.toThrow();
    }
    expect(new Set(messages.map(({ signature }) => signature.toString())).size).toBe(50);
    expect(() => new MessageSigner('another key').verify(messages[0] ?? splitFrames([]))).toThrow(
      MalformedMessageError,
    );
  });

  it('answers no request that is signed with another key', async () => {
    const { connection } = await startKernel();
    const shell = openDealer(connection, 'shell');
    const source = new MessageSource('test');
    const forged = source.create('kernel_info_request', {});
    const genuine = source.create('kernel_info_request', {});
    await shell.send(toFrames(forged, new MessageSigner('another key')));
    await shell.send(toFrames(genuine, new MessageSigner(connection.key)));
    const reply = splitFrames(await shell.receive());
    const { parent_header } = parseParts(reply.parts, []);
    expect(parent_header.msg_id).toBe(genuine.header.msg_id);
  });

  it('echoes heartbeats, and ends after a shutdown_request', async () => {
    const kernel = await startKernel();
    const heartbeat = new Request({ linger: 0, receiveTimeout: timeoutMs });
    cleanup.add(() => heartbeat.close());
    heartbeat.connect(channelAddress(kernel.connection, 'hb'));
    await heartbeat.send('ping');
    expect(String(await heartbeat.receive())).toBe('ping');

    const reply = await request(kernel, 'control', 'shutdown_request', { restart: false });
    expect(reply).toMatchObject({ header: { msg_type: 'shutdown_reply' }, content: { status: 'ok' } });
    await expect(kernel.ended).resolves.toBe(0);
  });
});

describe('the bare bridge', { timeout: 60_000 }, () => {
  it.each(['v1', 'default'] as const)('carries texts and buffers unharmed under %s', async (protocol) => {
    const kernel = await startKernel();
    const bridge = await openBridge(kernel);
    const client = new KernelClient(await openWebSocket(bridge.channelsUrl, protocol));
    cleanup.add(() => client.close());
    await client.waitUntilReady(timeoutMs);
    const lines = await client.flood('stream 500 80', timeoutMs);
    expect(lines).toMatchObject({ received: 500, payloadBytes: 500 * 80 });
    const buffers = await client.flood('buffers 3 1000000', timeoutMs);
    expect(buffers).toMatchObject({ received: 3, payloadBytes: 3_000_000 });
  });
});

describe('parseCommand', () => {
  it('reads the commands', () => {
    expect(parseCommand('echo')).toEqual({ kind: 'echo' });
    expect(parseCommand('')).toEqual({ kind: 'echo' });
    expect(parseCommand('stream 10 80')).toEqual({ kind: 'stream', count: 10, size: 80 });
  });

  it.each(['print(1)', 'stream', 'stream -1 5', 'stream 300000 1', 'buffers 1 999999999', 'data 1'])(
    'refuses %j',
    (code) => {
      expect(() => parseCommand(code)).toThrow(UnknownCommandError);
    },
  );
});

async function startKernel(): Promise<KernelProcess> {
  const kernel = (await prepareKernel(directory)).start();
  cleanup.add(() => kernel.stop());
  return kernel;
}

async function openBridge(kernel: KernelProcess): Promise<BridgeProcess> {
  const bridge = await startBridge(kernel.connectionFile);
  cleanup.add(() => bridge.stop());
  return bridge;
}

async function connect(kernel: KernelProcess): Promise<KernelClient> {
  const client = new KernelClient(new DirectConnection(kernel.connection));
  cleanup.add(() => client.close());
  await client.waitUntilReady(timeoutMs);
  return client;
}

function openDealer(connection: ConnectionFile, channel: 'shell' | 'control'): Dealer {
  const socket = new Dealer({ linger: 0, receiveTimeout: timeoutMs });
  cleanup.add(() => socket.close());
  socket.connect(channelAddress(connection, channel));
  return socket;
}

async function request(
  kernel: KernelProcess,
  channel: 'shell' | 'control',
  msgType: string,
  content: object,
) {
  const socket = openDealer(kernel.connection, channel);
  const message = new MessageSource('test').create(msgType, { ...content });
  await socket.send(toFrames(message, new MessageSigner(kernel.connection.key)));
  const raw = splitFrames(await socket.receive());
  return parseParts(raw.parts, raw.buffers);
}

/** The raw stream messages of one execution. */
async function takeFlood(kernel: KernelProcess, code: string, count: number) {
  const iopub = new Subscriber({ linger: 0, receiveTimeout: 200 });
  cleanup.add(() => iopub.close());
  iopub.subscribe();
  iopub.connect(channelAddress(kernel.connection, 'iopub'));
  await untilSubscribed(kernel, iopub);
  await request(kernel, 'shell', 'execute_request', { code });
  const messages = [];
  while (messages.length < count) {
    const message = splitFrames(await iopub.receive());
    if (message.identities[0]?.toString().endsWith('.stream')) {
      messages.push(message);
    }
  }
  return messages;
}

/** What is published before the subscription is up is lost: ask until something is heard. */
async function untilSubscribed(kernel: KernelProcess, iopub: Subscriber): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    await request(kernel, 'shell', 'kernel_info_request', {});
    try {
      await iopub.receive();
      return;
    } catch {
      // Nothing within the receive timeout: not subscribed yet.
    }
  }
  throw new Error('The subscription did not come up');
}
