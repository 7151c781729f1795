import { expect } from 'vitest';
import { KernelFailure } from '../../../src/machines/failure.ts';
import { DEATH, podOf } from '../samples.ts';
import { adoptedAndRunning, ended, OWN_NAMESPACE, podReplaced, STAGES } from '../stages.ts';
import type { Scenarios } from './scenarios.ts';

/** Milliseconds between two attempts at finding a pod. */
const RETRY = 2000;
/** Attempts after which anything that counts them would have given up. */
const MANY = 30;

export const adopting: Scenarios = {
  'a kernel that outlived its gateway runs on': async () => {
    const kernel = await STAGES.adopting({ plan: OWN_NAMESPACE });
    expect(kernel.state).toBe('adopting.looking');
    expect(kernel.context).toMatchObject({ startedAt: 500, lastActivity: 800 });
    await kernel.answer('adoptPod');
    expect(kernel.state).toBe('connected.awaitingKernelInfo');
    await kernel.channel({ type: 'channels.ready' });
    expect(kernel.state).toBe('connected.running');
    expect(kernel.asked).toEqual(['adoptPod']);
    expect(kernel.held).toEqual(['pod pod-1', 'record', 'pod events', 'channels']);
  },

  'what has changed about the pod is taken over': async () => {
    const kernel = await STAGES.adopting();
    await kernel.answerWith('adoptPod', podOf({ node: 'worker-2' }));
    expect(kernel.context.pod?.node).toBe('worker-2');
  },

  'a kernel that ended while no gateway was running is told with the reason, where it is known': async () => {
    const kernel = await STAGES.adopting();
    kernel.ports.world.endPod(kernel.id, kernel.context.pod?.uid ?? '');
    await kernel.answer('adoptPod');
    expect(kernel.context.failure).toEqual({
      ...DEATH,
      message: `While no gateway was running: ${DEATH.message}`,
    });
  },

  'a kernel that ended while no gateway was running is dead, and what is left of it is removed': async () => {
    const kernel = await STAGES.adopting({ plan: OWN_NAMESPACE });
    await kernel.answerWith('adoptPod', null);
    expect(kernel.state).toBe('tearingDown.podDeleting');
    await ended(kernel);
    expect(kernel.outcome).toMatchObject({
      outcome: 'dead',
      failure: { code: 'POD_GONE', message: expect.stringContaining('while no gateway was running') },
    });
    expect(kernel.held).toEqual([]);
  },

  'a kernel is not given up because its pod could not be looked for': async () => {
    const kernel = await STAGES.adopting();
    await kernel.fail('adoptPod', new Error('API server is away'));
    expect(kernel.state).toBe('adopting.waiting');
    expect(kernel.emitted).toEqual([
      {
        type: 'adoption.failed',
        failure: expect.objectContaining({ code: 'POD_GONE', message: 'API server is away' }),
      },
    ]);
    await kernel.pass(RETRY - 1);
    expect(kernel.state).toBe('adopting.waiting');
    await kernel.pass(1);
    await kernel.answer('adoptPod');
    expect(kernel.state).toBe('connected.awaitingKernelInfo');
    expect(kernel.asked).toEqual(['adoptPod', 'adoptPod']);
  },

  'a kernel whose pod can not be looked for is looked for on and on, and each failure is told': async () => {
    const kernel = await STAGES.adopting();
    for (let attempt = 0; attempt < MANY; attempt += 1) {
      await kernel.fail('adoptPod', new KernelFailure(DEATH));
      await kernel.pass(RETRY);
      expect(kernel.state).toBe('adopting.looking');
    }
    expect(kernel.emitted).toEqual(Array(MANY).fill({ type: 'adoption.failed', failure: DEATH }));
    expect(kernel.held).toEqual(['pod pod-1', 'record', 'pod events']);
  },

  'a kernel that is known to be gone only after some attempts is dead': async () => {
    const kernel = await STAGES.adopting();
    await kernel.fail('adoptPod');
    await kernel.pass(RETRY);
    await kernel.answerWith('adoptPod', null);
    await ended(kernel);
    expect(kernel.outcome).toMatchObject({ outcome: 'dead', failure: { code: 'POD_GONE' } });
    expect(kernel.held).toEqual([]);
  },

  'shutdown of a kernel whose pod could not be looked for ends it': async () => {
    const kernel = await STAGES.adopting();
    await kernel.fail('adoptPod');
    await kernel.send({ type: 'shutdown' });
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'shutdown', failure: null });
    expect(kernel.held).toEqual([]);
  },

  'an adopted kernel that is too busy to answer runs all the same': async () => {
    const kernel = await STAGES.adopting();
    await kernel.answer('adoptPod');
    await kernel.pass(30_000);
    expect(kernel.state).toBe('connected.running');
    expect(kernel.emitted).toEqual([{ type: 'kernel.running' }]);
  },

  'an adopted kernel that was restarted since, and does not answer, is not taken for one that is busy':
    async () => {
      const kernel = await adoptedAndRunning();
      await kernel.send({ type: 'restart' });
      await kernel.podGone();
      await podReplaced(kernel);
      await kernel.pass(30_000);
      expect(kernel.context.failure?.code).toBe('KERNEL_INFO_TIMEOUT');
      await ended(kernel);
      expect(kernel.outcome?.outcome).toBe('dead');
    },

  'an adopted kernel that died since, and does not answer, is not taken for one that is busy': async () => {
    const kernel = await STAGES.adopting();
    await kernel.answer('adoptPod');
    await kernel.podGone();
    await podReplaced(kernel);
    await kernel.pass(30_000);
    expect(kernel.context.failure?.code).toBe('KERNEL_INFO_TIMEOUT');
  },

  'channels are told whether the kernel may be at work already': async () => {
    const kernel = await adoptedAndRunning();
    expect(kernel.ports.opened).toEqual([true]);
    await kernel.podGone();
    await podReplaced(kernel);
    expect(kernel.ports.opened).toEqual([true, false]);
    expect((await STAGES.awaitingKernelInfo()).ports.opened).toEqual([false]);
  },

  'an adopted kernel that dies before it has answered is restarted': async () => {
    const kernel = await STAGES.adopting();
    await kernel.answer('adoptPod');
    await kernel.podGone();
    expect(kernel.state).toBe('restarting.podDeleting');
  },

  'an adopted kernel is shut down like any other': async () => {
    const kernel = await adoptedAndRunning();
    await kernel.send({ type: 'shutdown' });
    expect(kernel.state).toBe('connected.shuttingDown');
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'shutdown', failure: null });
    expect(kernel.held).toEqual([]);
  },

  'shutdown of a kernel that is being adopted ends it': async () => {
    const kernel = await STAGES.adopting();
    await kernel.send({ type: 'shutdown' });
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'shutdown', failure: null });
    expect(kernel.held).toEqual([]);
  },
};
