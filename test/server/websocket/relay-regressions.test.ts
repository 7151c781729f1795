import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/machines/failure.ts';
import { BacklogBudget } from '../../../src/server/websocket/backlog.ts';
import { decodeFrame, type OutgoingMessage } from '../../../src/server/websocket/client-protocol.ts';
import { kernelMessage, typeOf } from '../../adapters/channels/kernel-messages.ts';
import { FakeClient } from './fake-client.ts';
import { relayFixture, request } from './relay-fixture.ts';

const DEATH: Failure = { code: 'POD_GONE', message: 'The kernel was killed.', hint: 'Run it again.' };

/** Encodes as a real socket does. */
class EncodingClient extends FakeClient {
  override send(outgoing: OutgoingMessage): void {
    outgoing.frame('default');
    super.send(outgoing);
  }
}

const BROKEN = {
  ...kernelMessage('iopub', 'stream', { text: 'broken' }),
  header: Buffer.from('{"msg_id": NaN}'),
};

describe('an iopub message whose header is no JSON', () => {
  it('does not throw into the drain event of a socket, which would end the gateway', () => {
    const { relay, says } = relayFixture();
    const client = new EncodingClient().join(relay, 'a');
    client.capacity = 1;
    says('1');
    relay.received(BROKEN);
    expect(() => client.catchUp()).not.toThrow();
  });

  it('does not keep a client from coming back', () => {
    const { relay, says } = relayFixture();
    new EncodingClient().join(relay, 'a').leaves();
    relay.received(BROKEN);
    says('next');
    expect(new EncodingClient().join(relay, 'a').heard).toContain('next');
  });
});

it('a request that was reported as failed is not run afterwards', () => {
  const { relay, join, link } = relayFixture();
  const client = join('a');
  relay.closed();
  relay.tellRestarting(DEATH);
  client.sends(request('execute_request', 'a'));
  // The new kernel dies before its sockets are open.
  relay.tellRestarting(DEATH);
  expect(client.heard).toContain('execute_reply');
  relay.opened(link);
  expect(link.sent.map(typeOf)).toEqual([]);
});

it('of more than 32 sessions that are away, the one away for longest is forgotten', () => {
  const { join, says } = relayFixture();
  const clients = Array.from({ length: 33 }, (_, index) => join(`session-${index}`));
  for (const client of clients) client.leaves();
  says('1');
  expect(join('session-32').heard).toEqual(['1']);
  expect(join('session-1').heard).toEqual(['1']);
  expect(join('session-0').heard).toEqual([]);
});

it('a relay that has ended holds nothing of the budget', async () => {
  const budget = new BacklogBudget(1_000_000);
  const { relay, join } = relayFixture({ budget });
  const client = join('a');
  client.sends(request('execute_request', 'a'));
  client.leaves();
  relay.closed();
  relay.end(1000, 'over');
  await new Promise(setImmediate);
  expect(budget.used).toBe(0);
});

it('a frame of 8 MB does not make a million buffers', () => {
  const json = Buffer.from('{"header":{"msg_id":"a","msg_type":"x","session":"s"},"channel":"shell"}');
  const count = 2_000_000;
  const frame = Buffer.alloc(4 * (count + 1) + json.length);
  frame.writeUInt32BE(count, 0);
  for (let index = 0; index < count; index += 1)
    frame.writeUInt32BE(index === 0 ? 4 * (count + 1) : frame.length, 4 * (index + 1));
  json.copy(frame, 4 * (count + 1));
  expect(() => decodeFrame('default', frame, true)).toThrow('frame:');
});
