import { expect } from 'vitest';
import type { PortCall } from '../pending-calls.ts';
import { ended, OWN_NAMESPACE, STAGES } from '../stages.ts';
import type { Scenarios } from './scenarios.ts';

const REMOVAL: PortCall[] = ['deletePod', 'deleteNamespace', 'deleteRecord'];
/** Milliseconds after each failed attempt at tearing down, the last one excepted. */
const TEARDOWN_WAITS = [500, 1000, 2000, 4000];

async function tearingDown() {
  const kernel = await STAGES.awaitingKernelInfo({ plan: OWN_NAMESPACE });
  await kernel.send({ type: 'shutdown' });
  return kernel;
}

export const ending: Scenarios = {
  'a running kernel is asked to exit, and removed once it has': async () => {
    const kernel = await STAGES.shuttingDown({ plan: OWN_NAMESPACE });
    expect(kernel.state).toBe('connected.shuttingDown');
    await kernel.answer('requestShutdown');
    expect(kernel.state).toBe('connected.shuttingDown');
    await kernel.podGone();
    expect(kernel.state).toBe('tearingDown.podDeleting');
    expect(kernel.held).not.toContain('channels');
    await kernel.answer(...REMOVAL);
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'shutdown', failure: null });
    expect(kernel.held).toEqual([]);
  },

  'what a kernel is busy with does not keep it from exiting: it is interrupted first': async () => {
    const kernel = await STAGES.shuttingDown();
    expect(kernel.asked.slice(-2)).toEqual(['interrupt', 'requestShutdown']);
  },

  'a kernel that can not be interrupted is asked to exit all the same': async () => {
    const kernel = await STAGES.shuttingDown();
    await kernel.fail('interrupt');
    expect(kernel.state).toBe('connected.shuttingDown');
    expect(kernel.ports.calls.waiting).toEqual(['requestShutdown']);
  },

  'a kernel that does not exit within its grace is removed by force': async () => {
    const kernel = await STAGES.shuttingDown();
    await kernel.answer('requestShutdown');
    await kernel.pass(4999);
    expect(kernel.state).toBe('connected.shuttingDown');
    await kernel.pass(1);
    expect(kernel.state).toBe('tearingDown.podDeleting');
    await ended(kernel);
    expect(kernel.outcome?.outcome).toBe('stopped');
    expect(kernel.held).toEqual([]);
  },

  'a kernel that can not be asked to exit is removed at once': async () => {
    const kernel = await STAGES.shuttingDown();
    await kernel.fail('requestShutdown');
    expect(kernel.state).toBe('tearingDown.podDeleting');
    await ended(kernel);
    expect(kernel.outcome).toEqual({ outcome: 'stopped', reason: 'shutdown', failure: null });
  },

  'the end of an earlier pod is not the end of a kernel that is asked to exit': async () => {
    const kernel = await STAGES.shuttingDown();
    await kernel.podGone('earlier');
    expect(kernel.state).toBe('connected.shuttingDown');
  },

  'what a kernel says while it exits is noted': async () => {
    const kernel = await STAGES.shuttingDown();
    await kernel.status('busy', 7000);
    await kernel.channel({ type: 'kernel.activity', at: 8000 });
    expect(kernel.context).toMatchObject({ executionState: 'busy', lastActivity: 8000 });
  },

  'the pod goes first, then the namespace, and the record last': async () => {
    const kernel = await tearingDown();
    await kernel.answer('deletePod');
    expect(kernel.held).toEqual(['namespace', 'record', 'pod events']);
    await kernel.answer('deleteNamespace');
    expect(kernel.held).toEqual(['record', 'pod events']);
    await kernel.answer('deleteRecord');
    expect(kernel.held).toEqual([]);
  },

  'a kernel without a namespace of its own has none deleted': async () => {
    const kernel = await STAGES.awaitingKernelInfo();
    await kernel.send({ type: 'shutdown' });
    await kernel.answer('deletePod', 'deleteRecord');
    expect(kernel.outcome?.outcome).toBe('stopped');
    expect(kernel.asked).not.toContain('deleteNamespace');
  },

  'removing is begun anew, later each time, until it works': async () => {
    const kernel = await tearingDown();
    for (const wait of TEARDOWN_WAITS) {
      await kernel.fail('deletePod');
      expect(kernel.state).toBe('tearingDown.retrying');
      await kernel.pass(wait - 1);
      expect(kernel.state).toBe('tearingDown.retrying');
      await kernel.pass(1);
      expect(kernel.state).toBe('tearingDown.podDeleting');
    }
    await kernel.answer(...REMOVAL);
    expect(kernel.outcome?.outcome).toBe('stopped');
    expect(kernel.held).toEqual([]);
    expect(kernel.emitted).toEqual([]);
  },

  'what can not be removed is left in the end, with its record, and that is told': async () => {
    const kernel = await tearingDown();
    for (const wait of [...TEARDOWN_WAITS, 0]) {
      await kernel.fail('deletePod');
      await kernel.pass(wait);
    }
    expect(kernel.outcome?.outcome).toBe('stopped');
    expect(kernel.held).toEqual(['namespace', 'pod pod-1', 'record']);
    expect(kernel.emitted).toEqual([
      {
        type: 'teardown.failed',
        failure: expect.objectContaining({
          code: 'TEARDOWN_INCOMPLETE',
          message: expect.stringContaining('alice-kernel'),
        }),
      },
    ]);
  },

  'shutdown of a kernel that is being removed changes nothing': async () => {
    const kernel = await STAGES.recording();
    await kernel.podGone();
    await kernel.send({ type: 'shutdown' });
    await ended(kernel);
    expect(kernel.outcome).toMatchObject({ outcome: 'failed', failure: { code: 'POD_GONE' } });
  },
};

for (const [index, call] of REMOVAL.entries()) {
  ending[`after a failure of ${call} all of the removal is tried again`] = async () => {
    const kernel = await tearingDown();
    await kernel.answer(...REMOVAL.slice(0, index));
    await kernel.fail(call);
    expect(kernel.state).toBe('tearingDown.retrying');
    await kernel.pass(500);
    await kernel.answer(...REMOVAL);
    expect(kernel.outcome?.outcome).toBe('stopped');
    expect(kernel.held).toEqual([]);
  };
}
