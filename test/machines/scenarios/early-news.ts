/** A pod may be quicker than the answer to the call that creates it. */
import { expect } from 'vitest';
import type { KernelUnderTest } from '../kernel-under-test.ts';
import { DEATH, podOf } from '../samples.ts';
import { ended, OWN_NAMESPACE, STAGES } from '../stages.ts';
import type { Scenarios } from './scenarios.ts';

async function ready(kernel: KernelUnderTest, uid: string): Promise<void> {
  await kernel.pod({ type: 'pod.ready', uid, pod: podOf({ uid, ip: '10.9.9.9' }) });
}

/** Creation is answered with a pod that has no address yet. */
async function created(kernel: KernelUnderTest): Promise<void> {
  await kernel.answerWith('createPod', { ip: '' });
}

/** A kernel that died after it had run: its second pod is being created. */
async function restartedToCreation(policy = {}): Promise<KernelUnderTest> {
  const kernel = await STAGES.restartDeleting({ policy });
  await kernel.answer('deletePod');
  await kernel.pass(0);
  return kernel;
}

export const earlyNews: Scenarios = {
  'a pod that is ready before its creation is answered is not waited for until the time is up': async () => {
    const kernel = await STAGES.podCreating();
    await ready(kernel, 'pod-1');
    expect(kernel.state).toBe('launching.podCreating');
    await created(kernel);
    expect(kernel.state).toBe('launching.handshaking');
    expect(kernel.context.pod?.ip).toBe('10.9.9.9');
  },

  'a pod that is gone before its creation is answered ends the launch at once, with its reason': async () => {
    const kernel = await STAGES.podCreating({ plan: OWN_NAMESPACE });
    await kernel.podGone('pod-1');
    expect(kernel.state).toBe('launching.podCreating');
    await created(kernel);
    expect(kernel.state).toBe('tearingDown.podDeleting');
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'failed', reason: null, failure: DEATH });
    expect(kernel.held).toEqual([]);
  },

  'a pod that was ready and is gone, both before its creation is answered, is gone': async () => {
    const kernel = await STAGES.podCreating();
    await ready(kernel, 'pod-1');
    await kernel.podGone('pod-1');
    await created(kernel);
    expect(kernel.state).toBe('tearingDown.podDeleting');
  },

  'a new pod that is gone before its creation is answered counts in the row of restarts': async () => {
    const kernel = await restartedToCreation();
    await kernel.podGone('pod-2');
    await created(kernel);
    expect(kernel.state).toBe('restarting.podDeleting');
    expect(kernel.context.restartsInARow).toBe(2);
    expect(kernel.emitted.at(-1)).toEqual({ type: 'kernel.restarting', automatic: true, failure: DEATH });
  },

  'a new pod that is gone before its creation is answered is the end of a row that is too long': async () => {
    const kernel = await restartedToCreation({ restartLimit: 1 });
    await kernel.podGone('pod-2');
    await created(kernel);
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'dead', reason: null, failure: DEATH });
    expect(kernel.held).toEqual([]);
  },

  'the end of another pod that is told during the creation does not end this one': async () => {
    const kernel = await restartedToCreation();
    await kernel.podGone('pod-1');
    await created(kernel);
    expect(kernel.state).toBe('launching.podPending');
    expect(kernel.context.pod).toMatchObject({ uid: 'pod-2', ip: '' });
  },

  'the readiness of another pod that is told during the creation is not that of this one': async () => {
    const kernel = await STAGES.podCreating();
    await ready(kernel, 'earlier');
    await created(kernel);
    expect(kernel.state).toBe('launching.podPending');
    expect(kernel.context.pod).toMatchObject({ uid: 'pod-1', ip: '' });
  },

  'news of the first pod are not taken for those of the second': async () => {
    const kernel = await STAGES.podCreating();
    await ready(kernel, 'pod-1');
    await created(kernel);
    await kernel.answer('awaitHandshake', 'saveRecord');
    await kernel.channel({ type: 'channels.ready' });
    await kernel.podGone();
    await kernel.answer('deletePod');
    await kernel.pass(0);
    await created(kernel);
    expect(kernel.state).toBe('launching.podPending');
  },

  'what a pod waits for is not forgotten because it said so while it was being created': async () => {
    const kernel = await STAGES.podCreating();
    await kernel.pod({ type: 'pod.pending', uid: 'pod-1', message: 'image x:1 cannot be pulled: not found' });
    await kernel.answerWith('createPod', { ip: '' });
    await kernel.pass(60_000);
    expect(kernel.context.failure?.message).toContain('image x:1 cannot be pulled');
  },
};
