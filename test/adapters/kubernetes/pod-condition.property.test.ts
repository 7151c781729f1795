import type { V1Pod } from '@kubernetes/client-node';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { podConditionOf } from '../../../src/adapters/kubernetes/pod-condition.ts';
import { eventWith, podWith } from './recorded-pods.ts';

const text = fc.string({ unit: 'binary', maxLength: 500 });
const waitingReason = fc.constantFrom(
  'ErrImagePull',
  'CreateContainerError',
  'CrashLoopBackOff',
  'ContainerCreating',
  'New',
);
const state = fc.oneof(
  fc.record({ waiting: fc.record({ reason: waitingReason, message: text }) }),
  fc.record({ running: fc.constant({}) }),
  fc.record({
    terminated: fc.record({
      exitCode: fc.integer({ min: 0, max: 255 }),
      reason: fc.constantFrom('Error', 'OOMKilled', 'StartError', 'Completed', 'ContainerStatusUnknown'),
      message: text,
    }),
  }),
);
const status = fc.record(
  {
    phase: fc.constantFrom('Pending', 'Running', 'Succeeded', 'Failed', 'Unknown'),
    reason: fc.constantFrom('', 'Evicted', 'NodeLost', 'OutOfcpu', 'Other'),
    message: text,
    podIP: fc.constantFrom('', '10.244.1.7'),
    containerStatuses: state.map((each) => [{ name: 'kernel', state: each }]),
  },
  { requiredKeys: ['phase'] },
);
const pod: fc.Arbitrary<V1Pod> = fc
  .record({ status, node: fc.constantFrom(undefined, 'node1'), deleted: fc.boolean() })
  .map((parts) =>
    podWith({
      status: parts.status,
      spec: parts.node === undefined ? {} : { nodeName: parts.node },
      metadata: parts.deleted ? { deletionTimestamp: '2026-01-15T20:00:00Z' } : {},
    }),
  );
const event = fc
  .record({
    reason: fc.constantFrom('Pulling', 'FailedMount', 'Failed', 'FailedCreatePodSandBox', 'New'),
    message: text,
  })
  .map(eventWith);

test('whatever a pod and its events say, its condition is one printable line that a person can act on', () => {
  fc.assert(
    fc.property(pod, fc.array(event, { maxLength: 4 }), (each, events) => {
      const condition = podConditionOf(each, events);
      if (condition.state === 'ready') return;
      const line = condition.state === 'pending' ? condition.message : condition.failure.message;
      expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
      expect(line.length).toBeGreaterThan(5);
      expect(line.length).toBeLessThan(700);
      if (condition.state === 'failed') expect(condition.failure.hint).not.toBe('');
    }),
  );
});
