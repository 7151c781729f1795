import { randomUUID } from 'node:crypto';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { type KernelPod, podOf } from '../../../src/adapters/kubernetes/kernel-pod.ts';
import { KernelPods } from '../../../src/adapters/kubernetes/kernel-pods.ts';
import type { PodEvent } from '../../../src/machines/ports.ts';
import { type FakeCluster, refusal } from './fake-cluster.ts';
import {
  commandsPod,
  exits,
  inWords,
  newCluster,
  planInTeam,
  runs,
  TEAM_NAMESPACE,
} from './provisioner-under-test.ts';

const KERNEL = { kernelId: randomUUID() };

function begin(cluster = newCluster()) {
  const pods = new KernelPods(cluster);
  pods.start();
  onTestFinished(() => pods.close());
  return { cluster, pods };
}

function heard(pods: KernelPods, { kernelId } = KERNEL) {
  const news: PodEvent[] = [];
  const subscription = pods.podEvents(kernelId).subscribe((event) => news.push(event));
  onTestFinished(() => subscription.unsubscribe());
  return { news, words: () => news.map(inWords), leave: () => subscription.unsubscribe() };
}

/** A pod of the kernel, as its maker knows it. */
function made(cluster: FakeCluster, plan = KERNEL, name = `pod-${randomUUID()}`) {
  const object = commandsPod(planInTeam(plan), name);
  cluster.put(object);
  return podOf(object, '');
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a pending pod', () => {
  test('tells what it waits for, each thing once', () => {
    const { cluster, pods } = begin();
    const { words } = heard(pods);
    const pod = made(cluster);
    cluster.put(cluster.objectOf({ kind: 'Pod', name: pod.name, namespace: TEAM_NAMESPACE }) as KernelPod);
    cluster.setContainer(pod, 'Pending', { waiting: { reason: 'ContainerCreating' } });
    cluster.tellEvent(pod, 'Pulling', 'Pulling image "x"');
    cluster.tellEvent(pod, 'Pulling', 'Pulling image "x"');
    expect(words()).toEqual([
      'pending: waits for the scheduler',
      'pending: node worker-1 prepares it',
      'pending: node worker-1 pulls image x',
    ]);
  });

  test('is explained by events that came before it was followed', () => {
    const { cluster, pods } = begin();
    const pod = made(cluster);
    cluster.setContainer(pod, 'Pending', { waiting: { reason: 'ContainerCreating' } });
    cluster.tellEvent(pod, 'Pulling', 'Pulling image "x"');
    expect(heard(pods).words()).toEqual(['pending: node worker-1 pulls image x']);
  });

  test('has the events of all pods watched, and no others do', () => {
    const { cluster, pods } = begin();
    expect(cluster.watched).toEqual(['Pod']);
    const followed = heard(pods);
    made(cluster, { kernelId: randomUUID() });
    expect(cluster.watched).toEqual(['Pod']);
    const pod = made(cluster);
    expect(cluster.watched).toEqual(['Event', 'Pod']);
    runs(cluster, pod);
    expect(cluster.watched).toEqual(['Pod']);
    const second = made(cluster);
    expect(cluster.watched).toEqual(['Event', 'Pod']);
    exits(cluster, second);
    expect(cluster.watched).toEqual(['Pod']);
    made(cluster);
    followed.leave();
    expect(cluster.watched).toEqual(['Pod']);
  });

  test('shares its watches with a thousand others', () => {
    const { cluster, pods } = begin();
    for (let count = 0; count < 1000; count += 1) {
      const kernel = { kernelId: randomUUID() };
      heard(pods, kernel);
      made(cluster, kernel);
    }
    expect(cluster.watched).toEqual(['Event', 'Pod']);
  });
});

describe('a pod that runs', () => {
  test('is ready once, with its address and its node', () => {
    const { cluster, pods } = begin();
    const { news } = heard(pods);
    const pod = made(cluster);
    runs(cluster, pod, '10.0.0.7');
    cluster.put(cluster.objectOf({ kind: 'Pod', name: pod.name, namespace: TEAM_NAMESPACE }) as KernelPod);
    expect(news.slice(1)).toEqual([
      { type: 'pod.ready', uid: pod.uid, pod: { ...pod, ip: '10.0.0.7', node: 'worker-1' } },
    ]);
  });

  test('that the kernel itself has shown before the watch did is ready once', () => {
    const { cluster, pods } = begin();
    const { words } = heard(pods);
    cluster.cutWatches();
    const pod = made(cluster);
    pods.expect(KERNEL.kernelId, pod);
    pods.reached(KERNEL.kernelId, { ...pod, ip: '10.0.0.7' });
    cluster.resumeWatches();
    runs(cluster, pod, '10.0.0.7');
    expect(words()).toEqual(['ready at 10.0.0.7']);
    expect(cluster.watched).toEqual(['Pod']);
  });

  test('that the watch has shown before the kernel itself did is ready once', () => {
    const { cluster, pods } = begin();
    const { words } = heard(pods);
    const pod = made(cluster);
    runs(cluster, pod, '10.0.0.7');
    pods.reached(KERNEL.kernelId, { ...pod, ip: '10.0.0.8' });
    expect(words().slice(1)).toEqual(['ready at 10.0.0.7']);
  });

  test('is told to those who follow it later as well', () => {
    const { cluster, pods } = begin();
    heard(pods);
    runs(cluster, made(cluster), '10.0.0.7');
    expect(heard(pods).words()).toEqual(['ready at 10.0.0.7']);
  });

  test('tells when its node goes silent, and when it is back', () => {
    const { cluster, pods } = begin();
    const { news, words } = heard(pods);
    const pod = made(cluster);
    const conditions = (ready: string, containersReady: string) => {
      runs(cluster, pod);
      const object = cluster.objectOf({ kind: 'Pod', name: pod.name, namespace: TEAM_NAMESPACE });
      const status = {
        ...(object as KernelPod).status,
        conditions: [
          { type: 'Ready', status: ready },
          { type: 'ContainersReady', status: containersReady },
        ],
      };
      cluster.put({ ...object, status } as KernelPod);
    };
    conditions('True', 'True');
    conditions('False', 'False');
    expect(words()).toHaveLength(2);
    conditions('False', 'True');
    const loss = news.at(-1);
    expect(loss).toMatchObject({
      type: 'node.lost',
      uid: pod.uid,
      failure: { code: 'NODE_LOST', message: expect.stringContaining('worker-1') },
    });
    expect(heard(pods).news).toEqual([news[1], loss]);
    conditions('True', 'True');
    expect(news.at(-1)).toEqual({ type: 'node.found', uid: pod.uid });
  });
});

describe('the end of a pod', () => {
  test('is told once, with the last lines of its log', async () => {
    const { cluster, pods } = begin();
    const { news, words } = heard(pods);
    const pod = made(cluster);
    runs(cluster, pod);
    cluster.logs.set(pod.name, 'one\n\u001b[31mtwo\u001b[0m\n');
    exits(cluster, pod, 3);
    exits(cluster, pod, 3);
    await vi.waitUntil(() => words().at(-1)?.startsWith('gone'));
    cluster.remove(cluster.objectOf({ kind: 'Pod', name: pod.name, namespace: TEAM_NAMESPACE }) as KernelPod);
    expect(news.slice(2)).toMatchObject([
      { type: 'pod.gone', uid: pod.uid, failure: { message: expect.stringMatching(/code 3.*one \| two$/) } },
    ]);
  });

  test('is told although the log cannot be read', async () => {
    const { cluster, pods } = begin();
    const { words } = heard(pods);
    cluster.faultFor = ({ verb }) => (verb === 'log' ? refusal(403, 'forbidden') : null);
    exits(cluster, made(cluster));
    await vi.waitUntil(() => words().at(-1) === 'gone: CONTAINER_EXITED');
  });

  test('is told although the log hangs', async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const { cluster, pods } = begin();
    const { words } = heard(pods);
    cluster.faultFor = ({ verb }) => (verb === 'log' ? new Promise(() => {}) : null);
    exits(cluster, made(cluster));
    await vi.runAllTimersAsync();
    expect(words().at(-1)).toBe('gone: CONTAINER_EXITED');
  });

  test('is told when somebody deletes it, even while it is pending', () => {
    const { cluster, pods } = begin();
    const { words } = heard(pods);
    const pod = made(cluster);
    cluster.remove(cluster.objectOf({ kind: 'Pod', name: pod.name, namespace: TEAM_NAMESPACE }) as KernelPod);
    expect(words().at(-1)).toBe('gone: POD_DELETED');
    expect(cluster.watched).toEqual(['Pod']);
  });

  test('that came while the watch was interrupted is told when it has listed again', () => {
    const { cluster, pods } = begin();
    const { words } = heard(pods);
    const pod = made(cluster);
    runs(cluster, pod);
    cluster.cutWatches();
    cluster.remove(cluster.objectOf({ kind: 'Pod', name: pod.name, namespace: TEAM_NAMESPACE }) as KernelPod);
    expect(words()).toHaveLength(2);
    cluster.resumeWatches();
    expect(words().slice(2)).toEqual(['gone: POD_DELETED']);
  });

  test('is told of one that came and went while the watch was interrupted', async () => {
    const { cluster, pods } = begin();
    const { words } = heard(pods);
    cluster.cutWatches();
    const pod = made(cluster);
    pods.expect(KERNEL.kernelId, pod);
    cluster.remove(cluster.objectOf({ kind: 'Pod', name: pod.name, namespace: TEAM_NAMESPACE }) as KernelPod);
    let isAway = true;
    cluster.faultFor = ({ verb }) => (verb === 'read' && isAway ? refusal(null, 'connection refused') : null);
    cluster.resumeWatches();
    await turn();
    isAway = false;
    await vi.waitUntil(() => words().length > 0);
    cluster.resumeWatches();
    await turn();
    expect(words()).toEqual(['gone: POD_DELETED']);
    expect(cluster.watched).toEqual(['Pod']);
  });

  test('is not told of one that the gateway itself deleted before the watch has shown it', async () => {
    const { cluster, pods } = begin();
    const { words } = heard(pods);
    cluster.cutWatches();
    const pod = made(cluster);
    pods.expect(KERNEL.kernelId, pod);
    cluster.remove(cluster.objectOf({ kind: 'Pod', name: pod.name, namespace: TEAM_NAMESPACE }) as KernelPod);
    pods.forget(KERNEL.kernelId, pod.uid);
    cluster.resumeWatches();
    await turn();
    expect(words()).toEqual([]);
    expect(cluster.watched).toEqual(['Pod']);
  });

  test('that was told before its creation was answered is not told again', async () => {
    const { cluster, pods } = begin();
    const { words } = heard(pods);
    const pod = made(cluster);
    cluster.remove(cluster.objectOf({ kind: 'Pod', name: pod.name, namespace: TEAM_NAMESPACE }) as KernelPod);
    pods.expect(KERNEL.kernelId, pod);
    cluster.resumeWatches();
    await turn();
    expect(words()).toEqual(['pending: waits for the scheduler', 'gone: POD_DELETED']);
    expect(cluster.watched).toEqual(['Pod']);
  });

  test('is told to those who have just adopted it, who did not listen when it was told first', () => {
    const { cluster, pods } = begin();
    const { words } = heard(pods);
    const pod = made(cluster);
    cluster.remove(cluster.objectOf({ kind: 'Pod', name: pod.name, namespace: TEAM_NAMESPACE }) as KernelPod);
    pods.adopt(KERNEL.kernelId, { ...pod, ip: '10.0.0.7' });
    return vi.waitUntil(() => words().filter((word) => word === 'gone: POD_DELETED').length === 2);
  });
});

test('an adopted pod is not taken for gone because the watch has not listed yet', async () => {
  const cluster = newCluster();
  const pod = made(cluster);
  runs(cluster, pod, '10.0.0.7');
  cluster.cutWatches();
  const { pods } = begin(cluster);
  const { words } = heard(pods);
  pods.adopt(KERNEL.kernelId, { ...pod, ip: '10.0.0.7' });
  await turn();
  expect(words()).toEqual([]);
  cluster.resumeWatches();
  expect(words()).toEqual(['ready at 10.0.0.7']);
});
