/** The labels by which everything that belongs to a kernel is found again, in any namespace. */
import type { KubernetesObject } from './cluster.ts';

/** All kernels of all gateways, as Enterprise Gateway labels them too. */
export const KERNEL_SELECTOR = 'app=enterprise-gateway,component=kernel';

/** Which gateway made an object: one that is gone has left it behind. */
export const GATEWAY_LABEL = 'kernelgate-gateway';
/** The namespace of the pod which that gateway is; absent when it runs outside the cluster. */
export const GATEWAY_NAMESPACE_LABEL = 'kernelgate-gateway-namespace';

const STORAGE = ['PersistentVolume', 'PersistentVolumeClaim'];

export function kernelLabels(kernelId: string): Record<string, string> {
  return { app: 'enterprise-gateway', component: 'kernel', kernel_id: kernelId };
}

/** Everything of one kernel, whatever its component. */
export function kernelSelector(kernelId: string): string {
  return `app=enterprise-gateway,kernel_id=${kernelId}`;
}

/** Storage that is not named after its kernel may hold what its user wants to keep, and other kernels look for. */
export function outlivesKernel({ kind, metadata }: KubernetesObject): boolean {
  const kernelId = metadata.labels?.['kernel_id'] ?? '';
  return STORAGE.includes(kind) && !(kernelId !== '' && metadata.name.includes(kernelId));
}
