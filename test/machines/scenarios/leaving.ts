import { expect } from 'vitest';
import type { KernelUnderTest } from '../kernel-under-test.ts';
import { DEATH } from '../samples.ts';
import { ended, podReplaced, STAGES } from '../stages.ts';
import type { Scenarios } from './scenarios.ts';

/** What a kernel that is left still asks for. */
const FAREWELL = ['saveRecord', 'detachPod'] as const;
const DETACHED = { outcome: 'detached', reason: null, failure: null } as const;

export const leaving: Scenarios = {
  'a running kernel runs on without its gateway': async () => {
    const kernel = await STAGES.running();
    await kernel.send({ type: 'detach' });
    expect(kernel.state).toBe('detaching.recording');
    await kernel.answer('saveRecord');
    expect(kernel.state).toBe('detaching.lettingGo');
    await kernel.answer('detachPod');
    await expectToRunOn(kernel);
  },

  'a kernel of which the gateway can not let go runs on as well': async () => {
    const kernel = await STAGES.running();
    await kernel.send({ type: 'detach' });
    await kernel.answer('saveRecord');
    await kernel.fail('detachPod');
    await expectToRunOn(kernel);
  },

  'a kernel that is left is written down once more, with what has changed since its launch': async () => {
    const kernel = await STAGES.running();
    await kernel.status('idle', 9000);
    await kernel.send({ type: 'detach' });
    await kernel.answer(...FAREWELL);
    expect(kernel.ports.world.records.get(kernel.id)?.lastActivity).toBe(9000);
  },

  'a kernel that can not be written down once more is left all the same, and that is told': async () => {
    const kernel = await STAGES.running();
    await kernel.send({ type: 'detach' });
    await kernel.fail('saveRecord', new Error('disk full'));
    expect(kernel.emitted.at(-1)).toEqual({
      type: 'record.failed',
      failure: expect.objectContaining({ code: 'RECORD_FAILED', message: 'disk full' }),
    });
    await kernel.answer('detachPod');
    await expectToRunOn(kernel);
  },

  'a kernel that is being launched is left once it can be found again': async () => {
    const kernel = await STAGES.checking();
    await kernel.send({ type: 'detach' });
    await kernel.answer('check', 'createPod', 'awaitHandshake');
    expect(kernel.state).toBe('launching.recording');
    await kernel.answer('saveRecord', ...FAREWELL);
    await expectToRunOn(kernel);
  },

  'a kernel that has not answered yet is left at once': async () => {
    const kernel = await STAGES.awaitingKernelInfo();
    await kernel.send({ type: 'detach' });
    await kernel.answer(...FAREWELL);
    await expectToRunOn(kernel);
  },

  'a kernel that is being adopted is left to the next gateway': async () => {
    const kernel = await STAGES.adopting();
    await kernel.send({ type: 'detach' });
    expect(kernel.outcome).toMatchObject({ outcome: 'detached', failure: null });
  },

  'a launch that fails while the gateway leaves is removed': async () => {
    const kernel = await STAGES.handshaking();
    await kernel.send({ type: 'detach' });
    await kernel.fail('awaitHandshake');
    await ended(kernel);
    expect(kernel.outcome?.outcome).toBe('failed');
    expect(kernel.held).toEqual([]);
  },

  'a kernel that is left while it is restarted after its death is left with its new pod, and not reported dead':
    async () => {
      const kernel = await STAGES.restartDeleting();
      expect(kernel.context.failure).toEqual(DEATH);
      await kernel.send({ type: 'detach' });
      await podReplaced(kernel);
      await kernel.answer(...FAREWELL);
      expect(kernel.outcome).toEqual(DETACHED);
      expect(kernel.held).toEqual(['pod pod-2', 'record']);
    },

  'a kernel that is asked to exit so that it restarts is left with its new pod': async () => {
    const kernel = await STAGES.shuttingDownToRestart();
    await kernel.send({ type: 'detach' });
    await kernel.podGone();
    await podReplaced(kernel);
    await kernel.answer(...FAREWELL);
    expect(kernel.outcome).toEqual(DETACHED);
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
