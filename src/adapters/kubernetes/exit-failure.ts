/** What the end of a container means. */
import type { CoreV1Event, V1ContainerStateTerminated } from '@kubernetes/client-node';
import type { Failure } from '../../machines/ports.ts';
import { type PodContainer, subjectOf } from './container-states.ts';
import { outOfMemory } from './memory-failure.ts';
import { containerOf, latestEvent } from './pod-events.ts';
import { clusterText } from './runtime-text.ts';
import { notStarted } from './start-failure.ts';

/** Signals that end processes, by number on Linux (signal(7)), in words. */
const SIGNALS: Readonly<Record<number, string>> = {
  1: 'SIGHUP: hang-up',
  2: 'SIGINT: interrupted',
  3: 'SIGQUIT: quit',
  4: 'SIGILL: illegal instruction',
  5: 'SIGTRAP: trap',
  6: 'SIGABRT: aborted',
  7: 'SIGBUS: bad memory access',
  8: 'SIGFPE: arithmetic error',
  9: 'SIGKILL: killed',
  11: 'SIGSEGV: segmentation fault',
  13: 'SIGPIPE: broken pipe',
  14: 'SIGALRM: alarm',
  15: 'SIGTERM: asked to end',
  24: 'SIGXCPU: processor time exceeded',
  25: 'SIGXFSZ: file too large',
  31: 'SIGSYS: forbidden system call',
};

const SIGKILL = 9;

/** A shell, and the runtime, answer 128 + n for a process that signal n has ended. */
export function signalOf({ exitCode, signal }: V1ContainerStateTerminated): number | null {
  if (signal) return signal;
  return exitCode > 128 && exitCode - 128 in SIGNALS ? exitCode - 128 : null;
}

/** Whether the last lines of the container's log have to do with its end: one that was killed had no last words. */
export function hasLastWords(terminated: V1ContainerStateTerminated): boolean {
  return !isNeverStarted(terminated) && terminated.reason !== 'OOMKilled' && signalOf(terminated) !== SIGKILL;
}

export function exitFailureOf(
  container: PodContainer,
  terminated: V1ContainerStateTerminated,
  events: readonly CoreV1Event[],
): Failure {
  const { reason, message = '' } = terminated;
  if (reason === 'OOMKilled') return outOfMemory(container);
  if (isNeverStarted(terminated)) return notStarted(container, message);
  if (reason === 'ContainerStatusUnknown') return lostByNode(container);
  const byProbe = killedByProbe(container, events);
  if (byProbe !== null && signalOf(terminated) !== null) return byProbe;
  if (signalOf(terminated) === SIGKILL) return killed(container);
  return exited(container, terminated);
}

/** `StartError` is containerd's word, `ContainerCannotRun` Docker's. */
function isNeverStarted({ reason }: V1ContainerStateTerminated): boolean {
  return reason === 'StartError' || reason === 'ContainerCannotRun';
}

function killed(container: PodContainer): Failure {
  return {
    code: 'CONTAINER_EXITED',
    message: `${subjectOf(container)} was killed from outside (exit code 137, SIGKILL).`,
    hint: 'When nobody did so, the node may have run out of memory: look into the events of the pod and of its node.',
  };
}

function exited(container: PodContainer, terminated: V1ContainerStateTerminated): Failure {
  const { exitCode, message = '' } = terminated;
  const signal = signalOf(terminated);
  const meaning = signal === null ? '' : ` (${SIGNALS[signal] ?? `signal ${signal}`})`;
  const said = clusterText(message);
  return {
    code: 'CONTAINER_EXITED',
    message: `${subjectOf(container)} exited with code ${exitCode}${meaning}${said === '' ? '' : `: ${said}`}.`,
    hint: exitHint(container, exitCode),
  };
}

function exitHint({ role, name }: PodContainer, exitCode: number): string {
  if (role === 'kernel' && exitCode === 0) return 'The kernel ended by itself: start it anew.';
  if (exitCode === 126 || exitCode === 127) {
    return 'Its command was not found or may not be executed: check the command of the pod template, and the image.';
  }
  return role === 'kernel'
    ? 'Look at what the kernel wrote last, and start it anew.'
    : `Look into the log of container ${name}.`;
}

/** The kubelet kills what fails its probes; the exit code does not tell. */
function killedByProbe(container: PodContainer, events: readonly CoreV1Event[]): Failure | null {
  if (latestEvent(events, ['Killing'], container.name) === undefined) return null;
  const told = events.filter((event) => containerOf(event) === container.name);
  const hook = told.some(({ reason }) => reason === 'FailedPostStartHook');
  const probe = told
    .map(({ message }) => /^(Liveness|Startup) probe failed/.exec(message ?? '')?.[1]?.toLowerCase())
    .findLast((name) => name !== undefined);
  if (!hook && probe === undefined) return null;
  return {
    code: 'CONTAINER_EXITED',
    message: `${subjectOf(container)} was killed by its node: its ${hook ? 'postStart hook' : `${probe} probe`} failed.`,
    hint: 'Correct it in the pod template; a kernel that is busy needs a patient probe.',
  };
}

function lostByNode(container: PodContainer): Failure {
  return {
    code: 'NODE_LOST',
    message: `${subjectOf(container)} is gone: its node lost track of it.`,
    hint: 'Start the kernel anew; look whether the node was restarted.',
  };
}
