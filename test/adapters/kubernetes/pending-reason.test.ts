import { expect, test } from 'vitest';
import { podConditionOf } from '../../../src/adapters/kubernetes/pod-condition.ts';
import { eventWith, podWith } from './recorded-pods.ts';

const unschedulable = podWith({
  status: {
    conditions: [
      {
        type: 'PodScheduled',
        status: 'False',
        reason: 'Unschedulable',
        message:
          '0/3 nodes are available: 3 Insufficient nvidia.com/gpu. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.',
      },
    ],
  },
});

const scheduled = podWith({ spec: { nodeName: 'node1' } });

test('a pod for which autoscaling brings a node waits for it', () => {
  const event = eventWith({
    reason: 'TriggeredScaleUp',
    message: 'pod triggered scale-up: [{gpu-pool 1->2 (max: 10)}]',
  });
  expect(podConditionOf(unschedulable, [event])).toEqual({
    state: 'pending',
    message: 'no node can take it: 3 Insufficient nvidia.com/gpu; autoscaling brings a node for it',
  });
});

test('a pod for which autoscaling can bring no node says why, once the autoscaler has changed its mind', () => {
  const events = [
    eventWith({
      reason: 'NotTriggerScaleUp',
      message: "pod didn't trigger scale-up: 1 max node group size reached",
      at: '2026-01-15T20:00:09Z',
    }),
    eventWith({
      reason: 'TriggeredScaleUp',
      message: 'pod triggered scale-up: []',
      at: '2026-01-15T20:00:01Z',
    }),
  ];
  expect(podConditionOf(unschedulable, events)).toEqual({
    state: 'pending',
    message:
      'no node can take it: 3 Insufficient nvidia.com/gpu; autoscaling brings no node for it: 1 max node group size reached',
  });
});

test('a volume that could not be attached at first is forgotten once the node goes on', () => {
  const events = [
    eventWith({
      reason: 'FailedAttachVolume',
      message:
        'AttachVolume.Attach failed for volume "pvc-1" : rpc error: code = Internal desc = volume is in use',
      at: '2026-01-15T20:00:05Z',
    }),
  ];
  expect(podConditionOf(scheduled, events)).toMatchObject({
    message: 'its volumes cannot be mounted: pvc-1: volume is in use',
  });
  const pulling = eventWith({
    reason: 'Pulling',
    message: 'Pulling image "example.com/kernel-py:1"',
    fieldPath: 'spec.containers{kernel}',
    at: '2026-01-15T20:00:20Z',
  });
  expect(podConditionOf(scheduled, [pulling, ...events])).toMatchObject({
    message: 'node node1 pulls image example.com/kernel-py:1',
  });
});

test('events of the same second count in the order in which they came, through whichever API', () => {
  const events = [
    eventWith({ reason: 'Scheduled', message: 'Successfully assigned', api: 'events.k8s.io' }),
    eventWith({ reason: 'Pulling', message: 'Pulling image "a"', fieldPath: 'spec.containers{kernel}' }),
    eventWith({ reason: 'Pulled', message: 'Successfully pulled', fieldPath: 'spec.containers{kernel}' }),
  ];
  expect(podConditionOf(scheduled, events)).toMatchObject({ message: 'its container is being started' });
});

test('events of an earlier pod of the same name say nothing about this one', () => {
  const event = eventWith({ reason: 'FailedMount', message: 'old trouble', uid: 'another' });
  expect(podConditionOf(scheduled, [event])).toMatchObject({ message: 'node node1 prepares it' });
});

test('a node that does not answer is named', () => {
  const event = eventWith({ reason: 'NodeNotReady', message: 'Node is not ready' });
  expect(podConditionOf(scheduled, [event])).toMatchObject({ message: 'node node1 does not answer' });
});

test('a kernel that runs without an address is waited for', () => {
  const pod = podWith({
    status: { containerStatuses: [{ name: 'kernel', state: { running: {} } }] },
  });
  expect(podConditionOf(pod, [])).toEqual({ state: 'pending', message: 'it runs, but has no address yet' });
});

test('a text of the cluster that goes on for pages is cut', () => {
  const event = eventWith({ reason: 'FailedMount', message: 'mount failed: output '.repeat(200) });
  const condition = podConditionOf(scheduled, [event]);
  expect(condition.state === 'pending' && condition.message.length).toBeLessThan(500);
});
