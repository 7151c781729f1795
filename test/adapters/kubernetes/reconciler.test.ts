import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/adapters/kubernetes/cluster.ts';
import { kernelLabels } from '../../../src/adapters/kubernetes/kernel-labels.ts';
import { Reconciler } from '../../../src/adapters/kubernetes/reconciler.ts';
import { type FakeCluster, refusal } from './fake-cluster.ts';
import { GATEWAY_NAMESPACE, newCluster, TEAM_NAMESPACE } from './provisioner-under-test.ts';

const OWN = { 'kernelgate-gateway': 'gateway-1' };
const IN_CLUSTER = { ...OWN, 'kernelgate-gateway-namespace': GATEWAY_NAMESPACE };
const SIBLINGS = { 'kernelgate-gateway': 'gateway-0', 'kernelgate-gateway-namespace': GATEWAY_NAMESPACE };

function begin(labels: Record<string, string> = OWN, known: readonly string[] = []) {
  const cluster = newCluster();
  const log: { level: string; text: string }[] = [];
  const reconciler = new Reconciler(cluster, labels, (kernelId) => known.includes(kernelId), {
    info: (_, text) => log.push({ level: 'info', text }),
    warn: (_, text) => log.push({ level: 'warn', text }),
  });
  return { cluster, reconciler, log };
}

/** Something of a kernel, there already. */
function put(
  cluster: FakeCluster,
  kind: string,
  kernelId: string,
  labels: Record<string, string>,
  metadata: Partial<KubernetesObject['metadata']> = { namespace: TEAM_NAMESPACE },
): void {
  const name = metadata.name ?? `of-${kernelId}`;
  const own = { name, uid: randomUUID(), labels: { ...kernelLabels(kernelId), ...labels } };
  cluster.put({ apiVersion: 'v1', kind, metadata: { ...own, ...metadata, name } });
}

/** The pod of a gateway. */
function putGateway(cluster: FakeCluster, name: string, phase = 'Running'): void {
  const metadata = { name, namespace: GATEWAY_NAMESPACE, uid: randomUUID() };
  cluster.put({ apiVersion: 'v1', kind: 'Pod', metadata, status: { phase } } as KubernetesObject);
}

describe('what this gateway has left behind', () => {
  test('is removed with its namespace, which takes all along', async () => {
    const { cluster, reconciler, log } = begin();
    put(cluster, 'Namespace', 'gone', OWN, { name: 'of-gone' });
    put(cluster, 'Pod', 'gone', OWN, { namespace: 'of-gone' });
    expect(await reconciler.run()).toEqual(['gone']);
    expect(cluster.leftOf('gone')).toEqual([]);
    expect(cluster.calls.filter((call) => call.startsWith('delete'))).toEqual(['delete Namespace of-gone']);
    expect(log).toEqual([
      {
        level: 'info',
        text: 'removed what was left of kernel gone in of-gone: no gateway has it any more',
      },
    ]);
  });

  test('is removed from a namespace that is not its own, which stays', async () => {
    const { cluster, reconciler } = begin();
    for (const kind of ['Pod', 'Service', 'ConfigMap', 'Secret']) put(cluster, kind, 'gone', OWN);
    await reconciler.run();
    expect(cluster.leftOf('gone')).toEqual([]);
    expect(cluster.objectOf({ kind: 'Namespace', name: TEAM_NAMESPACE })).toBeDefined();
  });

  test('is removed when nothing but a secret is left', async () => {
    const { cluster, reconciler } = begin();
    put(cluster, 'Secret', 'gone', OWN);
    expect(await reconciler.run()).toEqual(['gone']);
    expect(cluster.leftOf('gone')).toEqual([]);
  });

  test('stays when it is storage that is not named after the kernel', async () => {
    const { cluster, reconciler } = begin();
    put(cluster, 'PersistentVolumeClaim', 'gone', OWN, { name: 'home-of-alice', namespace: TEAM_NAMESPACE });
    put(cluster, 'PersistentVolumeClaim', 'gone', OWN);
    put(cluster, 'PersistentVolume', 'gone', OWN, { name: 'scratch-of-gone' });
    await reconciler.run();
    expect(cluster.leftOf('gone')).toEqual(['PersistentVolumeClaim home-of-alice']);
  });

  test('stays when its kernel is known', async () => {
    const { cluster, reconciler } = begin(OWN, ['known']);
    put(cluster, 'Namespace', 'known', OWN, { name: 'of-known' });
    put(cluster, 'Pod', 'known', OWN);
    expect(await reconciler.run()).toEqual([]);
    expect(cluster.leftOf('known')).toHaveLength(2);
  });

  test('is left alone while its namespace is going anyway', async () => {
    const { cluster, reconciler, log } = begin();
    const deletionTimestamp = '2026-01-01T00:00:00Z' as unknown as Date;
    put(cluster, 'Namespace', 'gone', OWN, { name: 'of-gone', deletionTimestamp });
    put(cluster, 'Pod', 'gone', OWN, { namespace: 'of-gone' });
    expect(await reconciler.run()).toEqual([]);
    expect(cluster.calls.filter((call) => call.startsWith('delete'))).toEqual([]);
    expect(log).toEqual([]);
  });

  test('keeps nothing else from being removed when one deletion fails', async () => {
    const { cluster, reconciler, log } = begin();
    for (const kernelId of ['a', 'b']) {
      put(cluster, 'Pod', kernelId, OWN);
      put(cluster, 'Secret', kernelId, OWN);
    }
    cluster.faultFor = ({ verb, kind, name }) =>
      verb === 'delete' && kind === 'Pod' && name === 'of-a' ? refusal(403, 'no') : null;
    expect(await reconciler.run()).toEqual(['b']);
    expect([cluster.leftOf('a'), cluster.leftOf('b')]).toEqual([['Pod of-a'], []]);
    expect(log.map(({ level }) => level)).toEqual(['warn', 'info']);
    cluster.faultFor = () => null;
    expect(await reconciler.run()).toEqual(['a']);
  });

  test('is removed though the gateway may not see secrets', async () => {
    const { cluster, reconciler } = begin();
    put(cluster, 'Pod', 'gone', OWN);
    cluster.faultFor = ({ verb, kind }) =>
      verb === 'list' && kind === 'Secret' ? refusal(403, 'secrets is forbidden') : null;
    expect(await reconciler.run()).toEqual(['gone']);
    expect(cluster.leftOf('gone')).toEqual([]);
  });
});

describe('what others have made', () => {
  test.each([
    ['another gateway', { 'kernelgate-gateway': 'somebody-else' }],
    ['Enterprise Gateway, which has no label of its own', {}],
    ['a gateway of another namespace', { ...SIBLINGS, 'kernelgate-gateway-namespace': 'elsewhere' }],
  ])('is left alone: %s', async (_, labels) => {
    const { cluster, reconciler } = begin(IN_CLUSTER);
    putGateway(cluster, 'gateway-1');
    put(cluster, 'Namespace', 'others', labels, { name: 'of-others' });
    put(cluster, 'Pod', 'others', labels);
    expect(await reconciler.run()).toEqual([]);
    expect(cluster.leftOf('others')).toHaveLength(2);
  });

  test('is left alone when a sibling whose pod is there has made it', async () => {
    const { cluster, reconciler } = begin(IN_CLUSTER);
    putGateway(cluster, 'gateway-1');
    putGateway(cluster, 'gateway-0');
    put(cluster, 'Pod', 'siblings', SIBLINGS);
    expect(await reconciler.run()).toEqual([]);
  });

  test.each(['Failed', 'Succeeded', null])(
    'is removed when a sibling has made it whose pod has ended or is gone: %s',
    async (phase) => {
      const { cluster, reconciler } = begin(IN_CLUSTER);
      putGateway(cluster, 'gateway-1');
      if (phase !== null) putGateway(cluster, 'gateway-0', phase);
      put(cluster, 'Pod', 'siblings', SIBLINGS);
      expect(await reconciler.run()).toEqual(['siblings']);
    },
  );

  test('is left alone by a gateway that does not find even its own pod', async () => {
    const { cluster, reconciler } = begin(IN_CLUSTER);
    put(cluster, 'Pod', 'siblings', SIBLINGS);
    expect(await reconciler.run()).toEqual([]);
  });

  test('is left alone when a living sibling has a name that no label can hold', async () => {
    const name = `gateway-${'0'.repeat(80)}`;
    const { cluster, reconciler } = begin(IN_CLUSTER);
    putGateway(cluster, 'gateway-1');
    putGateway(cluster, name);
    put(cluster, 'Pod', 'siblings', { ...SIBLINGS, 'kernelgate-gateway': name.slice(0, 63) });
    expect(await reconciler.run()).toEqual([]);
  });
});

test('a cluster that does not answer is an error, and nothing is removed', async () => {
  const { cluster, reconciler } = begin();
  put(cluster, 'Pod', 'gone', OWN);
  cluster.faultFor = ({ verb }) => (verb === 'list' ? refusal(500, 'no') : null);
  await expect(reconciler.run()).rejects.toMatchObject({ status: 500 });
  expect(cluster.leftOf('gone')).toHaveLength(1);
});
