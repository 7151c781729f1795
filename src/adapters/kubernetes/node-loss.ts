/** Whether a pod's node has gone silent, read from the pod alone: nodes themselves the gateway need not see. */
import type { V1Pod } from '@kubernetes/client-node';
import type { Failure } from '../../machines/ports.ts';

/**
 * When a node goes silent, the cluster sets the `Ready` condition of its pods
 * to false, and leaves alone what the node has said of their containers. Where
 * a container is not ready by itself, its own status says so too.
 *
 * https://kubernetes.io/docs/concepts/architecture/nodes/#node-controller
 */
export function nodeLossOf({ spec, status }: V1Pod): Failure | null {
  const statusOf = (type: string) => status?.conditions?.find((each) => each.type === type)?.status;
  const gates = spec?.readinessGates ?? [];
  const isSilent =
    statusOf('Ready') === 'False' &&
    statusOf('ContainersReady') === 'True' &&
    gates.every(({ conditionType }) => statusOf(conditionType) === 'True');
  if (!isSilent) return null;
  return {
    code: 'NODE_LOST',
    message: `The kernel is cut off: neither it nor its node ${spec?.nodeName ?? ''} answers any more.`,
    hint: 'Start the kernel anew. It goes to another node if there is one.',
  };
}
