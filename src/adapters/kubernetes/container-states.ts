/**
 * The containers of a kernel's pod: what was asked for, next to what has
 * become of it. The kernel's own is the first in the manifest; statuses come
 * sorted by name, so their order says nothing.
 */
import type { V1Container, V1ContainerStatus, V1Pod } from '@kubernetes/client-node';

export interface PodContainer {
  name: string;
  role: 'kernel' | 'init' | 'sidecar';
  image: string;
  /** As Kubernetes writes it, such as `2Gi`; null when the node's memory is the limit. */
  memoryLimit: string | null;
  /** Started again when it fails, so that its failure is not the pod's yet. */
  isTriedAgain: boolean;
  /** An init container that is done lets the next one start; all others, native sidecars too, do so once they have started. */
  isToEnd: boolean;
  /** Undefined until the node has taken the pod. */
  status: V1ContainerStatus | undefined;
}

/** In the order in which they start: init containers, the kernel's, sidecars. */
export function containersOf({ spec, status }: V1Pod): PodContainer[] {
  const podLimit = spec?.resources?.limits?.['memory'] ?? null;
  const isTriedAgain = spec?.restartPolicy !== 'Never';
  const view = (role: PodContainer['role'], container: V1Container): PodContainer => {
    const statuses = role === 'init' ? status?.initContainerStatuses : status?.containerStatuses;
    const own = statuses?.find(({ name }) => name === container.name);
    return {
      name: container.name,
      role,
      image: container.image ?? '',
      memoryLimit: (own?.resources ?? container.resources)?.limits?.['memory'] ?? podLimit,
      isTriedAgain: isTriedAgain || container.restartPolicy === 'Always',
      isToEnd: role === 'init' && container.restartPolicy !== 'Always',
      status: own,
    };
  };
  return [
    ...(spec?.initContainers ?? []).map((container) => view('init', container)),
    ...(spec?.containers ?? []).map((container, index) =>
      view(index === 0 ? 'kernel' : 'sidecar', container),
    ),
  ];
}

/** What a sentence about this container begins with. */
export function subjectOf({ name, role }: PodContainer): string {
  if (role === 'kernel') return "The kernel's container";
  return role === 'init' ? `Init container ${name}` : `Container ${name}`;
}
