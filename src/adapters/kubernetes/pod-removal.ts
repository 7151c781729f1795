/** Takes away what was made for a kernel, by force, in any state; what is already gone is success. */
import { firstValueFrom, merge, timer } from 'rxjs';
import type { Pod } from '../../machines/ports.ts';
import { type Cluster, ClusterError, type Selection } from './cluster.ts';
import { persistently } from './cluster-patience.ts';
import { kernelSelector, outlivesKernel } from './kernel-labels.ts';
import { type KernelPod, POD, podOf, uidOf } from './kernel-pod.ts';
import type { KernelPods } from './kernel-pods.ts';

/** Kinds that a manifest may have made beside the pod, and that are made anew with the next one. */
const COMPANIONS = ['Service', 'ConfigMap', 'Secret'];
/** Milliseconds for which an API server that has trouble is asked again, and in which a pod must be gone. */
const PATIENCE = 15_000;
/** Milliseconds between two looks at a pod whose end the watch does not tell. */
const LOOK_INTERVAL = 1000;

export interface KernelRemains {
  kernelId: string;
  namespace: string;
  /** Null: all that there are. */
  pod: Pod | null;
  /** The namespace is going to be deleted with all that is in it. */
  isNamespaceOwn: boolean;
  /** No other pod of this kernel is going to look for its volumes. */
  isLast: boolean;
}

/** @throws ClusterError @throws Error when a pod does not go */
export async function removeKernel(
  cluster: Cluster,
  pods: KernelPods,
  { kernelId, namespace, pod, isNamespaceOwn, isLast }: KernelRemains,
): Promise<void> {
  const deadline = performance.now() + PATIENCE;
  const asked = <Value>(ask: () => Promise<Value>) => persistently(ask, { deadline });
  const selection = { namespace, labelSelector: kernelSelector(kernelId) };
  const doomed = pod === null ? await asked(() => podsOf(cluster, pods, kernelId, selection)) : [pod];
  for (const each of doomed) {
    const key = { ...POD, name: each.name, namespace: each.namespace ?? namespace };
    await asked(() => cluster.delete(key, { gracePeriodSeconds: 0, ...(each.uid && { uid: each.uid }) }));
    pods.forget(kernelId, each.uid);
    const look = () => asked(() => cluster.read<KernelPod>(key));
    await untilGone(look, pods, each, deadline);
  }
  const kinds = [
    ...(isNamespaceOwn ? [] : COMPANIONS),
    ...(isLast && !isNamespaceOwn ? ['PersistentVolumeClaim'] : []),
    ...(isLast ? ['PersistentVolume'] : []),
  ];
  for (const kind of kinds) await asked(() => removeKind(cluster, kind, selection));
}

/** Those of the cluster's own list, and those that a launch command has made elsewhere. */
async function podsOf(
  cluster: Cluster,
  pods: KernelPods,
  kernelId: string,
  selection: Selection,
): Promise<Pod[]> {
  const listed = await cluster.list<KernelPod>(POD, selection);
  const found = new Map([...listed, ...pods.of(kernelId)].map((pod) => [uidOf(pod), podOf(pod, '')]));
  return [...found.values()];
}

async function untilGone(
  look: () => Promise<KernelPod | null>,
  pods: KernelPods,
  { name, uid }: Pod,
  deadline: number,
): Promise<void> {
  for (let left = await look(); left !== null && uidOf(left) === uid; left = await look()) {
    if (performance.now() >= deadline) {
      throw new Error(`pod ${name} does not go, though it was deleted by force`);
    }
    await firstValueFrom(merge(pods.removed(uid), timer(LOOK_INTERVAL)));
  }
}

async function removeKind(cluster: Cluster, kind: string, selection: Selection): Promise<void> {
  for (const object of await allowedList(cluster, kind, selection)) {
    if (outlivesKernel(object)) continue;
    const { name, uid, namespace } = object.metadata;
    await cluster.delete({ apiVersion: 'v1', kind, name, namespace }, uid === undefined ? {} : { uid });
  }
}

/** What the gateway may not see, it has not made. */
async function allowedList(cluster: Cluster, kind: string, { namespace, labelSelector }: Selection) {
  const selection = kind === 'PersistentVolume' ? { labelSelector } : { namespace, labelSelector };
  return cluster.list({ apiVersion: 'v1', kind }, selection).catch((error: unknown) => {
    if (error instanceof ClusterError && error.status === 403) return [];
    throw error;
  });
}
