import { describe, expect, it } from 'vitest';
import { messageSize } from '../../../src/adapters/channels/kernel-message.ts';
import { BacklogBudget } from '../../../src/server/websocket/backlog.ts';
import { kernelMessage } from '../../adapters/channels/kernel-messages.ts';
import { relayFixture, request } from './relay-fixture.ts';

/** Bytes of one message of {@link relayFixture}'s `says` with a text of one character. */
const ONE = messageSize(kernelMessage('iopub', 'stream', { name: 'stdout', text: '1' }));

const dropped = (count: number) =>
  expect.stringContaining(`Kernelgate: ${count} messages of this kernel were dropped`);

describe('a client that comes back with its session_id', () => {
  it('gets what it missed, in order, and once', () => {
    const { join, says } = relayFixture();
    const before = join('a');
    says('1');
    before.leaves();
    for (const text of ['2', '3', '4']) says(text);
    const again = join('a');
    says('5');
    expect(before.heard).toEqual(['1']);
    expect(again.heard).toEqual(['2', '3', '4', '5']);
    again.leaves();
    expect(join('a').heard).toEqual([]);
  });

  it('gets the replies to its requests, and not those to others', () => {
    const { join, says, answers } = relayFixture();
    const [away, other] = [join('a'), join('b')];
    const requests = [request('execute_request', 'a'), request('execute_request', 'b')] as const;
    away.sends(requests[0]);
    other.sends(requests[1]);
    away.leaves();
    says('1');
    answers(requests[1], 'execute_reply');
    answers(requests[0], 'execute_reply');
    says('2');
    expect(join('a').heard).toEqual(['1', 'execute_reply', '2']);
    expect(other.heard).toEqual(['1', 'execute_reply', '2']);
  });

  it('goes on from its own place, whoever else is away', () => {
    const { join, says } = relayFixture();
    const [first, second] = [join('a'), join('b')];
    first.leaves();
    says('1');
    second.leaves();
    says('2');
    expect(join('b').heard).toEqual(['2']);
    says('3');
    expect(join('a').heard).toEqual(['1', '2', '3']);
  });

  it('is told how many messages were too many to keep, and gets the rest', () => {
    const { join, says } = relayFixture({ backlogLimit: 3 * ONE });
    join('a').leaves();
    for (const text of '12345678') says(text);
    expect(join('a').heard).toEqual([dropped(5), '6', '7', '8']);
  });

  it('is not told of dropped messages that were for others', () => {
    const { join, says, answers } = relayFixture({ backlogLimit: 3 * ONE });
    const [away, other] = [join('a'), join('b')];
    const asked = request('execute_request', 'b');
    other.sends(asked);
    away.leaves();
    other.leaves();
    answers(asked, 'execute_reply');
    for (const text of '123') says(text);
    expect(join('a').heard).toEqual(['1', '2', '3']);
    expect(join('b').heard).toEqual([dropped(1), '1', '2', '3']);
  });

  it('takes the place of an older connection of the same session, which is closed', () => {
    const { join, says, counts } = relayFixture();
    const older = join('a');
    const newer = join('a');
    expect(older.closedWith).toEqual({
      code: 1008,
      reason: 'Another connection with the same session_id has taken its place',
    });
    older.leaves();
    says('1');
    expect([older.heard, newer.heard]).toEqual([[], ['1']]);
    expect(counts).toEqual([1, 1]);
  });
});

it('a client without a session_id is forgotten when it leaves', () => {
  const { join, says, relay } = relayFixture();
  join().leaves();
  says('1');
  expect(join().heard).toEqual([]);
  expect(relay.clients).toBe(1);
});

describe('what is kept', () => {
  it('always includes the newest message, however large it is', () => {
    const { join, says } = relayFixture({ backlogLimit: ONE });
    join('a').leaves();
    says('1');
    says('x'.repeat(10 * ONE));
    expect(join('a').heard).toEqual([dropped(1), 'x'.repeat(10 * ONE)]);
  });

  it('is limited over all kernels, and given free again', () => {
    const budget = new BacklogBudget(3 * ONE);
    const [one, other] = [relayFixture({ budget }), relayFixture({ budget })];
    for (const { join } of [one, other]) join('a').leaves();
    one.says('1');
    one.says('2');
    for (const text of '345') other.says(text);
    expect(budget.used).toBe(3 * ONE);
    expect(other.join('a').heard).toEqual([dropped(2), '5']);
    expect(one.join('a').heard).toEqual(['1', '2']);
    expect(budget.used).toBe(0);
  });

  it('is given free when the relay ends', () => {
    const budget = new BacklogBudget(100 * ONE);
    const { relay, join, says } = relayFixture({ budget });
    join('a').leaves();
    says('1');
    relay.end(1000, 'over');
    expect(budget.used).toBe(0);
  });
});

describe('a session of a kernel that ran on without a gateway', () => {
  const unattended = expect.stringContaining('the gateway was restarted while this kernel ran on');

  it('is told once that something may be lost', () => {
    const { relay, join, says } = relayFixture();
    relay.noteUnattended();
    const first = join('a');
    says('1');
    first.leaves();
    expect(first.heard).toEqual([unattended, '1']);
    expect(join('a').heard).toEqual([]);
    expect(join('b').heard).toEqual([unattended]);
  });

  it('is not told when it can not have been there before, or the kernel began anew', () => {
    const { relay, join } = relayFixture();
    relay.noteUnattended();
    expect(join(null).heard).toEqual([]);
    relay.tellRestarting(null);
    expect(join('a').heard).toEqual([]);
  });
});
