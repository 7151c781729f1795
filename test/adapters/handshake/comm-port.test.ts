import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { sendShutdown, sendSignal } from '../../../src/adapters/handshake/comm-port.ts';
import {
  readChallenge,
  readConfirmation,
  signedRequest,
} from '../../../src/adapters/handshake/comm-port-codec.ts';
import { CommPortError } from '../../../src/adapters/handshake/comm-port-error.ts';
import type { ConnectionInfo } from '../../../src/machines/ports.ts';
import { Mailbox } from '../channels/mailbox.ts';
import { golden, ports } from './golden-payloads.ts';
import { LOOPBACK } from './listening.ts';

const KEY = golden.connection.key;
const TIMEOUT = 10_000;

function connectionTo(comm_port: number | undefined, comm_version: 1 | 2): ConnectionInfo {
  const { comm_port: _, ...others } = ports;
  const connection = {
    ip: LOOPBACK,
    key: KEY,
    transport: 'tcp' as const,
    signature_scheme: 'hmac-sha256',
    ...others,
  };
  return comm_port === undefined ? connection : { ...connection, comm_port, comm_version };
}

/** Something that listens where a launcher would. */
async function launcher(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    serve(socket);
  });
  server.listen({ host: LOOPBACK, port: 0 });
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

/** A port on which no one listens. */
async function closedPort(): Promise<number> {
  const server = createServer().listen({ host: LOOPBACK, port: 0 });
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

describe('the comm port of an old launcher', () => {
  async function oldLauncher() {
    const taken = new Mailbox<string>();
    const port = await launcher((socket) => {
      const chunks: Buffer[] = [];
      socket.on('data', (chunk) => chunks.push(chunk));
      socket.once('end', () => {
        taken.push(Buffer.concat(chunks).toString());
        socket.end();
      });
    });
    return { taken, connection: connectionTo(port, 1) };
  }

  it('takes a signal as one JSON object, then the end', async () => {
    const { taken, connection } = await oldLauncher();
    await sendSignal(LOOPBACK, connection, 2, TIMEOUT);
    expect(await taken.next()).toBe('{"signum":2}');
  });

  it('takes the shutdown as a number', async () => {
    const { taken, connection } = await oldLauncher();
    await sendShutdown(LOOPBACK, connection, TIMEOUT);
    expect(await taken.next()).toBe('{"shutdown":1}');
  });

  // An old launcher dies of an empty connection, and with it the last way to interrupt its kernel.
  it('never sees a connection without a request, even when the gateway gives up on it at once', async () => {
    const { taken, connection } = await oldLauncher();
    await Promise.allSettled(
      Array.from({ length: 50 }, (_, index) => sendSignal(LOOPBACK, connection, 2, index % 5)),
    );
    await sendShutdown(LOOPBACK, connection, TIMEOUT);
    await taken.next((request) => request === '{"shutdown":1}');
    expect(taken.items).not.toContain('');
  });

  it('is taken for one also where no version is given', async () => {
    const { taken, connection } = await oldLauncher();
    const { comm_version: _, ...withoutVersion } = connection;
    await sendSignal(LOOPBACK, withoutVersion, 10, TIMEOUT);
    expect(await taken.next()).toBe('{"signum":10}');
  });
});

describe('the comm port of a new launcher', () => {
  /** Obeys what is signed with the kernel's key. */
  async function newLauncher(key = KEY) {
    const obeyed = new Mailbox<unknown>();
    const port = await launcher((socket) => {
      const challenge = randomBytes(32);
      socket.write(`${JSON.stringify({ version: 2, challenge: challenge.toString('base64') })}\n`);
      socket.once('data', (line) => {
        const { request, mac } = JSON.parse(line.toString()) as { request: string; mac: string };
        const wanted = createHmac('sha256', key)
          .update(Buffer.concat([Buffer.from('kernelgate comm 2\0'), challenge, Buffer.from(request)]))
          .digest();
        const isGenuine = timingSafeEqual(Buffer.from(mac, 'hex'), wanted);
        if (isGenuine) obeyed.push(JSON.parse(request));
        socket.end(isGenuine ? '{"ok": true}\n' : '{"ok": false, "error": "wrong\\nsignature"}\n');
      });
    });
    return { obeyed, connection: connectionTo(port, 2) };
  }

  it('obeys a signal', async () => {
    const { obeyed, connection } = await newLauncher();
    await sendSignal(LOOPBACK, connection, 2, TIMEOUT);
    expect(obeyed.items).toEqual([{ signum: 2 }]);
  });

  it('obeys a shutdown', async () => {
    const { obeyed, connection } = await newLauncher();
    await sendShutdown(LOOPBACK, connection, TIMEOUT);
    expect(obeyed.items).toEqual([{ shutdown: 1 }]);
  });

  it('refuses a request that is signed with another key, and says so in one line', async () => {
    const { obeyed, connection } = await newLauncher('another');
    await expect(sendSignal(LOOPBACK, connection, 2, TIMEOUT)).rejects.toMatchObject({
      code: 'COMM_PORT_REFUSED',
      message: `the launcher in the kernel's pod (127.0.0.1:${connection.comm_port}) refused the request: wrong | signature`,
    });
    expect(obeyed.items).toEqual([]);
  });

  it.each([
    ['nothing', '', 'broke the connection off'],
    ['garbage', 'hello\n', 'sent no challenge of version 2'],
    ['null', 'null\n', 'sent no challenge of version 2'],
    ['another version', '{"version": 1, "challenge": ""}\n', 'sent no challenge of version 2'],
    ['a short challenge', '{"version": 2, "challenge": "AAAA"}\n', 'sent no challenge of version 2'],
    ['half a line', '{"version": 2', 'broke the connection off'],
    ['a line without end', 'x'.repeat(5000), 'sent a line without end'],
  ])('that says %s instead of a challenge is an error', async (_what, said, told) => {
    const port = await launcher((socket) => socket.end(said));
    await expect(sendSignal(LOOPBACK, connectionTo(port, 2), 2, TIMEOUT)).rejects.toMatchObject({
      code: 'COMM_PORT_BROKEN',
      message: expect.stringContaining(told),
    });
  });

  it.each([
    ['nothing', '', 'broke the connection off'],
    ['something else', '{"fine": true}\n', 'did not confirm the request'],
  ])('that says %s instead of a confirmation is an error', async (_what, said, told) => {
    const port = await launcher((socket) => {
      socket.write(`${JSON.stringify({ version: 2, challenge: golden.comm.challenge })}\n`);
      socket.once('data', () => socket.end(said));
    });
    await expect(sendShutdown(LOOPBACK, connectionTo(port, 2), TIMEOUT)).rejects.toMatchObject({
      code: 'COMM_PORT_BROKEN',
      message: expect.stringContaining(told),
    });
  });

  it('that says nothing is waited for no longer than it may take', async () => {
    const port = await launcher(() => {});
    await expect(sendSignal(LOOPBACK, connectionTo(port, 2), 2, 50)).rejects.toMatchObject({
      code: 'COMM_PORT_TIMEOUT',
      message: expect.stringContaining('did not take the request within 0.05 s'),
      hint: expect.stringContaining('network policy'),
    });
  });
});

describe('a launcher that is not there', () => {
  it.each([1, 2] as const)(
    'is an error for a signal, and success for a shutdown (version %i)',
    async (version) => {
      const connection = connectionTo(await closedPort(), version);
      await expect(sendSignal(LOOPBACK, connection, 2, TIMEOUT)).rejects.toMatchObject({
        code: 'COMM_PORT_CLOSED',
      });
      await sendShutdown(LOOPBACK, connection, TIMEOUT);
    },
  );

  it('is told from one without a comm port', async () => {
    const failed = sendSignal(LOOPBACK, connectionTo(undefined, 1), 2, TIMEOUT);
    await expect(failed).rejects.toThrow(CommPortError);
    await expect(failed).rejects.toMatchObject({
      code: 'COMM_PORT_MISSING',
      hint: expect.stringContaining('interrupt_mode'),
    });
  });
});

describe("the comm port's lines", () => {
  it('are signed as a Python launcher verifies them', () => {
    const { challenge, request, mac } = golden.comm;
    const line = signedRequest(request, Buffer.from(challenge, 'base64'), KEY);
    expect(JSON.parse(line)).toEqual({ request, mac });
  });

  it('may be anything without harm', () => {
    const lines = fc.oneof(fc.json(), fc.string()).map((text) => Buffer.from(text));
    fc.assert(
      fc.property(lines, (line) => {
        const challenge = readChallenge(line);
        expect(challenge === null || challenge.length === 32).toBe(true);
        const confirmation = readConfirmation(line);
        if (confirmation?.ok === false) expect(confirmation.error).not.toMatch(/[\r\n]/);
      }),
    );
  });
});
