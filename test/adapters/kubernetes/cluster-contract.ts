/** What every cluster does: the real one, and the ones that stand for it in tests. */
import { filter, firstValueFrom, map, take, toArray } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Cluster, KubernetesObject, ResourceEvent } from '../../../src/adapters/kubernetes/cluster.ts';

export interface ClusterUnderTest {
  cluster: Cluster;
  /** Where the test may do what it likes. */
  namespace: string;
  /** Has a pod that has written these lines. */
  podThatPrints(lines: readonly string[]): Promise<{ pod: string; container: string }>;
}

const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };

/** @param begin called once for each test */
export function describeCluster(begin: () => Promise<ClusterUnderTest>): void {
  describe('an object', () => {
    test('is answered as the cluster has made it, and is read so again', async () => {
      const { cluster, namespace } = await begin();
      const created = await cluster.create(configMap('made', namespace));
      expect(created.metadata).toMatchObject({ name: 'made', namespace, uid: expect.any(String) });
      expect(await cluster.read(keyOf(created))).toEqual(created);
      expect(JSON.parse(JSON.stringify(created))).toStrictEqual(created);
    });

    test('that is not there is read as null', async () => {
      const { cluster, namespace } = await begin();
      expect(await cluster.read({ ...CONFIG_MAP, name: 'nowhere', namespace })).toBeNull();
    });

    test('cannot be made twice', async () => {
      const { cluster, namespace } = await begin();
      await cluster.create(configMap('twice', namespace));
      await expect(cluster.create(configMap('twice', namespace))).rejects.toMatchObject({
        name: expect.any(String),
        status: 409,
        reason: 'AlreadyExists',
        message: expect.stringContaining('twice'),
      });
    });

    test('is not made when the order was withdrawn before', async () => {
      const { cluster, namespace } = await begin();
      await expect(cluster.create(configMap('withdrawn', namespace), AbortSignal.abort())).rejects.toThrow();
      expect(await cluster.read({ ...CONFIG_MAP, name: 'withdrawn', namespace })).toBeNull();
    });
  });

  describe('a list', () => {
    test('holds what the labels select, and says of each object what it is', async () => {
      const { cluster, namespace } = await begin();
      await cluster.create(configMap('listed', namespace, { app: 'wanted' }));
      await cluster.create(configMap('other', namespace, { app: 'unwanted' }));
      const found = await cluster.list(CONFIG_MAP, { namespace, labelSelector: 'app=wanted' });
      expect(found).toEqual([expect.objectContaining(CONFIG_MAP)]);
      expect(found.map(nameOf)).toEqual(['listed']);
    });

    test('holds what the fields select', async () => {
      const { cluster, namespace } = await begin();
      await cluster.create(configMap('this-one', namespace));
      await cluster.create(configMap('that-one', namespace));
      const fieldSelector = 'metadata.name=that-one';
      expect((await cluster.list(CONFIG_MAP, { namespace, fieldSelector })).map(nameOf)).toEqual([
        'that-one',
      ]);
    });
  });

  describe('deleting', () => {
    test('removes an object, and is success a second time', async () => {
      const { cluster, namespace } = await begin();
      const key = keyOf(await cluster.create(configMap('deleted', namespace)));
      await cluster.delete(key);
      expect(await cluster.read(key)).toBeNull();
      await cluster.delete(key);
    });

    test('spares a successor of the same name', async () => {
      const { cluster, namespace } = await begin();
      const first = await cluster.create(configMap('succeeded', namespace));
      await cluster.delete(keyOf(first));
      const second = await cluster.create(configMap('succeeded', namespace));
      await cluster.delete(keyOf(first), { uid: uidOf(first) });
      expect(await cluster.read(keyOf(second))).not.toBeNull();
      await cluster.delete(keyOf(second), { uid: uidOf(second), gracePeriodSeconds: 0 });
      expect(await cluster.read(keyOf(second))).toBeNull();
    });
  });

  describe('a log', () => {
    test('is read from its end', async () => {
      const { cluster, namespace, podThatPrints } = await begin();
      const { pod, container } = await podThatPrints(['one', 'two', 'three']);
      expect(await cluster.podLog(namespace, pod, container, 2)).toBe('two\nthree\n');
    });

    test('of a pod that is not there is null', async () => {
      const { cluster, namespace } = await begin();
      expect(await cluster.podLog(namespace, 'nowhere', 'kernel', 5)).toBeNull();
    });
  });

  describe('a watch', () => {
    test('tells what is there, that this was all, and then what happens', async () => {
      const { cluster, namespace } = await begin();
      const labels = { app: 'watched' };
      await cluster.create(configMap('before', namespace, labels));
      const selection = { namespace, labelSelector: 'app=watched' };
      const told = firstValueFrom(
        cluster.watch(CONFIG_MAP, selection).pipe(map(inWords), take(4), toArray()),
      );
      await firstValueFrom(
        cluster.watch(CONFIG_MAP, selection).pipe(filter(({ type }) => type === 'synced')),
      );
      await cluster.create(configMap('unwanted', namespace, { app: 'other' }));
      await cluster.create(configMap('after', namespace, labels));
      await cluster.delete({ ...CONFIG_MAP, name: 'before', namespace });
      expect(await told).toEqual(['present before', 'synced', 'present after', 'absent before']);
    });

    test('tells a second one who comes later the same', async () => {
      const { cluster, namespace } = await begin();
      const selection = { namespace, labelSelector: 'app=shared' };
      await cluster.create(configMap('shared', namespace, { app: 'shared' }));
      const first = cluster.watch(CONFIG_MAP, selection);
      const { promise: synced, resolve } = Promise.withResolvers<void>();
      const following = first.subscribe(({ type }) => type === 'synced' && resolve());
      onTestFinished(() => following.unsubscribe());
      await synced;
      const second = cluster.watch(CONFIG_MAP, selection).pipe(map(inWords), take(2), toArray());
      expect(await firstValueFrom(second)).toEqual(['present shared', 'synced']);
    });
  });
}

export function configMap(
  name: string,
  namespace: string,
  labels: Record<string, string> = {},
): KubernetesObject {
  return { ...CONFIG_MAP, metadata: { name, namespace, labels } };
}

function keyOf({ metadata }: KubernetesObject) {
  return { ...CONFIG_MAP, name: metadata.name, namespace: metadata.namespace };
}

function uidOf({ metadata }: KubernetesObject): string {
  return metadata.uid ?? '';
}

function nameOf({ metadata }: KubernetesObject): string {
  return metadata.name;
}

export function inWords(event: ResourceEvent<KubernetesObject>): string {
  return event.type === 'synced' ? 'synced' : `${event.type} ${event.object.metadata.name}`;
}
