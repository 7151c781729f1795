/** The contract of a cluster, kept by a real one; and its watch, when the way to it goes dead. */
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import type { Cluster, KubernetesObject } from '../../../src/adapters/kubernetes/cluster.ts';
import { ClusterClient, connectCluster } from '../../../src/adapters/kubernetes/cluster-client.ts';
import { loadClusterAccess } from '../../../src/adapters/kubernetes/cluster-config.ts';
import {
  configMap,
  describeCluster as describeContract,
} from '../../adapters/kubernetes/cluster-contract.ts';
import { testCluster } from './cluster-api.ts';
import { FreezingProxy } from './freezing-proxy.ts';
import { describeCluster } from './suite.ts';

const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' };
const POD = { apiVersion: 'v1', kind: 'Pod' };
const CONFIG_MAP = { apiVersion: 'v1', kind: 'ConfigMap' };
/** Within which a watch tells what has happened, in milliseconds. */
const LONGEST_DELAY = 2000;
const silent = { info: () => {}, warn: () => {} };

describeCluster('a real cluster', () => {
  let cluster: ClusterClient;
  const made: string[] = [];

  beforeAll(async () => {
    cluster = await connectCluster({ KUBECONFIG: testCluster().kubeconfig }, silent);
  });

  afterAll(async () => {
    await Promise.all(made.map((name) => cluster.delete({ ...NAMESPACE, name })));
    cluster.close();
  });

  async function newNamespace(): Promise<string> {
    const name = `kernelgate-test-${randomBytes(4).toString('hex')}`;
    made.push(name);
    await cluster.create({ ...NAMESPACE, metadata: { name } });
    return name;
  }

  describeContract(async () => {
    const namespace = await newNamespace();
    return { cluster, namespace, podThatPrints: (lines) => podThatPrints(cluster, namespace, lines) };
  });

  test('takes a namespace that is being deleted for one that may be deleted again', async () => {
    const name = await newNamespace();
    await cluster.delete({ ...NAMESPACE, name });
    await cluster.delete({ ...NAMESPACE, name });
    const left = await cluster.read({ ...NAMESPACE, name });
    expect(left === null || left.metadata.deletionTimestamp !== undefined).toBe(true);
  });

  test('refuses a pod in a namespace that is not there, and says which', async () => {
    const pod = podOf('nowhere', 'kernelgate-test-nowhere', 'true');
    await expect(cluster.create(pod)).rejects.toMatchObject({
      status: 404,
      reason: 'NotFound',
      message: 'namespaces "kernelgate-test-nowhere" not found',
    });
  });

  test('is watched without a break when connections go dead without a word', async () => {
    const namespace = await newNamespace();
    const access = await loadClusterAccess({ KUBECONFIG: testCluster().kubeconfig });
    const proxy = await new FreezingProxy(new URL(access.server)).listen();
    const far = new ClusterClient(throughProxy(access, proxy.port), { report: () => {} });
    const told = new Map<string, PromiseWithResolvers<void>>();
    const awaited = (name: string) => told.set(name, Promise.withResolvers()).get(name)?.promise;
    const synced = awaited('synced');
    const following = far.watch(CONFIG_MAP, { namespace, labelSelector: 'app=frozen' }).subscribe((event) => {
      told.get(event.type === 'synced' ? 'synced' : event.object.metadata.name)?.resolve();
    });
    onTestFinished(async () => {
      following.unsubscribe();
      far.close();
      await proxy.close();
    });
    await synced;
    for (const name of ['one', 'two', 'three']) {
      await proxy.opened;
      proxy.freeze();
      const news = awaited(name);
      const began = performance.now();
      await cluster.create(configMap(name, namespace, { app: 'frozen' }));
      await news;
      expect(performance.now() - began, name).toBeLessThan(LONGEST_DELAY);
    }
  });
});

type Access = Awaited<ReturnType<typeof loadClusterAccess>>;

/** The certificate of every API server holds this name. */
function throughProxy(access: Access, port: number): Access {
  const credentials = async () => {
    const own = await access.credentials();
    return { ...own, tls: { ...own.tls, servername: 'kubernetes.default.svc' } };
  };
  return { ...access, server: `https://127.0.0.1:${port}`, credentials };
}

async function podThatPrints(cluster: Cluster, namespace: string, lines: readonly string[]) {
  await readyNamespace(cluster, namespace);
  const pod = podOf('printing', namespace, `printf '%s\\n' ${lines.join(' ')}`);
  const { promise, resolve } = Promise.withResolvers<void>();
  const following = cluster.watch(POD, { namespace }).subscribe((event) => {
    if (event.type === 'present' && Reflect.get(event.object, 'status')?.phase === 'Succeeded') resolve();
  });
  await cluster.create(pod);
  await promise;
  following.unsubscribe();
  return { pod: 'printing', container: 'kernel' };
}

/** Pods can be made once the namespace has its service account. */
async function readyNamespace(cluster: Cluster, namespace: string): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const kind = { apiVersion: 'v1', kind: 'ServiceAccount' };
  const following = cluster.watch(kind, { namespace }).subscribe(({ type }) => {
    if (type === 'present') resolve();
  });
  await promise;
  following.unsubscribe();
}

function podOf(name: string, namespace: string, command: string): KubernetesObject {
  const image = testCluster().images.kernelPy;
  const container = {
    name: 'kernel',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['sh', '-c', command],
  };
  return {
    ...POD,
    metadata: { name, namespace },
    ...{ spec: { restartPolicy: 'Never', containers: [container] } },
  };
}
