/** Why a container does not start. */
import type { CoreV1Event } from '@kubernetes/client-node';
import type { Failure } from '../../machines/ports.ts';
import { type PodContainer, subjectOf } from './container-states.ts';
import { imageFailureOf } from './image-failure.ts';
import { outOfMemoryAtStart } from './memory-failure.ts';
import { runtimeText } from './runtime-text.ts';

/** `state.waiting.reason` of a container that the runtime could not start, and tries again in vain. */
const START_REASONS: ReadonlySet<string> = new Set([
  'CreateContainerError',
  'RunContainerError',
  'PreCreateHookError',
  'PreStartHookError',
  'PostStartHookError',
]);

/** A runtime that has too much to do says so, and is asked again: that passes. */
const OVERLOAD = /context deadline exceeded|is reserved for|DeadlineExceeded|operation timed out/i;

/** Null while it may well start. */
export function startFailureOf(container: PodContainer, events: readonly CoreV1Event[]): Failure | null {
  const waiting = container.status?.state?.waiting;
  if (waiting === undefined || waiting === null) return null;
  const { reason = '', message = '' } = waiting;
  if (reason === 'CreateContainerConfigError') return configFailure(container, message);
  if (START_REASONS.has(reason)) return isOverload(message) ? null : notStarted(container, message);
  return imageFailureOf(container, reason, message, events);
}

export function isOverload(message: string): boolean {
  return OVERLOAD.test(message);
}

/** @param message the runtime's, as it is */
export function notStarted(container: PodContainer, message: string): Failure {
  if (/OOM-killed/i.test(message)) return outOfMemoryAtStart(container.memoryLimit);
  const text = runtimeText(message);
  const command = /^exec: "([^"]*)": /.exec(text)?.[1];
  const isMissing = /no such file or directory|executable file not found/.test(text);
  const isForbidden = /permission denied/.test(text);
  if (command === undefined || !(isMissing || isForbidden)) {
    return {
      code: 'CONTAINER_START_FAILED',
      message: `${subjectOf(container)} could not be started${text === '' ? '' : `: ${text}`}.`,
      hint: 'Look at the command, the working directory and the volumes in the pod template.',
    };
  }
  return {
    code: 'CONTAINER_START_FAILED',
    message: `${subjectOf(container)} could not be started: ${command} ${isMissing ? 'is not' : 'may not be executed'} in image ${container.image}.`,
    hint: 'Use an image that is made for this kernelspec, or correct the command in the pod template.',
  };
}

function configFailure(container: PodContainer, message: string): Failure {
  const text = runtimeText(message);
  return {
    code: 'CONTAINER_CONFIG_INVALID',
    message: `${subjectOf(container)} cannot be set up${text === '' ? '' : `: ${text}`}.`,
    hint: configHint(text),
  };
}

function configHint(text: string): string {
  if (/runAsNonRoot|run as root|non-numeric user/.test(text)) {
    return 'Use an image whose USER is a number above 0, or set KERNEL_UID (or runAsUser in the pod template).';
  }
  if (/^(?:secret|configmap) .* not found|^couldn't find key/i.test(text)) {
    return "Create it in the kernel's namespace, or correct env and envFrom in the pod template.";
  }
  return 'Correct the container in the pod template.';
}
