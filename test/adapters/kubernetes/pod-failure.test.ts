import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { podConditionOf } from '../../../src/adapters/kubernetes/pod-condition.ts';
import { deletionFailureOf, withLastLines } from '../../../src/adapters/kubernetes/pod-failure.ts';
import type { Failure } from '../../../src/machines/failure.ts';
import { eventWith, podWith } from './recorded-pods.ts';

const running = { name: 'kernel', started: true, state: { running: {} } };
const killed = { name: 'kernel', state: { terminated: { exitCode: 137, reason: 'Error' } } };

function doomed(reason: string, message: string) {
  return podWith({
    spec: { nodeName: 'node1' },
    metadata: { deletionTimestamp: '2026-01-15T20:00:30Z', deletionGracePeriodSeconds: 30 },
    status: {
      phase: 'Running',
      podIP: '10.244.1.7',
      conditions: [{ type: 'DisruptionTarget', status: 'True', reason, message }],
      containerStatuses: [running],
    },
  });
}

describe('a pod that was deleted', () => {
  test.each([
    [
      'PreemptionByScheduler',
      'default-scheduler: preempting to accommodate a higher priority pod',
      'POD_PREEMPTED',
    ],
    ['EvictionByEvictionAPI', 'Eviction API: evicting', 'POD_EVICTED'],
    ['DeletionByTaintManager', 'Taint manager: deleting due to NoExecute taint', 'NODE_LOST'],
    ['DeletionByPodGC', 'PodGC: node no longer exists', 'NODE_LOST'],
  ])('says by its condition who did it: %s', (reason, message, code) => {
    expect(deletionFailureOf(doomed(reason, message), []).code).toBe(code);
  });

  test.each([
    ['Preempted', 'Preempted by pod 1f0e on node node1', 'POD_PREEMPTED'],
    ['Evicted', 'The node was low on resource: memory.', 'POD_EVICTED'],
    ['TaintManagerEviction', 'Marking for deletion Pod kernels/kernel', 'NODE_LOST'],
    ['TaintManagerEviction', 'Cancelling deletion of Pod kernels/kernel', 'POD_DELETED'],
    ['NodeNotReady', 'Node is not ready', 'NODE_LOST'],
    ['Killing', 'Stopping container kernel', 'POD_DELETED'],
  ])('says it by its events where there is no such condition: %s, %s', (reason, message, code) => {
    const pod = podWith({ status: { phase: 'Running', containerStatuses: [running] } });
    expect(deletionFailureOf(pod, [eventWith({ reason, message })]).code).toBe(code);
  });
});

describe('a pod that somebody is about to take away', () => {
  test('runs on for its grace', () => {
    const pod = doomed('PreemptionByScheduler', 'preempting');
    expect(podConditionOf(pod, [])).toMatchObject({ state: 'ready' });
  });

  test('is lost at once when its node is: nobody will report its end', () => {
    const pod = doomed('DeletionByTaintManager', 'Taint manager: deleting due to NoExecute taint');
    expect(podConditionOf(pod, [])).toEqual({
      state: 'failed',
      container: null,
      failure: {
        code: 'NODE_LOST',
        message:
          "The kernel's pod is gone with its node: node node1 was shut down, removed or cut off (Taint manager: deleting due to NoExecute taint).",
        hint: 'Start the kernel anew. It goes to another node if there is one.',
      },
    });
  });

  test('is not given up as long as it is not deleted', () => {
    const pod = doomed('DeletionByTaintManager', '');
    delete pod.metadata?.deletionTimestamp;
    expect(podConditionOf(pod, [])).toMatchObject({ state: 'ready' });
  });
});

describe('a pod that failed as a whole', () => {
  test.each([
    [
      'Evicted',
      'The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi. ',
      "POD_EVICTED: The kernel's pod was evicted from node node1: The node was low on resource: memory. Threshold quantity: 100Mi, available: 52Mi.",
    ],
    [
      'Preempting',
      'Preempted in order to admit critical pod',
      "POD_PREEMPTED: The kernel's pod had to leave node node1 to a pod of higher priority.",
    ],
    [
      'Terminated',
      'Pod was terminated in response to imminent node shutdown.',
      "NODE_LOST: The kernel's pod is gone with its node: node node1 was shut down, removed or cut off (Pod was terminated in response to imminent node shutdown).",
    ],
    [
      'NodeLost',
      '',
      "NODE_LOST: The kernel's pod is gone with its node: node node1 was shut down, removed or cut off.",
    ],
    [
      'UnexpectedAdmissionError',
      'Pod was rejected: Allocate failed due to no healthy devices present',
      "POD_GONE: The kernel's pod has failed (UnexpectedAdmissionError): Allocate failed due to no healthy devices present.",
    ],
  ])('is explained by its reason: %s', (reason, message, failure) => {
    const status = { phase: 'Failed', reason, message, containerStatuses: [killed] };
    const condition = podConditionOf(podWith({ spec: { nodeName: 'node1' }, status }), []);
    expect(condition).toMatchObject({ state: 'failed', container: null });
    if (condition.state !== 'failed') return;
    expect(`${condition.failure.code}: ${condition.failure.message}`).toBe(failure);
  });

  test('is explained though nothing is known', () => {
    expect(podConditionOf(podWith({ status: { phase: 'Failed' } }), [])).toMatchObject({
      failure: { code: 'POD_GONE', message: "The kernel's pod has failed." },
    });
  });

  test('is lost when its node reports nothing any more', () => {
    expect(
      podConditionOf(podWith({ status: { phase: 'Unknown', containerStatuses: [running] } }), []),
    ).toMatchObject({
      failure: { code: 'NODE_LOST' },
    });
  });
});

describe('the last lines of a log', () => {
  const failure: Failure = {
    code: 'CONTAINER_EXITED',
    message: "The kernel's container exited with code 1.",
    hint: 'Look.',
  };

  test('are added to what happened', () => {
    const log = 'one\ntwo\n\nthree\r\nfour\n  five  \nModuleNotFoundError: No module named ipykernel\n';
    expect(withLastLines(failure, log).message).toBe(
      "The kernel's container exited with code 1: two | three | four | five | ModuleNotFoundError: No module named ipykernel",
    );
  });

  test.each([null, '', ' \n\t\n'])('change nothing when there are none: %j', (log) => {
    expect(withLastLines(failure, log)).toBe(failure);
  });

  test('come without colours, cursor movements and links', () => {
    const log = '\x1b[0;31mValueError\x1b[0m: \x1b]8;;https://example.com\x07here\x1b]8;;\x07\x00\n';
    expect(withLastLines(failure, log).message).toBe(
      "The kernel's container exited with code 1: ValueError: here",
    );
  });

  test('are found in no time among escape sequences that never end', () => {
    const log = `${'\x1b]'.repeat(200_000)}\n${'\x1b[1;'.repeat(200_000)}\nthe end\n`;
    expect(withLastLines(failure, log).message).toMatch(/the end$/);
  });

  test('stay one line of bounded length, whatever was written', () => {
    const text = fc.string({ unit: 'binary', maxLength: 400 });
    fc.assert(
      fc.property(fc.array(text, { maxLength: 12 }), (lines) => {
        const { message } = withLastLines(failure, lines.join('\n'));
        expect(message).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        expect(message.length).toBeLessThan(failure.message.length + 5 * 304);
        expect(message.isWellFormed()).toBe(true);
      }),
    );
  });
});
