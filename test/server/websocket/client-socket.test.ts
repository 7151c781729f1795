import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { V1_SUBPROTOCOL } from '../../../src/adapters/channels/websocket-v1-codec.ts';
import type { OutgoingMessage } from '../../../src/server/websocket/client-protocol.ts';
import { defaultData, v1Data } from '../../adapters/channels/websocket-data.ts';
import { type PairOptions, pair, stream } from './socket-pair.ts';

describe("a client's socket", () => {
  it('writes messages in the order in which they were given to it, text and binary', async () => {
    const { socket, received } = await pair();
    const sent = Array.from({ length: 200 }, (_, index) =>
      stream(`${index}`, index % 3 === 0 ? [Buffer.alloc(index)] : []),
    );
    for (const outgoing of sent) socket.send(outgoing);
    await received.count(sent.length);
    expect(received.items).toEqual(sent.map(({ message }) => defaultData(message)));
  });

  it('speaks v1 when that was agreed on', async () => {
    const { socket, received } = await pair({ subprotocols: [V1_SUBPROTOCOL] });
    const outgoing = stream('a');
    socket.send(outgoing);
    expect(socket.protocol).toBe('v1');
    expect(await received.next()).toEqual({ data: v1Data(outgoing.message), binary: true });
  });

  it.each([1, 100, 20_000, 70_000, 300_000])('writes parts of %i bytes as they are', async (size) => {
    const { socket, received } = await pair({ subprotocols: [V1_SUBPROTOCOL] });
    const large = stream('x'.repeat(size), [Buffer.alloc(size, 1), Buffer.alloc(10, 2)]);
    for (const outgoing of [large, stream('behind')]) socket.send(outgoing);
    await received.count(2);
    expect(received.items[0]?.data.equals(v1Data(large.message))).toBe(true);
    expect(received.items[1]?.data.includes('behind')).toBe(true);
  });

  it('writes what was given to it in one turn of the event loop at once', async () => {
    const { socket, stream: tcp, received } = await pair();
    let writes = 0;
    const writev = tcp._writev?.bind(tcp);
    tcp._writev = (chunks, done) => {
      writes += 1;
      writev?.(chunks, done);
    };
    for (const text of ['1', '2', '3']) socket.send(stream(text));
    expect(writes).toBe(0);
    await received.count(3);
    expect(writes).toBe(1);
  });

  it('tells that its client is behind, and when it has caught up; nothing is lost', async () => {
    const { socket, client, calls, received } = await pair();
    client.pause();
    const sent: OutgoingMessage[] = [];
    while (!socket.isBehind) {
      sent.push(stream('x'.repeat(50_000)));
      socket.send(sent.at(-1) as OutgoingMessage);
      await new Promise(setImmediate);
    }
    expect(calls.items).toEqual([]);
    client.resume();
    await calls.next((call) => call === 'drained');
    expect(socket.isBehind).toBe(false);
    await received.count(sent.length);
    expect(received.items.map(({ data }) => data.length)).toEqual(
      sent.map(({ message }) => defaultData(message).data.length),
    );
  });

  it('reads nothing from its client while it is paused, and then goes on', async () => {
    const { socket, client, calls } = await pair();
    socket.pause();
    await new Promise<void>((resolve) => client.send('held', () => resolve()));
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    expect(calls.items).toEqual([]);
    socket.resume();
    expect(await calls.next()).toBe('frame held');
  });

  it('says so when its client leaves, and takes messages without effect from then on', async () => {
    const { socket, client, calls } = await pair();
    client.close();
    await calls.next((call) => call === 'closed');
    socket.send(stream('too late'));
    socket.pause();
    socket.resume();
    socket.close(1000, 'again');
    expect(calls.items).toEqual(['closed']);
  });

  it('closes, and tells of it, when a frame can not be handled', async () => {
    const onFrame = () => {
      throw new Error('a fault');
    };
    const { client, calls, events } = await pair({ onFrame });
    client.send('x');
    expect(await events.next()).toBe('close 1011 The gateway could not handle a message');
    await calls.next((call) => call === 'closed');
    expect(calls.items).toEqual(['frame x', 'failed a fault', 'closed']);
  });
});

describe('closing', () => {
  it('lets messages that were sent before arrive', async () => {
    const { socket, received, events } = await pair();
    socket.send(stream('last words'));
    socket.close(1000, 'over');
    expect(await events.next()).toBe('close 1000 over');
    expect(received.items).toHaveLength(1);
  });

  it('works while the client is paused', async () => {
    const { socket, calls, events } = await pair();
    socket.pause();
    socket.close(1000, 'over');
    expect(await events.next()).toBe('close 1000 over');
    await calls.next((call) => call === 'closed');
  });

  it.each([
    ['short', 'short'],
    ['x'.repeat(123), 'x'.repeat(123)],
    ['x'.repeat(124), 'x'.repeat(123)],
    ['é'.repeat(62), 'é'.repeat(61)],
    [`x${'é'.repeat(62)}`, `x${'é'.repeat(61)}`],
    ['€'.repeat(42), '€'.repeat(41)],
    [`x${'😀'.repeat(40)}`, `x${'😀'.repeat(30)}`],
    [`xxx${'😀'.repeat(40)}`, `xxx${'😀'.repeat(30)}`],
    ['', ''],
  ])('gives the reason, cut to 123 bytes between two characters: %s', async (reason, told) => {
    const { socket, events } = await pair();
    socket.close(1011, reason);
    expect(await events.next()).toBe(`close 1011 ${told}`);
  });
});

describe('pings', () => {
  const INTERVAL = 30_000;

  async function pinged(options: PairOptions = {}) {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    return pair({ pingInterval: INTERVAL, ...options });
  }

  it('are sent at the interval, and answered ones keep the connection', async () => {
    const { events, socket, received } = await pinged();
    for (let count = 1; count <= 5; count += 1) {
      vi.advanceTimersByTime(INTERVAL);
      await events.next((event) => event === 'ping');
      // Behind the pong, which the client has sent before it can receive this.
      socket.send(stream('a round trip'));
      await received.next();
      await new Promise(setImmediate);
    }
    expect(events.items).toEqual(Array(5).fill('ping'));
  });

  it('that stay unanswered twice end the connection with the third', async () => {
    const { events, calls } = await pinged({ autoPong: false });
    for (let count = 1; count <= 2; count += 1) {
      vi.advanceTimersByTime(INTERVAL);
      await events.next((event) => event === 'ping');
    }
    expect(calls.items).toEqual([]);
    vi.advanceTimersByTime(INTERVAL);
    await calls.next((call) => call === 'closed');
    expect(await events.next()).toMatch(/^close 1006/);
  });

  it('do not end a connection that is paused, whose pongs can not be seen', async () => {
    const { socket, calls, received } = await pinged({ autoPong: false });
    socket.pause();
    vi.advanceTimersByTime(10 * INTERVAL);
    socket.resume();
    socket.send(stream('still there'));
    await received.next();
    expect(calls.items).toEqual([]);
  });

  it('stop when the client leaves', async () => {
    const { client, calls } = await pinged();
    expect(vi.getTimerCount()).toBe(1);
    client.close();
    await calls.next((call) => call === 'closed');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('are not sent when the interval is 0', async () => {
    await pinged({ pingInterval: 0 });
    expect(vi.getTimerCount()).toBe(0);
  });
});
