/** A look into the cluster past the gateway, as its administrator has it. */
import { CoreV1Api, type KubeConfig, KubernetesObjectApi, type V1Pod } from '@kubernetes/client-node';
import { inject } from 'vitest';
import { eventually } from '../deadline.ts';
import { loadKubeConfig } from './kube-config.ts';

export interface ClusterApi {
  config: KubeConfig;
  core: CoreV1Api;
  /** Any kind of object. */
  objects: KubernetesObjectApi;
}

let shared: Promise<ClusterApi> | undefined;

/** One for each test file. */
export function clusterApi(): Promise<ClusterApi> {
  shared ??= connect();
  return shared;
}

/** What the set-up has found. @throws when there is no cluster */
export function testCluster() {
  const cluster = inject('cluster');
  if (!cluster.available) throw new Error(cluster.reason);
  return cluster;
}

async function connect(): Promise<ClusterApi> {
  const config = await loadKubeConfig(testCluster().kubeconfig);
  return {
    config,
    core: config.makeApiClient(CoreV1Api),
    objects: KubernetesObjectApi.makeApiClient(config),
  };
}

/** Whether an error is an answer of the API server with this status. */
export function hasStatus(error: unknown, status: number): boolean {
  return (error as { code?: unknown }).code === status;
}

/** Makes a namespace, and waits until pods can be created in it. */
export async function createNamespace(name: string, labels: Record<string, string> = {}): Promise<void> {
  const { core } = await clusterApi();
  await core.createNamespace({ body: { metadata: { name, labels } } });
  await eventually(30_000, `the service account of ${name}`, async () => {
    const { items } = await core.listNamespacedServiceAccount({ namespace: name });
    return items.length > 0;
  });
}

/** Waits until `fits` holds for the pod. @throws when it does not get there, with what the pod says of itself */
export async function podThat(
  namespace: string,
  name: string,
  what: string,
  fits: (pod: V1Pod) => boolean,
  ms = 60_000,
): Promise<V1Pod> {
  const { core } = await clusterApi();
  let last: V1Pod | undefined;
  return eventually(ms, `${what}, pod ${name}`, async () => {
    last = await core.readNamespacedPod({ namespace, name });
    return fits(last) ? last : null;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; it stands at ${JSON.stringify(last?.status)}`, { cause: error });
  });
}
