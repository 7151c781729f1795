import { expect } from 'vitest';
import { DEATH } from '../samples.ts';
import { ended, OWN_NAMESPACE, STAGES } from '../stages.ts';
import type { Scenarios } from './scenarios.ts';

export const connecting: Scenarios = {
  'a kernel runs once its channels are ready': async () => {
    const kernel = await STAGES.awaitingKernelInfo();
    expect(kernel.snapshot.hasTag('launching')).toBe(true);
    await kernel.channel({ type: 'channels.ready' });
    expect(kernel.state).toBe('connected.running');
    expect(kernel.emitted).toEqual([{ type: 'kernel.running' }]);
    expect(kernel.context.everRan).toBe(true);
  },

  'what a kernel says of its state before it has answered is noted': async () => {
    const kernel = await STAGES.awaitingKernelInfo();
    await kernel.status('busy', 1700);
    await kernel.channel({ type: 'kernel.activity', at: 1800 });
    expect(kernel.context).toMatchObject({ executionState: 'busy', lastActivity: 1800 });
    await kernel.channel({ type: 'channels.ready' });
    expect(kernel.region('execution')).toBe('busy');
  },

  'a kernel that never answers fails, and all of it is removed': async () => {
    const kernel = await STAGES.awaitingKernelInfo({ plan: OWN_NAMESPACE });
    await kernel.pass(29_999);
    expect(kernel.state).toBe('connected.awaitingKernelInfo');
    await kernel.pass(1);
    expect(kernel.held).not.toContain('channels');
    await ended(kernel);
    expect(kernel.outcome).toMatchObject({
      outcome: 'failed',
      failure: { code: 'KERNEL_INFO_TIMEOUT', message: expect.stringContaining('within 30 s') },
    });
    expect(kernel.held).toEqual([]);
  },

  'the time for the launch is over with the handshake': async () => {
    const kernel = await STAGES.awaitingKernelInfo({ policy: { kernelInfoTimeout: 90_000 } });
    await kernel.pass(80_000);
    expect(kernel.state).toBe('connected.awaitingKernelInfo');
  },

  'a first pod that dies before it answers is not restarted': async () => {
    const kernel = await STAGES.awaitingKernelInfo();
    await kernel.podGone();
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'failed', reason: null, failure: DEATH });
    expect(kernel.held).toEqual([]);
  },

  'shutdown before the kernel has answered removes it without asking it': async () => {
    const kernel = await STAGES.awaitingKernelInfo({ plan: OWN_NAMESPACE });
    await kernel.send({ type: 'shutdown' });
    await ended(kernel);
    expect(kernel.asked).not.toContain('requestShutdown');
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'shutdown', failure: null });
    expect(kernel.held).toEqual([]);
  },

  'restart and interrupt mean nothing to a kernel that is still being launched': async () => {
    const kernel = await STAGES.awaitingKernelInfo();
    await kernel.send({ type: 'restart' }, { type: 'interrupt' });
    expect(kernel.state).toBe('connected.awaitingKernelInfo');
    expect(kernel.ports.calls.waiting).toEqual([]);
  },
};
