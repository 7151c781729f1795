import { expect } from 'vitest';
import type { KernelUnderTest } from '../kernel-under-test.ts';
import { ended, restarted, STAGES } from '../stages.ts';
import type { Scenarios } from './scenarios.ts';

const DETACHED = { outcome: 'detached', reason: null, failure: null } as const;

export const leaving: Scenarios = {
  'a running kernel runs on without its gateway': async () => {
    const kernel = await STAGES.running();
    await kernel.send({ type: 'detach' });
    expect(kernel.state).toBe('detaching');
    await kernel.answer('detachPod');
    await expectToRunOn(kernel);
  },

  'a kernel of which the gateway can not let go runs on as well': async () => {
    const kernel = await STAGES.running();
    await kernel.send({ type: 'detach' });
    await kernel.fail('detachPod');
    await expectToRunOn(kernel);
  },

  'a kernel that is being launched is left once it can be found again': async () => {
    const kernel = await STAGES.checking();
    await kernel.send({ type: 'detach' });
    await kernel.answer('check', 'createPod', 'awaitHandshake');
    expect(kernel.state).toBe('launching.recording');
    await kernel.answer('saveRecord', 'detachPod');
    await expectToRunOn(kernel);
  },

  'a kernel that has not answered yet is left at once': async () => {
    const kernel = await STAGES.awaitingKernelInfo();
    await kernel.send({ type: 'detach' });
    await kernel.answer('detachPod');
    await expectToRunOn(kernel);
  },

  'a kernel that is being adopted is left to the next gateway': async () => {
    const kernel = await STAGES.adopting();
    await kernel.send({ type: 'detach' });
    await kernel.answer('adoptPod', 'detachPod');
    await expectToRunOn(kernel);
  },

  'a launch that fails while the gateway leaves is removed': async () => {
    const kernel = await STAGES.handshaking();
    await kernel.send({ type: 'detach' });
    await kernel.fail('awaitHandshake');
    await ended(kernel);
    expect(kernel.outcome?.outcome).toBe('failed');
    expect(kernel.held).toEqual([]);
  },

  'a kernel that is being restarted is left with its new pod': async () => {
    const kernel = await STAGES.restartDeleting();
    await kernel.send({ type: 'detach' });
    await kernel.answer('deletePod');
    await kernel.pass(0);
    await kernel.answer('createPod', 'awaitHandshake', 'saveRecord', 'detachPod');
    expect(kernel.state).toBe('detached');
    expect(kernel.held).toEqual(['pod pod-2', 'record']);
  },

  'a kernel that is asked to exit so that it restarts is left with its new pod': async () => {
    const kernel = await STAGES.shuttingDownToRestart();
    await kernel.send({ type: 'detach' });
    await kernel.podGone();
    await restarted(kernel);
    await kernel.answer('detachPod');
    expect(kernel.held).toEqual(['pod pod-2', 'record']);
  },

  'a kernel that is shut down is not kept because the gateway leaves': async () => {
    const kernel = await STAGES.shuttingDown();
    await kernel.send({ type: 'detach' });
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'shutdown', failure: null });
    expect(kernel.held).toEqual([]);
  },

  'shutdown of a kernel that is to be left, but is not ready yet, ends it': async () => {
    const kernel = await STAGES.podPending();
    await kernel.send({ type: 'detach' }, { type: 'shutdown' });
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'shutdown', failure: null });
    expect(kernel.held).toEqual([]);
  },
};

/** Nothing of it is held here any more, and another gateway finds it. */
async function expectToRunOn(kernel: KernelUnderTest): Promise<void> {
  expect(kernel.outcome).toEqual(DETACHED);
  expect(kernel.asked).not.toContain('deletePod');
  expect(kernel.held).toEqual(['pod pod-1', 'record']);
}
