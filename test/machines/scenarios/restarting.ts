import { expect } from 'vitest';
import type { Failure } from '../../../src/machines/failure.ts';
import { DEATH } from '../samples.ts';
import { ended, OWN_NAMESPACE, restarted, STAGES } from '../stages.ts';
import type { Scenarios } from './scenarios.ts';

/** Milliseconds before each new pod of a row of automatic restarts. */
const BACKOFFS = [0, 1000, 2000, 4000, 8000, 8000];
/** Milliseconds between attempts at removing the old pod. */
const REMOVAL_WAITS = [500, 1000, 2000, 4000, 8000];

export const restarting: Scenarios = {
  'a restart asks the kernel to exit, and gives it a new pod': async () => {
    const kernel = await STAGES.shuttingDownToRestart({ plan: OWN_NAMESPACE });
    expect(kernel.emitted.at(-1)).toEqual({ type: 'kernel.restarting', automatic: false, failure: null });
    expect(kernel.context.executionState).toBe('restarting');
    await kernel.answer('requestShutdown');
    await kernel.podGone();
    expect(kernel.state).toBe('restarting.podDeleting');
    expect(kernel.snapshot.hasTag('restarting')).toBe(true);
    await restarted(kernel);
    expect(kernel.state).toBe('connected.running');
    expect(kernel.context.pod?.uid).toBe('pod-2');
    expect(kernel.emitted.at(-1)).toEqual({ type: 'kernel.running' });
    expect(kernel.held).toEqual(['namespace', 'pod pod-2', 'record', 'pod events', 'channels']);
  },

  'a kernel that ran out of memory is not restarted: it would again': async () => {
    const kernel = await STAGES.running();
    const failure: Failure = {
      code: 'OUT_OF_MEMORY',
      message: 'It took more than 1Gi.',
      hint: 'Ask for more.',
    };
    await kernel.pod({ type: 'pod.gone', uid: 'pod-1', failure });
    expect(kernel.state).toBe('tearingDown.podDeleting');
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'dead', reason: null, failure });
  },

  'a restart keeps the namespace, and checks nothing a second time': async () => {
    const kernel = await STAGES.shuttingDownToRestart({ plan: OWN_NAMESPACE });
    const before = kernel.asked.length;
    await kernel.fail('requestShutdown');
    await restarted(kernel);
    expect(kernel.asked.slice(before)).toEqual(['deletePod', 'createPod', 'awaitHandshake', 'saveRecord']);
  },

  'a kernel that does not exit within its grace is restarted by force': async () => {
    const kernel = await STAGES.shuttingDownToRestart();
    await kernel.pass(5000);
    expect(kernel.state).toBe('restarting.podDeleting');
  },

  'a kernel that can not be asked to exit is restarted at once': async () => {
    const kernel = await STAGES.shuttingDownToRestart();
    await kernel.fail('requestShutdown');
    expect(kernel.state).toBe('restarting.podDeleting');
  },

  'a second restart during the first is the same restart': async () => {
    const kernel = await STAGES.shuttingDownToRestart();
    await kernel.send({ type: 'restart' });
    await kernel.podGone();
    await kernel.send({ type: 'restart' });
    await restarted(kernel);
    expect(kernel.context.pod?.uid).toBe('pod-2');
    expect(kernel.emitted.filter(({ type }) => type === 'kernel.restarting')).toHaveLength(1);
  },

  'shutdown during a restart that still waits for the exit ends the kernel': async () => {
    const kernel = await STAGES.shuttingDownToRestart();
    await kernel.send({ type: 'shutdown' });
    await kernel.podGone();
    expect(kernel.state).toBe('tearingDown.podDeleting');
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'shutdown', failure: null });
    expect(kernel.held).toEqual([]);
  },

  'a kernel that dies gets a new pod, and the reason is told': async () => {
    const kernel = await STAGES.running({ plan: OWN_NAMESPACE });
    await kernel.podGone();
    expect(kernel.state).toBe('restarting.podDeleting');
    expect(kernel.emitted.at(-1)).toEqual({ type: 'kernel.restarting', automatic: true, failure: DEATH });
    expect(kernel.held).not.toContain('channels');
    await restarted(kernel);
    expect(kernel.state).toBe('connected.running');
    expect(kernel.context).toMatchObject({ failure: null, restartsInARow: 1, goal: 'run' });
  },

  'each new pod of a row of restarts is longer waited for': async () => {
    const kernel = await STAGES.running({ policy: { restartLimit: BACKOFFS.length } });
    for (const backoff of BACKOFFS) {
      await kernel.podGone();
      await kernel.answer('deletePod');
      await kernel.pass(backoff - 1);
      if (backoff > 0) expect(kernel.state).toBe('restarting.waiting');
      await kernel.pass(1);
      await kernel.answer('createPod', 'awaitHandshake', 'saveRecord');
      await kernel.channel({ type: 'channels.ready' });
      expect(kernel.state).toBe('connected.running');
    }
  },

  'a kernel that dies too often in a row is dead': async () => {
    const kernel = await STAGES.running({ plan: OWN_NAMESPACE, policy: { restartLimit: 2 } });
    await kernel.podGone();
    await restarted(kernel);
    await kernel.podGone();
    await kernel.answer('deletePod');
    await kernel.pass(1000);
    await kernel.answer('createPod', 'awaitHandshake', 'saveRecord');
    await kernel.channel({ type: 'channels.ready' });
    await kernel.podGone();
    expect(kernel.state).toBe('tearingDown.podDeleting');
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'dead', reason: null, failure: DEATH });
    expect(kernel.held).toEqual([]);
  },

  'a kernel that ran for long enough begins a new row': async () => {
    const kernel = await STAGES.running({ policy: { restartLimit: 1 } });
    await kernel.podGone();
    await restarted(kernel);
    await kernel.pass(9999);
    expect(kernel.context.restartsInARow).toBe(1);
    await kernel.pass(1);
    expect(kernel.context.restartsInARow).toBe(0);
    await kernel.podGone();
    expect(kernel.state).toBe('restarting.podDeleting');
  },

  'a restart by hand begins a new row': async () => {
    const kernel = await STAGES.running({ policy: { restartLimit: 1 } });
    await kernel.podGone();
    await restarted(kernel);
    await kernel.send({ type: 'restart' });
    expect(kernel.context.restartsInARow).toBe(0);
    expect(kernel.emitted.at(-1)).toMatchObject({ type: 'kernel.restarting', automatic: false });
  },

  'a new pod that dies while it is launched counts in the row': async () => {
    const kernel = await STAGES.restartDeleting();
    await kernel.answer('deletePod');
    await kernel.pass(0);
    await kernel.answer('createPod');
    expect(kernel.state).toBe('launching.handshaking');
    await kernel.podGone();
    expect(kernel.state).toBe('restarting.podDeleting');
    expect(kernel.context.restartsInARow).toBe(2);
  },

  'a new pod that dies before it answers counts in the row': async () => {
    const kernel = await STAGES.restartDeleting();
    await kernel.answer('deletePod');
    await kernel.pass(0);
    await kernel.answer('createPod', 'awaitHandshake', 'saveRecord');
    await kernel.podGone();
    expect(kernel.context.restartsInARow).toBe(2);
  },

  'a kernel whose restart takes too long is dead, not failed': async () => {
    const kernel = await STAGES.restartDeleting();
    await kernel.answer('deletePod');
    await kernel.pass(0);
    await kernel.pass(60_000);
    await ended(kernel);
    expect(kernel.outcome).toMatchObject({ outcome: 'dead', failure: { code: 'LAUNCH_TIMEOUT' } });
    expect(kernel.held).toEqual([]);
  },

  'the end of the earlier pod does not end the restart': async () => {
    const kernel = await STAGES.restartDeleting();
    await kernel.answer('deletePod');
    await kernel.podGone('pod-1');
    await kernel.pass(0);
    expect(kernel.state).toBe('launching.podCreating');
    await kernel.podGone('pod-1');
    await kernel.answer('createPod');
    await kernel.podGone('pod-1');
    expect(kernel.state).toBe('launching.handshaking');
  },

  'a restart waits until the old pod is removed, longer with each attempt': async () => {
    const kernel = await STAGES.restartDeleting();
    for (const wait of REMOVAL_WAITS) {
      await kernel.fail('deletePod', new Error('API server is away'));
      expect(kernel.state).toBe('restarting.retrying');
      await kernel.pass(wait - 1);
      expect(kernel.state).toBe('restarting.retrying');
      await kernel.pass(1);
    }
    await restarted(kernel);
    expect(kernel.state).toBe('connected.running');
    expect(kernel.context.teardownAttempts).toBe(0);
  },

  'a kernel whose pod can not be removed at all is not restarted': async () => {
    const kernel = await STAGES.restartDeleting();
    for (const wait of REMOVAL_WAITS) {
      await kernel.fail('deletePod', new Error('API server is away'));
      await kernel.pass(wait);
    }
    await kernel.fail('deletePod', new Error('API server is away'));
    expect(kernel.context.failure?.code).toBe('TEARDOWN_INCOMPLETE');
    await ended(kernel);
    expect(kernel.outcome).toMatchObject({
      outcome: 'dead',
      failure: { code: 'TEARDOWN_INCOMPLETE', message: 'API server is away' },
    });
    expect(kernel.held).toEqual([]);
  },

  'shutdown of a kernel whose pod can not be removed yet ends it': async () => {
    const kernel = await STAGES.restartDeleting();
    await kernel.fail('deletePod');
    await kernel.send({ type: 'shutdown' });
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'shutdown', failure: null });
  },
};

for (const stage of ['restartDeleting', 'restartWaiting'] as const) {
  restarting[`shutdown in ${stage} ends the kernel, and all of it is removed`] = async () => {
    const kernel = await STAGES[stage]({ plan: OWN_NAMESPACE });
    await kernel.send({ type: 'shutdown' });
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'shutdown', failure: null });
    expect(kernel.held).toEqual([]);
  };
}
