/**
 * Makes what a kernel's manifest names. What is already there from an earlier
 * pod of the same kernel is replaced, what outlives kernels is kept.
 */
import { type Failure, KernelFailure } from '../../machines/failure.ts';
import { isServiceAccountPending } from './api-failure.ts';
import { type Cluster, ClusterError, type KubernetesObject, type ObjectKey } from './cluster.ts';
import { explained, persistently } from './cluster-patience.ts';
import { type KernelPod, kernelIdOf, uidOf } from './kernel-pod.ts';

/** Storage may hold what its user wants to keep: it is used again, and deleted by whoever made it on purpose. */
const KEPT_KINDS = new Set(['PersistentVolume', 'PersistentVolumeClaim']);
/** Milliseconds in which Kubernetes gives a namespace that was just made its service account. */
const ACCOUNT_PATIENCE = 10_000;

export interface CreationOptions {
  kernelId: string;
  /** The namespace was made a moment ago: its service account may still be on its way. */
  isFresh: boolean;
  /** Marks this very attempt: a pod that carries it was made by us, though the answer was lost. */
  launchToken: string;
  /** Until then, as `performance.now()` counts, what may pass by itself is tried again. */
  deadline: number;
  signal: AbortSignal;
}

/**
 * Creates all objects, in their order. When it is aborted, or fails, those
 * that were made stay, for the caller to remove.
 *
 * @returns the pod
 * @throws KernelFailure
 */
export async function createObjects(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  options: CreationOptions,
): Promise<KernelPod> {
  let pod: KernelPod | null = null;
  for (const object of objects) {
    const owned = pod === null || KEPT_KINDS.has(object.kind) ? object : withOwner(object, pod);
    const created = await madeSure(cluster, owned, options);
    if (object.kind === 'Pod') pod = created as KernelPod;
  }
  if (pod === null) throw new Error('a manifest without a pod');
  return pod;
}

async function madeSure(
  cluster: Cluster,
  object: KubernetesObject,
  options: CreationOptions,
): Promise<KubernetesObject> {
  const { deadline, signal, isFresh } = options;
  const accountDeadline = performance.now() + ACCOUNT_PATIENCE;
  const isPassing = (error: unknown) =>
    error instanceof StillThere || (isFresh && isAccountPending(error, accountDeadline));
  try {
    const attempt = () => createOrReplace(cluster, object, options);
    return await persistently(attempt, { deadline, signal, isPassing });
  } catch (error) {
    if (error instanceof StillThere) throw new KernelFailure(stillThere(object), { cause: error });
    throw explained(error, object);
  }
}

function isAccountPending(error: unknown, deadline: number): boolean {
  return error instanceof ClusterError && isServiceAccountPending(error) && performance.now() < deadline;
}

/** An earlier object of that name is on its way out. */
class StillThere extends Error {}

async function createOrReplace(
  cluster: Cluster,
  object: KubernetesObject,
  { kernelId, launchToken }: CreationOptions,
): Promise<KubernetesObject> {
  try {
    return await cluster.create(object);
  } catch (error) {
    if (!(error instanceof ClusterError) || error.reason !== 'AlreadyExists') throw error;
    const present = await cluster.read(keyOf(object));
    if (present === null) throw new StillThere();
    const isGoing = present.metadata.deletionTimestamp !== undefined;
    if (KEPT_KINDS.has(object.kind)) {
      if (isGoing) throw new StillThere();
      return present;
    }
    if (hasToken(present, launchToken)) return present;
    if (kernelIdOf(present) !== kernelId) throw new KernelFailure(taken(object));
    await cluster.delete(keyOf(object), { gracePeriodSeconds: 0, uid: uidOf(present) });
    throw new StillThere();
  }
}

function hasToken(object: KubernetesObject, launchToken: string): boolean {
  const containers = (object as KernelPod).spec?.containers ?? [];
  return containers.some(({ env }) => env?.some(({ value }) => value === launchToken) === true);
}

function withOwner(object: KubernetesObject, pod: KernelPod): KubernetesObject {
  const owner = { apiVersion: 'v1', kind: 'Pod', name: pod.metadata.name, uid: uidOf(pod) };
  return { ...object, metadata: { ...object.metadata, ownerReferences: [owner] } };
}

function keyOf({ apiVersion, kind, metadata }: KubernetesObject): ObjectKey {
  return { apiVersion, kind, name: metadata.name, namespace: metadata.namespace };
}

function taken({ kind, metadata }: KubernetesObject): Failure {
  return {
    code: 'POD_CREATION_FAILED',
    message: `${kind} ${metadata.name} exists already in namespace ${metadata.namespace}, and is not this kernel's.`,
    hint: 'Choose another KERNEL_POD_NAME, or let the template name it after the kernel.',
  };
}

function stillThere({ kind, metadata }: KubernetesObject): Failure {
  return {
    code: 'POD_CREATION_FAILED',
    message: `An earlier ${kind} ${metadata.name} in namespace ${metadata.namespace} is still being deleted.`,
    hint: 'Look what holds it up: its finalizers tell who has yet to agree.',
  };
}
