import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { AnswerServer, type CutReason } from '../../../src/adapters/handshake/answer-server.ts';
import { Mailbox } from '../channels/mailbox.ts';
import { version2 } from './launcher.ts';
import { converse, LOOPBACK, launchAt, listening, silentConnection, toldOn } from './listening.ts';

const ACCEPTED = '{"accepted":true}\n';

/** Sends a byte now and then, and never comes to an end. */
async function drip(port: number): Promise<Socket> {
  const socket = await silentConnection(port);
  const dripping = setInterval(() => socket.write('A'), 5);
  socket.once('close', () => clearInterval(dripping));
  return socket;
}

it('a connection that never ends is cut, though it goes on sending', async () => {
  const { listener, port } = await listening(100);
  const { launch } = launchAt(listener);
  const slow = [await drip(port), await silentConnection(port)];
  await Promise.all(slow.map(toldOn));
  expect(listener.counts.slow).toBe(2);
  expect(await converse(port, version2(launch))).toBe(ACCEPTED);
});

it('a connection is cut as soon as it has sent more than 64 KiB', async () => {
  const { listener, port, log } = await listening();
  const { launch } = launchAt(listener);
  const socket = connect({ host: LOOPBACK, port });
  const pushing = setInterval(() => socket.write(Buffer.alloc(16 * 1024, 'A')), 1);
  socket.once('close', () => clearInterval(pushing));
  expect(await toldOn(socket)).toBe('');
  expect(listener.counts.oversize).toBe(1);
  expect(await log.next(({ context }) => context['reason'] === 'oversize')).toMatchObject({ level: 'warn' });
  expect(await converse(port, version2(launch))).toBe(ACCEPTED);
});

it('64 KiB are not too many', async () => {
  const { listener, port } = await listening();
  const { launch } = launchAt(listener);
  const answer = version2(launch).toString();
  expect(await converse(port, answer.padEnd(64 * 1024))).toBe(ACCEPTED);
});

it('a connection that breaks off is no answer', async () => {
  const { listener, port, log } = await listening();
  const { ticket, launch } = launchAt(listener);
  const socket = await silentConnection(port);
  socket.write(version2(launch), () => socket.resetAndDestroy());
  await log.next(({ context }) => context['reason'] === 'garbage');
  expect(listener.counts).toMatchObject({ accepted: 0, garbage: 1 });
  expect(await converse(port, version2(launch))).toBe(ACCEPTED);
  expect(await ticket.response).toMatchObject({ version: 2 });
});

it('those who say nothing have to give way when others wait', async () => {
  const { listener, port } = await listening(60_000);
  const { launch } = launchAt(listener);
  const silent = await Promise.all(Array.from({ length: 256 }, () => silentConnection(port)));
  expect(await converse(port, version2(launch))).toBe(ACCEPTED);
  expect(listener.counts.slow).toBeGreaterThan(0);
  for (const socket of silent) socket.destroy();
});

it('only so many are read at once, so many wait their turn, and others are cut', async () => {
  const cuts = new Mailbox<CutReason>();
  const received = new Mailbox<string>();
  const server = new AnswerServer(
    { timeout: 60_000, bytes: 100, reading: 1, waiting: 1 },
    {
      received: (bytes) => {
        received.push(bytes.toString());
        return 'told';
      },
      cut: (reason) => cuts.push(reason),
      failed: () => {},
    },
  );
  onTestFinished(() => server.close());
  const port = await server.listen(LOOPBACK, 0);
  const first = await silentConnection(port);
  const second = await silentConnection(port);
  second.end('second');
  const third = await silentConnection(port);
  await toldOn(third);
  expect(await cuts.next()).toBe('crowded');
  expect(received.items).toEqual([]);
  first.end('first');
  expect(await Promise.all([toldOn(first), toldOn(second)])).toEqual(['told', 'told']);
  expect(received.items).toEqual(['first', 'second']);
});

it('a closed server has cut those who were connected', async () => {
  const { listener, port, log } = await listening();
  const socket = await silentConnection(port);
  const closed = once(socket, 'close');
  await listener.close();
  await closed;
  expect(log.items.filter(({ level }) => level === 'warn')).toEqual([]);
});
