/** Failures for lack of memory. */
import type { Failure } from '../../machines/ports.ts';
import { type PodContainer, subjectOf } from './container-states.ts';

/** A container that the kernel of its node has killed at its limit, or because the node had nothing left. */
export function outOfMemory(container: PodContainer): Failure {
  const { memoryLimit } = container;
  const bound =
    memoryLimit === null ? 'it has no limit, the node had no more' : `its limit is ${memoryLimit}`;
  return {
    code: 'OUT_OF_MEMORY',
    message: `${subjectOf(container)} was killed: out of memory (${bound}).`,
    hint: 'Hold less in memory at once, or start the kernel with more (KERNEL_MEMORY and KERNEL_MEMORY_LIMIT, or the pod template).',
  };
}

/** A limit so low that not even the runtime's own first process fits in. */
export function outOfMemoryAtStart(memoryLimit: string | null): Failure {
  return {
    code: 'OUT_OF_MEMORY',
    message: `The kernel's pod does not fit into the memory that it may use${memoryLimit === null ? '' : ` (its limit is ${memoryLimit})`}.`,
    hint: 'Raise the limit (KERNEL_MEMORY_LIMIT, or the pod template); mind its unit: 4Gi, not 4.',
  };
}
