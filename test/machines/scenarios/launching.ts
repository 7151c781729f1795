import { expect } from 'vitest';
import { KernelFailure } from '../../../src/machines/failure.ts';
import { DEATH, podOf } from '../samples.ts';
import { ended, OWN_NAMESPACE, STAGES } from '../stages.ts';
import type { Scenarios } from './scenarios.ts';

export const launching: Scenarios = {
  'a plan is checked before anything is created': async () => {
    const kernel = await STAGES.checking({ plan: OWN_NAMESPACE });
    expect(kernel.asked).toEqual(['check']);
    expect(kernel.held).toEqual(['pod events']);
    expect(kernel.snapshot.hasTag('launching')).toBe(true);
  },

  'a kernel without a namespace of its own gets its pod at once': async () => {
    const kernel = await STAGES.podCreating();
    expect(kernel.state).toBe('launching.podCreating');
    expect(kernel.asked).toEqual(['check', 'createPod']);
  },

  'a kernel with a namespace of its own gets that first': async () => {
    const kernel = await STAGES.namespaceProvisioning();
    expect(kernel.state).toBe('launching.namespaceProvisioning');
    await kernel.answer('createNamespace');
    expect(kernel.state).toBe('launching.podCreating');
    expect(kernel.asked).toEqual(['check', 'createNamespace', 'createPod']);
  },

  'a pod that has an address already is not waited for': async () => {
    const kernel = await STAGES.handshaking();
    expect(kernel.state).toBe('launching.handshaking');
    expect(kernel.context.pod?.uid).toBe('pod-1');
  },

  'a pod without an address is waited for until it is ready': async () => {
    const kernel = await STAGES.podPending();
    expect(kernel.state).toBe('launching.podPending');
    await kernel.pod({ type: 'pod.ready', uid: 'pod-1', pod: podOf({ ip: '10.9.9.9' }) });
    expect(kernel.state).toBe('launching.handshaking');
    expect(kernel.context.pod?.ip).toBe('10.9.9.9');
  },

  'what a pending pod reports is noted': async () => {
    const kernel = await STAGES.podPending();
    await kernel.pod({ type: 'pod.pending', uid: 'pod-1', message: 'pulling image x' });
    expect(kernel.context.progress).toBe('waiting for its pod (pulling image x)');
    expect(kernel.state).toBe('launching.podPending');
  },

  'news of another pod of the same kernel are not taken for those of the present one': async () => {
    const kernel = await STAGES.podPending();
    await kernel.pod({ type: 'pod.pending', uid: 'earlier', message: 'terminating' });
    await kernel.pod({ type: 'pod.ready', uid: 'earlier', pod: podOf({ uid: 'earlier' }) });
    await kernel.podGone('earlier');
    expect(kernel.state).toBe('launching.podPending');
    expect(kernel.context).toMatchObject({
      progress: 'waiting for its pod',
      failure: null,
      pod: { uid: 'pod-1', ip: '' },
    });
  },

  'the kernel is written down before its sockets are opened': async () => {
    const kernel = await STAGES.recording();
    expect(kernel.held).not.toContain('channels');
    await kernel.answer('saveRecord');
    expect(kernel.state).toBe('connected.awaitingKernelInfo');
    expect(kernel.held).toEqual(['pod pod-1', 'record', 'pod events', 'channels']);
    expect(kernel.ports.world.records.values().next().value).toMatchObject({
      pod: { uid: 'pod-1' },
      connection: { key: 'a-key' },
      startedAt: 1000,
    });
  },

  'a kernel that can not be written down runs all the same, and that is told': async () => {
    const kernel = await STAGES.recording();
    await kernel.fail('saveRecord', new Error('disk full'));
    expect(kernel.state).toBe('connected.awaitingKernelInfo');
    expect(kernel.emitted).toEqual([
      {
        type: 'record.failed',
        failure: expect.objectContaining({ code: 'RECORD_FAILED', message: 'disk full' }),
      },
    ]);
  },
};

/** The call that fails, the stage at which it is waiting, and the code of the failure that it stands for. */
const STEPS = [
  ['check', 'checking', 'LAUNCH_REFUSED'],
  ['createNamespace', 'namespaceProvisioning', 'NAMESPACE_FAILED'],
  ['createPod', 'podCreating', 'POD_CREATION_FAILED'],
  ['awaitHandshake', 'handshaking', 'HANDSHAKE_FAILED'],
] as const;

for (const [call, stage, code] of STEPS) {
  launching[`an error of ${call} is the kernel's failure, with code ${code}`] = async () => {
    const kernel = await STAGES[stage]({ plan: OWN_NAMESPACE });
    await kernel.fail(call, new Error('first line\n  second line'));
    expect(kernel.state).toBe(stage === 'checking' ? 'failed' : 'tearingDown.podDeleting');
    await ended(kernel);
    expect(kernel.outcome).toMatchObject({
      outcome: 'failed',
      failure: { code, message: 'first line | second line', hint: expect.stringMatching(/\w/) },
    });
    expect(kernel.held).toEqual([]);
  };

  launching[`a failure that ${call} explains itself is passed on as it is`] = async () => {
    const kernel = await STAGES[stage]();
    await kernel.fail(call, new KernelFailure(DEATH));
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'failed', reason: null, failure: DEATH });
  };
}

for (const stage of ['podPending', 'handshaking', 'recording'] as const) {
  launching[`a pod that is gone in ${stage} ends the launch with the reason that the pod gives`] =
    async () => {
      const kernel = await STAGES[stage]();
      await kernel.podGone();
      expect(kernel.state).toBe('tearingDown.podDeleting');
      await ended(kernel);
      expect(kernel.outcome).toEqual({ outcome: 'failed', reason: null, failure: DEATH });
      expect(kernel.held).toEqual([]);
    };
}

const LAUNCH_STAGES = [
  'checking',
  'namespaceProvisioning',
  'podCreating',
  'podPending',
  'handshaking',
  'recording',
] as const;

for (const stage of LAUNCH_STAGES) {
  launching[`a launch that takes too long in ${stage} fails, and all of it is removed`] = async () => {
    const kernel = await STAGES[stage]({ plan: OWN_NAMESPACE });
    await kernel.pass(59_999);
    expect(kernel.state).toBe(`launching.${stage}`);
    await kernel.pass(1);
    expect(kernel.state).toBe('tearingDown.podDeleting');
    await ended(kernel);
    expect(kernel.outcome).toMatchObject({ outcome: 'failed', failure: { code: 'LAUNCH_TIMEOUT' } });
    expect(kernel.held).toEqual([]);
  };

  launching[`shutdown in ${stage} cancels the launch, and all of it is removed`] = async () => {
    const kernel = await STAGES[stage]({ plan: OWN_NAMESPACE });
    await kernel.send({ type: 'shutdown' });
    expect(kernel.state).toBe(stage === 'checking' ? 'stopped' : 'tearingDown.podDeleting');
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'shutdown', failure: null });
    expect(kernel.held).toEqual([]);
  };
}

/** What a launch was waiting for when its time was up, in the words of its failure. */
const TIMED_OUT = [
  ['checking', 'checking what it was asked for'],
  ['namespaceProvisioning', 'creating its namespace'],
  ['podCreating', 'creating its pod'],
  ['podPending', 'waiting for its pod'],
  ['handshaking', 'waiting for the kernel to tell how to reach it'],
  ['recording', 'writing it down'],
] as const;

for (const [stage, words] of TIMED_OUT) {
  launching[`a launch that timed out in ${stage} says so: ${words}`] = async () => {
    const kernel = await STAGES[stage]();
    await kernel.pass(60_000);
    expect(kernel.context.failure?.message).toBe(
      `Kernel python3 was not ready within 60 s: it was still ${words}.`,
    );
  };
}

launching['a launch that timed out says what its pod reported last'] = async () => {
  const kernel = await STAGES.podPending();
  await kernel.pod({ type: 'pod.pending', uid: 'pod-1', message: 'image x:1 cannot be pulled: not found' });
  await kernel.pass(60_000);
  expect(kernel.context.failure?.message).toBe(
    'Kernel python3 was not ready within 60 s: it was still waiting for its pod (image x:1 cannot be pulled: not found).',
  );
};

launching['a launch that timed out after its pod was ready does not blame the pod'] = async () => {
  const kernel = await STAGES.podPending();
  await kernel.pod({ type: 'pod.pending', uid: 'pod-1', message: 'pulling image x' });
  await kernel.pod({ type: 'pod.ready', uid: 'pod-1', pod: podOf() });
  await kernel.pass(60_000);
  expect(kernel.context.failure?.message).not.toContain('pulling');
};

launching['the time for a launch is that of its plan, and a new policy neither ends nor lengthens it'] =
  async () => {
    const kernel = await STAGES.podPending({ plan: { launchTimeout: 90_000 } });
    await kernel.pass(80_000);
    await kernel.send({ type: 'policy.changed', policy: { kernelInfoTimeout: 1, shutdownGrace: 1 } });
    await kernel.pass(9999);
    expect(kernel.state).toBe('launching.podPending');
    await kernel.pass(1);
    expect(kernel.context.failure?.message).toContain('within 90 s');
  };

launching['a pod that is still being created when the launch is given up does not come into being'] =
  async () => {
    const kernel = await STAGES.podCreating();
    expect(kernel.held).toContain('pod pod-1');
    await kernel.send({ type: 'shutdown' });
    expect(kernel.held).toEqual(['pod events']);
  };
