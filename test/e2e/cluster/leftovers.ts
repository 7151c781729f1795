/** What kernels have left in the cluster: nothing, when all is well. */
import type { KubernetesObject } from '@kubernetes/client-node';
import { eventually } from '../deadline.ts';
import { clusterApi, hasStatus } from './cluster-api.ts';

/** Every kind of object that a gateway makes for a kernel. Namespaces first: they take the rest along. */
const KINDS = [
  ['v1', 'Namespace'],
  ['v1', 'Pod'],
  ['v1', 'Service'],
  ['v1', 'ConfigMap'],
  ['v1', 'Secret'],
  ['v1', 'PersistentVolumeClaim'],
  ['v1', 'PersistentVolume'],
  ['rbac.authorization.k8s.io/v1', 'RoleBinding'],
] as const;

/** Objects in any namespace that carry the id of one of these kernels, those on their way out included. */
export async function leftOf(kernelIds: Iterable<string>): Promise<KubernetesObject[]> {
  const ids = new Set(kernelIds);
  if (ids.size === 0) return [];
  const lists = await Promise.all(KINDS.map(([apiVersion, kind]) => labelled(apiVersion, kind)));
  return lists.flat().filter(({ metadata }) => ids.has(metadata?.labels?.['kernel_id'] ?? ''));
}

async function labelled(apiVersion: string, kind: string): Promise<KubernetesObject[]> {
  const { objects } = await clusterApi();
  const anyOf = [undefined, undefined, undefined, undefined] as const;
  const { items } = await objects.list(apiVersion, kind, ...anyOf, undefined, 'kernel_id');
  // Lists don't say in each item what it is.
  return items.map((item) => ({ ...item, apiVersion, kind }));
}

/** Takes them away by force, and waits until they are gone. */
export async function remove(left: readonly KubernetesObject[]): Promise<void> {
  const { objects } = await clusterApi();
  const isGone = (error: unknown) => {
    if (!hasStatus(error, 404)) throw error;
  };
  for (const object of left) {
    await objects.delete(object, undefined, undefined, 0, undefined, 'Background').catch(isGone);
  }
  await eventually(60_000, `the end of ${namesOf(left)}`, async () => {
    return (await leftOf(left.map(({ metadata }) => metadata?.labels?.['kernel_id'] ?? ''))).length === 0;
  });
}

/** For people: `Pod ada-1/kernel, Namespace ada-1`. */
export function namesOf(left: readonly KubernetesObject[]): string {
  return left
    .map(({ kind, metadata }) => `${kind} ${[metadata?.namespace, metadata?.name].filter(Boolean).join('/')}`)
    .join(', ');
}
