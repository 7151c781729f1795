/** Failures of a pod as a whole: what its node, its scheduler or somebody else has done to it. */
import type { CoreV1Event, V1Pod, V1PodCondition } from '@kubernetes/client-node';
import type { Failure } from '../../machines/ports.ts';
import { latestEvent } from './pod-events.ts';
import { clusterText, linesOf } from './runtime-text.ts';

/** Lines of a log that are shown, the characters after which each is cut, and those of its end that are looked at. */
const SHOWN_LINES = 5;
const LONGEST_LINE = 300;
const LOG_END = 20_000;

/** `status.reason` of pods whose node went away, or is going. */
const NODE_REASONS: ReadonlySet<string> = new Set(['NodeLost', 'NodeShutdown', 'Shutdown', 'Terminated']);
/** Reasons of a `DisruptionTarget` condition that say the same. */
const NODE_DISRUPTIONS: ReadonlySet<string> = new Set(['DeletionByTaintManager', 'DeletionByPodGC']);

const RELAUNCH = 'Start the kernel anew.';

/** What has ended the pod as a whole; null when that is for its containers to say. */
export function podFailureOf(pod: V1Pod, events: readonly CoreV1Event[]): Failure | null {
  const { phase = '', reason = '' } = pod.status ?? {};
  const message = (pod.status?.message ?? '').replace(/^Pod was rejected: /, '');
  if (phase === 'Unknown' || NODE_REASONS.has(reason)) return nodeLost(pod, message);
  if (phase !== 'Failed') return isOnLostNode(pod) ? disruptionOf(pod, events) : null;
  if (reason === 'Evicted') return evictedByNode(pod, message);
  if (reason === 'Preempting' || reason === 'Preempted') return preempted(pod);
  if (reason === 'DeadlineExceeded') return pastDeadline(pod);
  if (reason !== '') return refusedByNode(pod, reason, message);
  return disruptionOf(pod, events) ?? (hasRun(pod) ? null : failedUnexplained(message));
}

/** Why a pod was deleted, of which the gateway has not asked for it. */
export function deletionFailureOf(pod: V1Pod, events: readonly CoreV1Event[]): Failure {
  return podFailureOf(pod, events) ?? disruptionOf(pod, events) ?? toldByEvents(pod, events) ?? deleted(pod);
}

/** Adds what the container wrote last, without colours and control characters, so that it stays one line. */
export function withLastLines(failure: Failure, log: string | null): Failure {
  const lines = linesOf((log ?? '').slice(-LOG_END))
    .slice(-SHOWN_LINES)
    .map((line) => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE).toWellFormed()}…` : line));
  if (lines.length === 0) return failure;
  return { ...failure, message: `${failure.message.replace(/\.$/, '')}: ${lines.join(' | ')}` };
}

/** Whoever takes a pod away on purpose says so in this condition; without a deletion it may yet change its mind. */
function disruptionTarget({ metadata, status }: V1Pod): V1PodCondition | undefined {
  if (metadata?.deletionTimestamp === undefined && status?.phase !== 'Failed') return undefined;
  return status?.conditions?.find((each) => each.type === 'DisruptionTarget' && each.status === 'True');
}

/** No kubelet is there any more to say that the containers have ended. */
function isOnLostNode(pod: V1Pod): boolean {
  return NODE_DISRUPTIONS.has(disruptionTarget(pod)?.reason ?? '');
}

function disruptionOf(pod: V1Pod, events: readonly CoreV1Event[]): Failure | null {
  const { reason = '', message = '' } = disruptionTarget(pod) ?? {};
  if (NODE_DISRUPTIONS.has(reason)) return nodeLost(pod, message);
  if (/^PreemptionBy/.test(reason)) return preempted(pod);
  if (reason === 'EvictionByEvictionAPI') return evictedOnRequest(pod, events);
  return reason === 'TerminationByKubelet' ? nodeLost(pod, message) : null;
}

/** Older clusters set no condition, but have told. */
function toldByEvents(pod: V1Pod, events: readonly CoreV1Event[]): Failure | null {
  const told = latestEvent(events, [
    'Preempted',
    'Preempting',
    'Evicted',
    'TaintManagerEviction',
    'NodeNotReady',
    'NodeShutdown',
  ]);
  const message = told?.message ?? '';
  if (/^Preempt/.test(told?.reason ?? '')) return preempted(pod);
  if (told?.reason === 'Evicted') return evictedByNode(pod, message);
  return told === undefined || /cancelling/i.test(message) ? null : nodeLost(pod, message);
}

function deleted({ metadata }: V1Pod): Failure {
  return {
    code: 'POD_DELETED',
    message: `The kernel's pod ${metadata?.name} was deleted by somebody else.`,
    hint: `${RELAUNCH} The cluster's audit log tells who deletes pods in namespace ${metadata?.namespace}.`,
  };
}

function evictedByNode(pod: V1Pod, message: string): Failure {
  return {
    code: 'POD_EVICTED',
    message: `The kernel's pod was evicted from ${nodeOf(pod)}${ending(message)}`,
    hint: `${RELAUNCH} Let it ask for the memory and disk space that it needs, so that it gets a node that has them.`,
  };
}

function evictedOnRequest(pod: V1Pod, events: readonly CoreV1Event[]): Failure {
  const told =
    latestEvent(events, ['Evicted', 'ScaleDown'])?.message ??
    'the node is drained or scaled down, or an administrator wanted it';
  return {
    code: 'POD_EVICTED',
    message: `The kernel's pod was evicted from ${nodeOf(pod)}${ending(told)}`,
    hint: `${RELAUNCH} A PodDisruptionBudget, or the annotation cluster-autoscaler.kubernetes.io/safe-to-evict: "false", spares kernels.`,
  };
}

function preempted(pod: V1Pod): Failure {
  return {
    code: 'POD_PREEMPTED',
    message: `The kernel's pod had to leave ${nodeOf(pod)} to a pod of higher priority.`,
    hint: `${RELAUNCH} A priorityClassName in the pod template gives kernels a higher priority.`,
  };
}

function nodeLost(pod: V1Pod, message: string): Failure {
  const node = nodeOf(pod);
  return {
    code: 'NODE_LOST',
    message: `The kernel's pod is gone with its node: ${node} was shut down, removed or cut off${message === '' ? '' : ` (${clusterText(message)})`}.`,
    hint: `${RELAUNCH} It goes to another node if there is one.`,
  };
}

function pastDeadline({ spec }: V1Pod): Failure {
  const seconds = spec?.activeDeadlineSeconds;
  return {
    code: 'POD_GONE',
    message: `The kernel's pod ran for as long as it may${seconds === undefined ? '' : ` (${seconds} s)`}.`,
    hint: 'Raise activeDeadlineSeconds in the pod template, or leave it out.',
  };
}

/** The kubelet checks for itself what the scheduler has sent: `OutOfcpu`, `NodeAffinity`, `UnexpectedAdmissionError` and more. */
function refusedByNode(pod: V1Pod, reason: string, message: string): Failure {
  const text = clusterText(message);
  const why = text === '' ? '' : `: ${text}`;
  if (hasRun(pod)) {
    return { code: 'POD_GONE', message: `The kernel's pod has failed (${reason})${why}.`, hint: RELAUNCH };
  }
  return {
    code: 'POD_CREATION_FAILED',
    message: `${capitalized(nodeOf(pod))} refused the kernel's pod (${reason})${why}.`,
    hint: 'Try again; if it is refused again, look at what the pod template asks of a node.',
  };
}

function failedUnexplained(message: string): Failure {
  return {
    code: 'POD_GONE',
    message: `The kernel's pod has failed${ending(message)}`,
    hint: `${RELAUNCH} The events of the pod may tell more.`,
  };
}

function hasRun({ status }: V1Pod): boolean {
  const statuses = [...(status?.initContainerStatuses ?? []), ...(status?.containerStatuses ?? [])];
  return statuses.some(
    ({ state, lastState }) => state?.terminated ?? state?.running ?? lastState?.terminated,
  );
}

function nodeOf({ spec }: V1Pod): string {
  return spec?.nodeName === undefined ? 'its node' : `node ${spec.nodeName}`;
}

function ending(message: string): string {
  const text = clusterText(message);
  return text === '' ? '.' : `: ${text}.`;
}

function capitalized(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
