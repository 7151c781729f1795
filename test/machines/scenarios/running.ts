import { expect } from 'vitest';
import type { Failure } from '../../../src/machines/failure.ts';
import type { KernelUnderTest } from '../kernel-under-test.ts';
import { STAGES } from '../stages.ts';
import type { Scenarios } from './scenarios.ts';

const NODE_LOST: Failure = { code: 'NODE_LOST', message: 'Node worker-1 is gone.', hint: 'Wait.' };

function uidOf({ context }: KernelUnderTest): string {
  return context.pod?.uid ?? 'no pod';
}

export const running: Scenarios = {
  'a kernel is busy and idle as it says': async () => {
    const kernel = await STAGES.running();
    expect(kernel.region('execution')).toBe('starting');
    const seen: string[] = [];
    for (const state of ['idle', 'busy', 'busy', 'idle']) {
      await kernel.status(state);
      seen.push(kernel.region('execution'));
    }
    expect(seen).toEqual(['idle', 'busy', 'busy', 'idle']);
    expect(kernel.context.executionState).toBe('idle');
  },

  'a kernel whose first word is busy is busy': async () => {
    const kernel = await STAGES.running();
    await kernel.status('busy');
    expect(kernel.region('execution')).toBe('busy');
  },

  'the last activity is that of the latest sign of life': async () => {
    const kernel = await STAGES.running();
    await kernel.status('idle', 5000);
    expect(kernel.context.lastActivity).toBe(5000);
    await kernel.channel({ type: 'kernel.activity', at: 6000 });
    expect(kernel.context.lastActivity).toBe(6000);
    await kernel.channel({ type: 'kernel.activity', at: 5500 });
    await kernel.status('idle', 5500);
    expect(kernel.context.lastActivity).toBe(6000);
  },

  'the number of clients is noted': async () => {
    const kernel = await STAGES.running();
    await kernel.send({ type: 'clients.changed', clients: 2 });
    expect(kernel.context.clients).toBe(2);
  },

  'a lost heartbeat is no death, and may come back': async () => {
    const kernel = await STAGES.running();
    expect(kernel.region('heartbeat')).toBe('beating');
    await kernel.channel({ type: 'heartbeat.lost' });
    expect(kernel.region('heartbeat')).toBe('lost');
    expect(kernel.state).toBe('connected.running');
    await kernel.channel({ type: 'heartbeat.restored' });
    expect(kernel.region('heartbeat')).toBe('beating');
  },

  'a heartbeat that was lost before the kernel answered is still lost once it runs': async () => {
    const kernel = await STAGES.adopting();
    await kernel.answer('adoptPod');
    await kernel.channel({ type: 'heartbeat.lost' });
    expect(kernel.context.unresponsive).toBe(true);
    await kernel.pass(30_000);
    expect(kernel.region('heartbeat')).toBe('lost');
  },

  'a heartbeat that came back before the kernel answered is not lost once it runs': async () => {
    const kernel = await STAGES.awaitingKernelInfo();
    await kernel.channel({ type: 'heartbeat.lost' });
    await kernel.channel({ type: 'heartbeat.restored' });
    await kernel.channel({ type: 'channels.ready' });
    expect(kernel.region('heartbeat')).toBe('beating');
    expect(kernel.context.unresponsive).toBe(false);
  },

  'a kernel whose node is lost runs on as long as it answers': async () => {
    const kernel = await STAGES.running();
    await kernel.pod({ type: 'node.lost', uid: uidOf(kernel), failure: NODE_LOST });
    expect(kernel.state).toBe('connected.running');
    await kernel.pod({ type: 'node.found', uid: uidOf(kernel) });
    await kernel.channel({ type: 'heartbeat.lost' });
    expect(kernel.state).toBe('connected.running');
  },

  'a kernel that does not answer, and whose node is lost, is restarted elsewhere': async () => {
    const kernel = await STAGES.running();
    await kernel.channel({ type: 'heartbeat.lost' });
    await kernel.pod({ type: 'node.lost', uid: uidOf(kernel), failure: NODE_LOST });
    expect(kernel.state).toBe('restarting.podDeleting');
    expect(kernel.emitted).toContainEqual({
      type: 'kernel.restarting',
      automatic: true,
      failure: NODE_LOST,
    });
  },

  'a node that was lost before the kernel answered is still lost once it runs': async () => {
    const kernel = await STAGES.awaitingKernelInfo();
    await kernel.pod({ type: 'node.lost', uid: uidOf(kernel), failure: NODE_LOST });
    await kernel.channel({ type: 'channels.ready' });
    await kernel.channel({ type: 'heartbeat.lost' });
    expect(kernel.state).toBe('restarting.podDeleting');
  },

  'a kernel that was lost with its node too often in a row is given up': async () => {
    const kernel = await STAGES.running({ policy: { restartLimit: 0 } });
    await kernel.pod({ type: 'node.lost', uid: uidOf(kernel), failure: NODE_LOST });
    await kernel.channel({ type: 'heartbeat.lost' });
    expect(kernel.state).toBe('tearingDown.podDeleting');
    expect(kernel.context.failure).toEqual(NODE_LOST);
  },

  'an interrupt is delivered as a signal': async () => {
    const kernel = await STAGES.running();
    await kernel.send({ type: 'interrupt' });
    expect(kernel.region('interruption')).toBe('interrupting');
    await kernel.answer('interrupt');
    expect(kernel.region('interruption')).toBe('none');
    expect(kernel.emitted).toContainEqual({ type: 'interrupt.delivered' });
  },

  'an interrupt is delivered as a message to a kernelspec that wants it so': async () => {
    const kernel = await STAGES.running({ plan: { interruptMode: 'message' } });
    await kernel.send({ type: 'interrupt' });
    await kernel.answer('interruptByMessage');
    expect(kernel.emitted).toContainEqual({ type: 'interrupt.delivered' });
    expect(kernel.asked).not.toContain('interrupt');
  },

  'an interrupt that can not be delivered is told, and the kernel runs on': async () => {
    const kernel = await STAGES.running();
    await kernel.send({ type: 'interrupt' });
    await kernel.fail('interrupt', new Error('no such process'));
    expect(kernel.emitted).toContainEqual({
      type: 'interrupt.failed',
      failure: expect.objectContaining({ message: 'no such process' }),
    });
    expect(kernel.region('interruption')).toBe('none');
    expect(kernel.state).toBe('connected.running');
  },

  'a second interrupt during the first is the same interrupt': async () => {
    const kernel = await STAGES.running();
    await kernel.send({ type: 'interrupt' }, { type: 'interrupt' });
    expect(kernel.ports.calls.waiting).toEqual(['interrupt']);
  },

  'a new policy is noted in any state': async () => {
    const launched = await STAGES.podPending();
    await launched.send({ type: 'policy.changed', policy: { cullIdleTimeout: 7000 } });
    expect(launched.context.policy).toMatchObject({ cullIdleTimeout: 7000, shutdownGrace: 5000 });
    const kernel = await STAGES.running();
    await kernel.send({ type: 'policy.changed', policy: { cullIdleTimeout: 7000 } });
    expect(kernel.context.policy).toMatchObject({ cullIdleTimeout: 7000, shutdownGrace: 5000 });
  },

  'news of an earlier pod do not harm a running kernel': async () => {
    const kernel = await STAGES.running();
    await kernel.podGone('earlier');
    expect(kernel.state).toBe('connected.running');
  },
};
