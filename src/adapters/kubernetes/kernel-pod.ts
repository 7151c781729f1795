/** A kernel's pod, as the API shows it, and what others want to know of it. */
import type { V1Pod } from '@kubernetes/client-node';
import type { Pod } from '../../machines/ports.ts';
import type { KubernetesObject } from './cluster.ts';

export type KernelPod = V1Pod & KubernetesObject;

export const POD = { apiVersion: 'v1', kind: 'Pod' };

/** @param ip empty as long as it has none that anyone could connect to */
export function podOf(pod: KernelPod, ip: string): Pod {
  return {
    name: pod.metadata.name,
    namespace: pod.metadata.namespace ?? null,
    ip,
    node: pod.spec?.nodeName ?? null,
    uid: uidOf(pod),
    pid: null,
  };
}

export function uidOf({ metadata }: KubernetesObject): string {
  return metadata.uid ?? '';
}

/** Empty for what belongs to no kernel. */
export function kernelIdOf({ metadata }: KubernetesObject): string {
  return metadata.labels?.['kernel_id'] ?? '';
}
