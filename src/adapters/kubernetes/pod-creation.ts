/**
 * Makes what a kernel's manifest names. What is already there from an earlier
 * pod of the same kernel is replaced, what outlives kernels is kept.
 */
import { defer, firstValueFrom, from, retry, throwError, timer } from 'rxjs';
import { type Failure, KernelFailure } from '../../machines/failure.ts';
import { creationFailureOf, isServiceAccountPending, isTransient } from './api-failure.ts';
import { type Cluster, ClusterError, type KubernetesObject, type ObjectKey } from './cluster.ts';
import type { KernelPod } from './kernel-pods.ts';

/** Storage may hold what its user wants to keep: it is used again, and deleted by whoever made it on purpose. */
const KEPT_KINDS = new Set(['PersistentVolume', 'PersistentVolumeClaim']);
/** Milliseconds: the first wait before another attempt, doubling to the last. */
const FIRST_WAIT = 20;
const LAST_WAIT = 1000;
/** Milliseconds in which Kubernetes gives a namespace that was just made its service account. */
const ACCOUNT_PATIENCE = 10_000;

export interface CreationOptions {
  kernelId: string;
  /** The namespace was made a moment ago: its service account may still be on its way. */
  isFresh: boolean;
  /** Marks this very attempt: a pod that carries it was made by us, though the answer was lost. */
  launchToken: string;
  signal: AbortSignal;
}

/** Creates all objects, in their order. @returns the pod @throws KernelFailure */
export async function createObjects(
  cluster: Cluster,
  objects: readonly KubernetesObject[],
  options: CreationOptions,
): Promise<KernelPod> {
  let pod: KernelPod | null = null;
  for (const object of objects) {
    options.signal.throwIfAborted();
    const owned = pod === null || KEPT_KINDS.has(object.kind) ? object : withOwner(object, pod);
    const created = await persistently(cluster, owned, options);
    if (object.kind === 'Pod') pod = created as KernelPod;
  }
  if (pod === null) throw new Error('a manifest without a pod');
  return pod;
}

/** Tries again what may pass by itself, until the launch is given up. */
async function persistently(
  cluster: Cluster,
  object: KubernetesObject,
  options: CreationOptions,
): Promise<KubernetesObject> {
  const begun = performance.now();
  const attempt = () => createOrReplace(cluster, object, options);
  const delay = (error: unknown, count: number) => {
    options.signal.throwIfAborted();
    if (error instanceof StillThere) return pause(count);
    if (!(error instanceof ClusterError)) return throwError(() => error);
    const isExpected =
      options.isFresh && isServiceAccountPending(error) && performance.now() - begun < ACCOUNT_PATIENCE;
    if (isExpected || isTransient(error)) return pause(count);
    return throwError(() => error);
  };
  try {
    return await firstValueFrom(defer(() => from(attempt())).pipe(retry({ delay })));
  } catch (error) {
    if (error instanceof ClusterError)
      throw new KernelFailure(creationFailureOf(error, object), { cause: error });
    throw error;
  }
}

function pause(count: number) {
  return timer(Math.min(FIRST_WAIT * 2 ** Math.min(count - 1, 10), LAST_WAIT) * (0.75 + Math.random() / 2));
}

/** An earlier object of that name is on its way out. */
class StillThere extends Error {}

async function createOrReplace(
  cluster: Cluster,
  object: KubernetesObject,
  options: CreationOptions,
): Promise<KubernetesObject> {
  try {
    return await cluster.create(object, options.signal);
  } catch (error) {
    if (!(error instanceof ClusterError) || error.reason !== 'AlreadyExists') throw error;
    const present = await cluster.read(keyOf(object), options.signal);
    if (present === null) throw new StillThere();
    if (KEPT_KINDS.has(object.kind) || hasToken(present, options.launchToken)) return present;
    if (present.metadata.labels?.['kernel_id'] !== options.kernelId) throw new KernelFailure(taken(object));
    await cluster.delete(keyOf(object), { gracePeriodSeconds: 0, uid: present.metadata.uid ?? '' });
    throw new StillThere();
  }
}

function hasToken(object: KubernetesObject, launchToken: string): boolean {
  const containers = (object as KernelPod).spec?.containers ?? [];
  return containers.some(({ env }) => env?.some(({ value }) => value === launchToken) === true);
}

function withOwner(object: KubernetesObject, pod: KernelPod): KubernetesObject {
  const { name, uid = '' } = pod.metadata;
  const owner = { apiVersion: 'v1', kind: 'Pod', name, uid };
  return { ...object, metadata: { ...object.metadata, ownerReferences: [owner] } };
}

export function keyOf({ apiVersion, kind, metadata }: KubernetesObject): ObjectKey {
  return { apiVersion, kind, name: metadata.name, namespace: metadata.namespace };
}

function taken({ kind, metadata }: KubernetesObject): Failure {
  return {
    code: 'POD_CREATION_FAILED',
    message: `${kind} ${metadata.name} exists already in namespace ${metadata.namespace}, and is not this kernel's.`,
    hint: 'Choose another KERNEL_POD_NAME, or let the template name it after the kernel.',
  };
}
