/** What a pending pod waits for, in words that end the sentence "its pod was pending (…)". */
import type { CoreV1Event, V1Pod } from '@kubernetes/client-node';
import type { PodContainer } from './container-states.ts';
import { isQueued } from './image-failure.ts';
import { containerOf, latestEvent } from './pod-events.ts';
import { clusterText, runtimeText } from './runtime-text.ts';
import { isOverload } from './start-failure.ts';

/** Events that say what a node is at with a pod. */
const NODE_STEPS = [
  'Pulling',
  'Pulled',
  'Created',
  'Started',
  'FailedMount',
  'FailedAttachVolume',
  'FailedMapVolume',
  'FailedCreatePodSandBox',
  'FailedCreatePodContainer',
  'NetworkNotReady',
  'NodeNotReady',
];

export function pendingReasonOf(
  pod: V1Pod,
  containers: readonly PodContainer[],
  events: readonly CoreV1Event[],
): string {
  const { nodeName } = pod.spec ?? {};
  if (nodeName === undefined || nodeName === '') return schedulingReason(pod, events);
  const awaited = containers.filter(isAwaited);
  const first = awaited[0];
  if (first?.isToEnd && first.status?.state?.running) return `init container ${first.name} is still at work`;
  return awaited.map(putOff).find((reason) => reason !== null) ?? nodeStep(nodeName, containers, events);
}

/** Has not come as far as it must, so that the next one can start. */
function isAwaited({ isToEnd, status }: PodContainer): boolean {
  return isToEnd ? status?.state?.terminated?.exitCode !== 0 : status?.started !== true;
}

/** What the node itself puts off, with the container that waits. */
function putOff({ image, status }: PodContainer): string | null {
  const message = status?.state?.waiting?.message ?? '';
  if (isQueued(message)) return `image ${image} waits for its turn: the node pulls too many at once`;
  return isOverload(message) ? `its node is slow to make the container: ${runtimeText(message)}` : null;
}

function schedulingReason(pod: V1Pod, events: readonly CoreV1Event[]): string {
  const scheduled = pod.status?.conditions?.find(({ type }) => type === 'PodScheduled');
  if (scheduled?.status !== 'False') return 'waits for the scheduler';
  if (scheduled.reason === 'SchedulingGated') {
    const gates = pod.spec?.schedulingGates?.map(({ name }) => name).join(', ');
    return `held back from scheduling${gates ? ` by ${gates}` : ''}`;
  }
  return `${unschedulable(scheduled.message ?? '')}${autoscaling(events)}`;
}

/** The scheduler goes on to tell at length that preempting others would not help. */
function unschedulable(message: string): string {
  const text = message
    .replace(/^0\/\d+ nodes are available: /, '')
    .replace(/[.,;]?\s*(?:no new claims to deallocate|preemption: |not found$).*$/s, '');
  return text === '' ? 'no node can take it' : `no node can take it: ${clusterText(text)}`;
}

function autoscaling(events: readonly CoreV1Event[]): string {
  const told = latestEvent(events, ['TriggeredScaleUp', 'NotTriggerScaleUp', 'Nominated']);
  if (told === undefined) return '';
  if (told.reason !== 'NotTriggerScaleUp') return '; autoscaling brings a node for it';
  const why = clusterText((told.message ?? '').replace(/^pod didn't trigger scale-up:?\s*/, ''));
  return `; autoscaling brings no node for it${why === '' ? '' : `: ${why}`}`;
}

function nodeStep(node: string, containers: readonly PodContainer[], events: readonly CoreV1Event[]): string {
  const step = latestEvent(events, NODE_STEPS);
  const message = step?.message ?? '';
  const about = containers.find(({ name }) => step !== undefined && name === containerOf(step));
  switch (step?.reason) {
    case undefined:
      return `node ${node} prepares it`;
    case 'Pulling':
      return `node ${node} pulls image ${about?.image ?? /"([^"]+)"/.exec(message)?.[1] ?? ''}`;
    case 'Pulled':
    case 'Created':
    case 'Started':
      return about === undefined || about.role === 'kernel'
        ? 'its container is being started'
        : `container ${about.name} is being started`;
    case 'FailedMount':
    case 'FailedAttachVolume':
    case 'FailedMapVolume':
      return `its volumes cannot be mounted: ${volumeText(message)}`;
    case 'NodeNotReady':
      return `node ${node} does not answer`;
    default:
      return `its sandbox cannot be made: ${runtimeText(message.replace(/^Failed to create pod sandbox: /, ''))}`;
  }
}

function volumeText(message: string): string {
  const text = message.replace(
    /^(?:MountVolume|AttachVolume|MapVolume)\.\w+ failed for volume "([^"]*)"\s*: /,
    '$1: ',
  );
  return runtimeText(text);
}
