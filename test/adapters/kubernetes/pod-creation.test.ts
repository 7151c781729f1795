import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/adapters/kubernetes/cluster.ts';
import { type CreationOptions, createObjects } from '../../../src/adapters/kubernetes/pod-creation.ts';
import type { FailureCode } from '../../../src/machines/failure.ts';
import { type FakeCluster, type FakeFault, refusal } from './fake-cluster.ts';
import { newCluster, TEAM_NAMESPACE } from './provisioner-under-test.ts';

const KERNEL_ID = randomUUID();
const TOKEN = 'token-of-this-launch';
const ORDER = ['PersistentVolumeClaim', 'Secret', 'ConfigMap', 'Pod', 'Service'];

function objects(token = TOKEN, kernelId = KERNEL_ID): KubernetesObject[] {
  return ORDER.map((kind) => ({
    apiVersion: 'v1',
    kind,
    metadata: { name: kind.toLowerCase(), namespace: TEAM_NAMESPACE, labels: { kernel_id: kernelId } },
    ...(kind === 'Pod' && { spec: { containers: [{ name: 'kernel', env: [{ name: 'T', value: token }] }] } }),
  }));
}

function optionsOf(given: Partial<CreationOptions> = {}): CreationOptions {
  return {
    kernelId: KERNEL_ID,
    isFresh: false,
    launchToken: TOKEN,
    deadline: performance.now() + 5000,
    signal: new AbortController().signal,
    ...given,
  };
}

/** The fault meets the first creations of this kind, and no later ones. */
function failing(cluster: FakeCluster, kind: string, fault: FakeFault, times = 1): void {
  let left = times;
  cluster.faultFor = ({ verb, ...call }) => {
    if (verb !== 'create' || call.kind !== kind || left === 0) return null;
    left -= 1;
    return fault;
  };
}

function creations(cluster: FakeCluster): string[] {
  return cluster.calls.filter((call) => call.startsWith('create')).map((call) => call.split(' ')[1] ?? '');
}

const objectIn = (cluster: FakeCluster, kind: string) =>
  cluster.objectOf({ kind, name: kind.toLowerCase(), namespace: TEAM_NAMESPACE });

describe('the objects of a manifest', () => {
  test('are made in their order, and what comes after the pod ends with it', async () => {
    const cluster = newCluster();
    const pod = await createObjects(cluster, objects(), optionsOf());
    expect(creations(cluster)).toEqual(ORDER);
    expect(pod).toEqual(objectIn(cluster, 'Pod'));
    const owner = { apiVersion: 'v1', kind: 'Pod', name: 'pod', uid: pod.metadata.uid };
    expect(objectIn(cluster, 'Service')?.metadata.ownerReferences).toEqual([owner]);
    expect(objectIn(cluster, 'Secret')?.metadata.ownerReferences).toBeUndefined();
  });

  test('take the place of those of the kernel before, except storage, which is used again', async () => {
    const cluster = newCluster();
    await createObjects(cluster, objects('earlier token'), optionsOf({ launchToken: 'earlier token' }));
    const before = ORDER.map((kind) => objectIn(cluster, kind)?.metadata.uid);
    await createObjects(cluster, objects(), optionsOf());
    const kept = ORDER.filter((kind, index) => objectIn(cluster, kind)?.metadata.uid === before[index]);
    expect(kept).toEqual(['PersistentVolumeClaim']);
  });

  test.each(ORDER.slice(1))('never take the place of what belongs to somebody else: %s', async (kind) => {
    const cluster = newCluster();
    const theirs = objects('other', randomUUID()).find((object) => object.kind === kind) as KubernetesObject;
    cluster.put({ ...theirs, metadata: { ...theirs.metadata, uid: 'theirs' } });
    await expect(createObjects(cluster, objects(), optionsOf())).rejects.toMatchObject({
      failure: {
        code: 'POD_CREATION_FAILED',
        message: `${kind} ${kind.toLowerCase()} exists already in namespace team-a, and is not this kernel's.`,
      },
    });
    expect(objectIn(cluster, kind)?.metadata.uid).toBe('theirs');
  });
});

describe('what may pass by itself', () => {
  const TROUBLES: [string, FakeFault][] = [
    ['no answer', refusal(null, 'connection refused')],
    ['429', refusal(429, 'too many requests')],
    ['500', refusal(500, 'etcdserver: leader changed')],
    ['a conflict at the quota', refusal(409, 'Operation cannot be fulfilled on resourcequotas', 'Conflict')],
  ];

  test.each(TROUBLES)('is tried again: %s', async (_, fault) => {
    const cluster = newCluster();
    failing(cluster, 'Pod', fault, 2);
    await createObjects(cluster, objects(), optionsOf());
    expect(creations(cluster).filter((kind) => kind === 'Pod')).toHaveLength(3);
  });

  test.each(TROUBLES.slice(0, 3))(
    'is a failure with its reason when the time is over: %s',
    async (_, fault) => {
      const cluster = newCluster();
      failing(cluster, 'Pod', fault, Number.POSITIVE_INFINITY);
      const creation = createObjects(cluster, objects(), optionsOf({ deadline: performance.now() }));
      await expect(creation).rejects.toMatchObject({ failure: { code: 'CLUSTER_UNREACHABLE' } });
    },
  );

  test.each(ORDER)('is an answer that was lost, though the object was made: %s', async (kind) => {
    const cluster = newCluster();
    failing(cluster, kind, { ...refusal(null, 'timeout'), isLost: true });
    const pod = await createObjects(cluster, objects(), optionsOf());
    expect(cluster.leftOf(KERNEL_ID)).toHaveLength(ORDER.length);
    expect(pod).toEqual(objectIn(cluster, 'Pod'));
    const pods = cluster.calls.filter((call) => call === 'delete Pod pod');
    expect(pods, 'the pod that was made is the one').toEqual([]);
  });

  test('is the service account of a namespace that was just made', async () => {
    const cluster = newCluster();
    const pending = refusal(
      403,
      'pods "pod" is forbidden: error looking up service account team-a/default: serviceaccount "default" not found',
      'Forbidden',
    );
    failing(cluster, 'Pod', pending, 3);
    await createObjects(cluster, objects(), optionsOf({ isFresh: true }));
    failing(cluster, 'Pod', pending);
    await expect(
      createObjects(cluster, objects('next'), optionsOf({ launchToken: 'next' })),
    ).rejects.toMatchObject({
      failure: { code: 'SERVICE_ACCOUNT_NOT_FOUND' },
    });
  });

  test('is a pod of the kernel that is slow to die', async () => {
    const cluster = newCluster();
    const [pod] = objects('earlier').filter(({ kind }) => kind === 'Pod');
    const slow = { ...pod, metadata: { ...pod?.metadata, uid: 'slow', finalizers: ['somebody/waits'] } };
    cluster.put(slow as KubernetesObject);
    const creation = createObjects(cluster, objects(), optionsOf());
    await untilCalled(cluster, 'create Pod pod', 3);
    cluster.remove(slow as KubernetesObject);
    expect((await creation).metadata.uid).not.toBe('slow');
  });

  test('is a claim that is being deleted', async () => {
    const cluster = newCluster();
    const [claim] = objects();
    const deletionTimestamp = '2026-01-01T00:00:00Z' as unknown as Date;
    const going = { ...claim, metadata: { ...claim?.metadata, uid: 'going', deletionTimestamp } };
    cluster.put(going as KubernetesObject);
    const creation = createObjects(cluster, objects(), optionsOf());
    await untilCalled(cluster, 'create PersistentVolumeClaim persistentvolumeclaim', 2);
    cluster.remove(going as KubernetesObject);
    await creation;
  });
});

test('a pod of the kernel that does not die in time is a failure that says so', async () => {
  const cluster = newCluster();
  const [pod] = objects('earlier').filter(({ kind }) => kind === 'Pod');
  const metadata = { ...pod?.metadata, uid: 'slow', finalizers: ['somebody/waits'] };
  cluster.put({ ...pod, metadata } as KubernetesObject);
  const creation = createObjects(cluster, objects(), optionsOf({ deadline: performance.now() }));
  await expect(creation).rejects.toMatchObject({
    failure: {
      code: 'POD_CREATION_FAILED',
      message: 'An earlier Pod pod in namespace team-a is still being deleted.',
    },
  });
});

describe('a refusal for good', () => {
  test.each<[string, FakeFault, FailureCode]>([
    [
      '403',
      refusal(403, 'User "gateway" cannot create resource "pods" in API group "" in the namespace "team-a"'),
      'CLUSTER_FORBIDDEN',
    ],
    [
      '403 by quota',
      refusal(
        403,
        'pods "pod" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
      ),
      'QUOTA_EXCEEDED',
    ],
    ['404', refusal(404, 'namespaces "team-a" not found', 'NotFound'), 'NAMESPACE_NOT_FOUND'],
    ['422', refusal(422, 'Pod "pod" is invalid: spec: Required value', 'Invalid'), 'LAUNCH_REFUSED'],
  ])('is told with its code at once, and nothing is tried again: %s', async (_, fault, code) => {
    const cluster = newCluster();
    failing(cluster, 'Pod', fault);
    await expect(createObjects(cluster, objects(), optionsOf())).rejects.toMatchObject({ failure: { code } });
    expect(creations(cluster)).toEqual(ORDER.slice(0, 4));
  });
});

test('what is aborted goes no further', async () => {
  const cluster = newCluster();
  const abort = new AbortController();
  cluster.faultFor = ({ verb, kind }) => {
    if (verb === 'create' && kind === 'Secret') abort.abort();
    return null;
  };
  await expect(createObjects(cluster, objects(), optionsOf({ signal: abort.signal }))).rejects.toThrow(
    'abort',
  );
  expect(creations(cluster)).toEqual(ORDER.slice(0, 2));
});

async function untilCalled(cluster: FakeCluster, call: string, times: number): Promise<void> {
  while (cluster.calls.filter((each) => each === call).length < times) {
    await new Promise((resolve) => setImmediate(resolve));
  }
}
