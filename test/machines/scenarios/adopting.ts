import { expect } from 'vitest';
import { KernelFailure } from '../../../src/machines/failure.ts';
import { DEATH, podOf } from '../samples.ts';
import { adoptedAndRunning, ended, OWN_NAMESPACE, STAGES } from '../stages.ts';
import type { Scenarios } from './scenarios.ts';

export const adopting: Scenarios = {
  'a kernel that outlived its gateway runs on': async () => {
    const kernel = await STAGES.adopting({ plan: OWN_NAMESPACE });
    expect(kernel.state).toBe('adopting');
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

  'a kernel that can not be adopted is dead, with the reason': async () => {
    const kernel = await STAGES.adopting();
    await kernel.fail('adoptPod', new KernelFailure(DEATH));
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'dead', reason: null, failure: DEATH });
    expect(kernel.held).toEqual([]);
  },

  'an adopted kernel that is too busy to answer runs all the same': async () => {
    const kernel = await STAGES.adopting();
    await kernel.answer('adoptPod');
    await kernel.pass(30_000);
    expect(kernel.state).toBe('connected.running');
    expect(kernel.emitted).toEqual([{ type: 'kernel.running' }]);
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
