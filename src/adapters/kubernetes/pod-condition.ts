/** What a kernel's pod has come to, read from its status and its events. */
import type {
  CoreV1Event,
  V1ContainerStateTerminated,
  V1ContainerStatus,
  V1Pod,
} from '@kubernetes/client-node';
import type { Failure } from '../../machines/ports.ts';
import { containersOf, type PodContainer } from './container-states.ts';
import { exitFailureOf, hasLastWords } from './exit-failure.ts';
import { outOfMemoryAtStart } from './memory-failure.ts';
import { pendingReasonOf } from './pending-reason.ts';
import { eventsOfPod, latestEvent } from './pod-events.ts';
import { deletionFailureOf, podFailureOf } from './pod-failure.ts';
import { startFailureOf } from './start-failure.ts';

export type PodCondition =
  /** `message` ends the sentence "its pod was pending (…)". */
  | { state: 'pending'; message: string }
  /** `container`: the one whose last lines may say more; null when none has any. */
  | { state: 'failed'; failure: Failure; container: string | null }
  | { state: 'ready'; ip: string; node: string | null };

/** Secrets and tokens lie in memory, in a file system as large as the pod's limit: `4` is four bytes. */
const SECRETS_DO_NOT_FIT = /kubernetes\.io~(?:projected|secret)\/.*no space left on device/;

/**
 * Only the first container, the kernel's, decides about what runs: sidecars may end, or never start, without the
 * kernel. As long as it has not started, any container that cannot start is what holds it up.
 *
 * @param events all that are known of the pod, in any order; those of other pods are left out
 */
export function podConditionOf(pod: V1Pod, events: readonly CoreV1Event[]): PodCondition {
  const own = eventsOfPod(pod, events);
  const containers = containersOf(pod);
  const kernel = containers.find(({ role }) => role === 'kernel');
  const end = endOf(kernel?.status);
  const whole = podFailureOf(pod, own);
  if (whole !== null) return { state: 'failed', failure: whole, container: null };
  if (kernel !== undefined && end !== null) return ended(pod, kernel, end, own);
  if (kernel?.status?.state?.running) return running(pod);
  if (isBeingDeleted(pod)) return { state: 'failed', failure: deletionFailureOf(pod, own), container: null };
  return notStarted(pod, containers, own);
}

/** A kernel that was started again in its pod is another one, whose ports nobody knows. */
function endOf(status: V1ContainerStatus | undefined): V1ContainerStateTerminated | null {
  return status?.state?.terminated ?? status?.lastState?.terminated ?? null;
}

function ended(
  pod: V1Pod,
  container: PodContainer,
  end: V1ContainerStateTerminated,
  events: readonly CoreV1Event[],
): PodCondition {
  if (isEndedByDeletion(pod, end)) {
    return { state: 'failed', failure: deletionFailureOf(pod, events), container: null };
  }
  return {
    state: 'failed',
    failure: exitFailureOf(container, end, events),
    container: hasLastWords(end) ? container.name : null,
  };
}

function isBeingDeleted({ metadata }: V1Pod): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

/** `deletionTimestamp` is the moment at which the grace that was given is over; both are known to the second. */
function isEndedByDeletion({ metadata }: V1Pod, { reason, finishedAt }: V1ContainerStateTerminated): boolean {
  const { deletionTimestamp, deletionGracePeriodSeconds: grace = 0 } = metadata ?? {};
  if (deletionTimestamp === undefined || reason === 'OOMKilled') return false;
  if (grace === 0 || finishedAt === undefined) return true;
  const orderedAt = new Date(deletionTimestamp).getTime() - grace * 1000;
  return new Date(finishedAt).getTime() >= orderedAt;
}

/** Its phase is `Pending` still while a sidecar has not come up, but the kernel can be reached. */
function running({ spec, status }: V1Pod): PodCondition {
  const ip = status?.podIP ?? '';
  if (ip === '') return { state: 'pending', message: 'it runs, but has no address yet' };
  return { state: 'ready', ip, node: spec?.nodeName ?? null };
}

function notStarted(
  pod: V1Pod,
  containers: readonly PodContainer[],
  events: readonly CoreV1Event[],
): PodCondition {
  for (const container of containers) {
    const failure = startFailureOf(container, events);
    if (failure !== null) return { state: 'failed', failure, container: null };
    const end = fatalEndOf(container);
    if (end !== null) return ended(pod, container, end, events);
  }
  const memory = podOutOfMemory(containers, events);
  if (memory !== null) return { state: 'failed', failure: memory, container: null };
  return { state: 'pending', message: pendingReasonOf(pod, containers, events) };
}

/** The end of a container that the kernel's waits for in vain. One that is tried again has to fail again and again. */
function fatalEndOf({ role, isTriedAgain, status }: PodContainer): V1ContainerStateTerminated | null {
  if (role === 'sidecar') return null;
  const end = endOf(status);
  if (end === null || end.exitCode === 0) return null;
  return isTriedAgain && status?.state?.waiting?.reason !== 'CrashLoopBackOff' ? null : end;
}

/** Nothing but an event tells of a limit that is too low for the pod itself; the kubelet would try forever. */
function podOutOfMemory(containers: readonly PodContainer[], events: readonly CoreV1Event[]): Failure | null {
  const memoryLimit = containers.find(({ role }) => role === 'kernel')?.memoryLimit ?? null;
  const told = latestEvent(events, ['FailedCreatePodSandBox', 'FailedMount'])?.message ?? '';
  const isOutOfMemory = /OOM-killed/i.test(told) || (memoryLimit !== null && SECRETS_DO_NOT_FIT.test(told));
  return isOutOfMemory ? outOfMemoryAtStart(memoryLimit) : null;
}
