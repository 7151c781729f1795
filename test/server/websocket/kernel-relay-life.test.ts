import { describe, expect, it } from 'vitest';
import type { Failure } from '../../../src/machines/failure.ts';
import { kernelMessage } from '../../adapters/channels/kernel-messages.ts';
import type { FakeClient } from './fake-client.ts';
import { relayFixture, request } from './relay-fixture.ts';

const DEATH: Failure = { code: 'POD_GONE', message: 'The kernel was killed.', hint: 'Run it again.' };

const nextTurn = () => new Promise(setImmediate);

function statesOf({ received }: FakeClient): unknown[] {
  return received
    .filter(({ msgType }) => msgType === 'status')
    .map(({ content }) => content['execution_state']);
}

const REASON = `${DEATH.message}\n${DEATH.hint}\n`;

describe('when a kernel dies and is restarted', () => {
  it('its unanswered execute requests are told why, answered and ended, before the restart is', () => {
    const { relay, join } = relayFixture();
    const [asker, other] = [join('a'), join('b')];
    const asked = request('execute_request');
    asker.sends(asked);
    relay.closed();
    relay.tellRestarting(DEATH);
    const parent = JSON.parse(asked.header.toString());
    expect(asker.received).toEqual([
      {
        channel: 'iopub',
        msgType: 'stream',
        content: { name: 'stderr', text: 'The kernel was killed.\nRun it again.\n' },
        parent,
      },
      {
        channel: 'shell',
        msgType: 'execute_reply',
        content: {
          status: 'error',
          ename: 'KernelDied',
          evalue: 'The kernel was killed.',
          traceback: ['The kernel was killed.', 'Run it again.'],
          execution_count: null,
          user_expressions: {},
          payload: [],
        },
        parent,
      },
      { channel: 'iopub', msgType: 'status', content: { execution_state: 'idle' }, parent },
      { channel: 'iopub', msgType: 'status', content: { execution_state: 'restarting' }, parent: {} },
    ]);
    expect(other.heard).toEqual(['The kernel was killed.\nRun it again.\n', 'status', 'status']);
  });

  it('other requests get a reply as well, on their channel', () => {
    const { relay, join } = relayFixture();
    const client = join();
    client.sends(request('complete_request'));
    client.sends(kernelMessage('control', 'debug_request'));
    relay.tellRestarting(DEATH);
    const replies = client.received.filter(({ msgType }) => msgType.endsWith('_reply'));
    expect(replies.map(({ channel, msgType }) => [channel, msgType])).toEqual([
      ['shell', 'complete_reply'],
      ['control', 'debug_reply'],
    ]);
    expect(replies[0]?.content).not.toHaveProperty('execution_count');
  });

  it('no request is answered twice, nor is a message that asks for no answer; the reason is told by itself', () => {
    const { relay, join, answers } = relayFixture();
    const client = join();
    const asked = request('execute_request');
    client.sends(asked);
    client.sends(request('comm_msg'));
    answers(asked, 'execute_reply');
    relay.tellRestarting(DEATH);
    expect(client.heard).toEqual(['execute_reply', REASON, 'status']);
  });

  it('each request is failed once', async () => {
    const { relay, join } = relayFixture();
    const client = join();
    client.sends(request('complete_request'));
    relay.closed();
    relay.tellRestarting(DEATH);
    await nextTurn();
    relay.tellDead(DEATH);
    expect(client.heard.filter((each) => each === 'complete_reply')).toHaveLength(1);
  });

  it('a client that is away hears of it when it comes back', () => {
    const { relay, join } = relayFixture();
    const client = join('a');
    client.sends(request('complete_request', 'a'));
    client.leaves();
    relay.tellRestarting(DEATH);
    expect(join('a').heard).toEqual(['complete_reply', 'status', REASON, 'status']);
  });
});

it.each([
  ['shut down', false, 'The kernel was shut down before it answered.'],
  ['restarted by a user', true, 'The kernel was restarted before it answered.'],
])(
  'when a kernel is %s, its unanswered requests are told so once its sockets are closed',
  async (_how, restart, text) => {
    const { relay, join } = relayFixture();
    const client = join();
    client.sends(request('complete_request'));
    if (restart) relay.tellRestarting(null);
    relay.closed();
    expect(client.heard).not.toContain('complete_reply');
    await nextTurn();
    expect(client.received.find(({ msgType }) => msgType === 'complete_reply')?.content['evalue']).toBe(text);
  },
);

it('when the gateway leaves a kernel running, nothing is failed', async () => {
  const { relay, join } = relayFixture();
  const client = join();
  client.sends(request('execute_request'));
  relay.leave();
  relay.closed();
  await nextTurn();
  relay.end(1001, 'The gateway is going away; the kernel runs on');
  expect(client.heard).toEqual([]);
  expect(client.closedWith?.code).toBe(1001);
});

it('when a kernel is dead for good, its clients are told, and then let go', () => {
  const { relay, join, says } = relayFixture();
  const [client, away] = [join('a'), join('b')];
  away.leaves();
  client.sends(request('execute_request'));
  relay.tellDead(DEATH);
  relay.end(1011, 'The kernel died');
  expect(statesOf(client)).toEqual(['idle', 'dead']);
  expect(client.closedWith).toEqual({ code: 1011, reason: 'The kernel died' });
  client.leaves();
  says('from the grave');
  expect(relay.clients).toBe(0);
  expect(client.heard).not.toContain('from the grave');
});
