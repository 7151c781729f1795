/** A relay between a kernel and clients that the test plays. */
import type { KernelMessage } from '../../../src/adapters/channels/kernel-message.ts';
import type { ChannelLink } from '../../../src/adapters/channels/zmq-channels.ts';
import { BacklogBudget } from '../../../src/server/websocket/backlog.ts';
import { KernelRelay } from '../../../src/server/websocket/kernel-relay.ts';
import { kernelMessage } from '../../adapters/channels/kernel-messages.ts';
import { FakeClient } from './fake-client.ts';

export class FakeLink implements ChannelLink {
  readonly sent: KernelMessage[] = [];
  isFull = false;
  isPaused = false;

  send(message: KernelMessage): boolean {
    this.sent.push(message);
    return !this.isFull;
  }

  pauseIopub(): void {
    this.isPaused = true;
  }

  resumeIopub(): void {
    this.isPaused = false;
  }
}

export function relayFixture({ backlogLimit = 1_000_000, budget = new BacklogBudget(100_000_000) } = {}) {
  const counts: number[] = [];
  const clientsChanged = (clients: number) => counts.push(clients);
  const relay = new KernelRelay({ backlogLimit, budget, clientsChanged });
  const link = new FakeLink();
  relay.opened(link);
  return {
    relay,
    link,
    /** How many clients there were, at each change. */
    counts,
    join: (sessionId: string | null = null) => new FakeClient().join(relay, sessionId),
    /** The kernel writes to stdout. */
    says: (text: string) => relay.received(kernelMessage('iopub', 'stream', { name: 'stdout', text })),
    /** The kernel answers a message. */
    answers: (request: KernelMessage, msgType: string) =>
      relay.received(kernelMessage(request.channel, msgType, { status: 'ok' }, request.header)),
  };
}

/** A request of a client, in its session. */
export function request(msgType: string, session = 'a session') {
  return kernelMessage('shell', msgType, { code: '1' }, undefined, session);
}
