/** Why an image cannot be had. */
import type { CoreV1Event } from '@kubernetes/client-node';
import type { Failure } from '../../machines/ports.ts';
import type { PodContainer } from './container-states.ts';
import { containerOf, latestEvent } from './pod-events.ts';
import { clusterText, runtimeText } from './runtime-text.ts';

/** `state.waiting.reason` of a container whose image is missing. */
const REASONS: ReadonlySet<string> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'InvalidImageName',
  'RegistryUnavailable',
  'ImageInspectError',
  'SignatureValidationFailed',
]);

interface Cause {
  sign: RegExp;
  /** Ends the sentence "Image … cannot be pulled:". */
  what: string;
  hint: string;
  /** The part of the runtime's text that is shown in brackets. */
  detail?: RegExp;
}

/** Looked through in this order: a registry that cannot be reached says "not found" about its own name. */
const CAUSES: readonly Cause[] = [
  {
    sign: /x509|certificate/i,
    what: "its registry's certificate is not trusted by the node",
    hint: "Let the nodes' container runtime trust the registry's certificate authority.",
    detail: /(?:x509|tls): .*/,
  },
  {
    sign: /toomanyrequests|too many requests|\b429\b|rate limit/i,
    what: 'its registry allows no more pulls for now',
    hint: 'Try again later, pull with credentials, or use a copy of the image in a registry of your own.',
  },
  {
    sign: /dial tcp|no such host|i\/o timeout|connection re(?:fused|set)|handshake|deadline exceeded|unreachable|server misbehaving|\b50[0-4]\b|unexpected EOF|: EOF$/i,
    what: 'its registry cannot be reached',
    hint: 'Check the registry in the name of the image, and whether the nodes can reach it.',
    detail: /dial tcp.*|[^":]*(?:: [^":]*)?$/,
  },
  {
    sign: /repository does not exist or may require/i,
    what: 'there is no such image in its registry, or it needs credentials',
    hint: 'Check the name and the tag; for a private image name an image pull secret (EG_IMAGE_PULL_SECRETS).',
  },
  {
    sign: /\b40[13]\b|unauthorized|authentication required|no basic auth|denied|insufficient_scope|forbidden/i,
    what: 'its registry wants credentials, or refuses those that it was given',
    hint: 'Name an image pull secret for this registry that is valid (EG_IMAGE_PULL_SECRETS, or imagePullSecrets of the pod template).',
    detail: /\b40[13]\b.*/,
  },
  {
    sign: /no match for platform|no matching manifest|no image found in .* for architecture/i,
    what: "it is not built for the node's kind of processor",
    hint: 'Build it for that platform too, or choose nodes of another one with a nodeSelector.',
    detail: /no (?:match|matching|image found).*/,
  },
  {
    sign: /no space left/i,
    what: "the node's disk is full",
    hint: 'Free space on the node, or choose another one.',
  },
  {
    sign: /not found|manifest unknown|name unknown|does not exist/i,
    what: 'not found in its registry',
    hint: 'Check the name and the tag of the image.',
  },
];

/** Null when the image may well come. `reason` and `message` are those of `state.waiting`. */
export function imageFailureOf(
  container: PodContainer,
  reason: string,
  message: string,
  events: readonly CoreV1Event[],
): Failure | null {
  if (!REASONS.has(reason)) return null;
  const image = `Image ${container.image}${container.role === 'kernel' ? '' : ` of container ${container.name}`}`;
  if (reason === 'InvalidImageName') return invalidName(image, message);
  if (reason === 'ErrImageNeverPull') return neverPulled(image);
  const text = pullError(container, message, events);
  if (isQueued(text)) return null;
  const signs = withoutNames(text);
  const cause = CAUSES.find(({ sign }) => sign.test(signs));
  return {
    code: 'IMAGE_PULL_FAILED',
    message: `${image} cannot be pulled${explained(cause, text)}.`,
    hint: missingSecret(events) ?? cause?.hint ?? 'Look into the events of the pod, and at the registry.',
  };
}

/** The node itself puts pulls off when many are asked for at once: that passes. */
export function isQueued(message: string): boolean {
  return /pull QPS exceeded/i.test(message);
}

/** A pull that waits for its next attempt tells what the last one has met only since Kubernetes 1.32; its event did before. */
function pullError({ name }: PodContainer, message: string, events: readonly CoreV1Event[]): string {
  const text = runtimeText(message.replace(/^Back-off pulling image "[^"]*"(?:: \w+: )?/, ''));
  if (text !== '') return text;
  const told = events.findLast(
    (event) => containerOf(event) === name && event.message?.startsWith('Failed to pull image'),
  );
  return runtimeText(told?.message?.replace(/^Failed to pull image "[^"]*": /, '') ?? '');
}

/** Addresses and names of images may hold any word: only what is said about them counts. */
function withoutNames(text: string): string {
  return text.replace(/"[^"]*"|\S+\/\S+:\S+/g, '');
}

function explained(cause: Cause | undefined, text: string): string {
  if (cause === undefined) return text === '' ? '' : `: ${clusterText(text)}`;
  const detail = cause.detail?.exec(text)?.[0].trim();
  return `: ${cause.what}${detail ? ` (${clusterText(detail, 200)})` : ''}`;
}

function missingSecret(events: readonly CoreV1Event[]): string | null {
  const told = latestEvent(events, ['FailedToRetrieveImagePullSecret'])?.message ?? '';
  const names = /secrets \(([^)]+)\)/.exec(told)?.[1];
  return names === undefined
    ? null
    : `The pod names an image pull secret that its namespace does not have: ${names}. Create it there, or take the name out.`;
}

function invalidName(image: string, message: string): Failure {
  const fault = /invalid reference format.*/.exec(message)?.[0];
  return {
    code: 'IMAGE_NAME_INVALID',
    message: `${image} has no valid name${fault === undefined ? '' : `: ${clusterText(fault)}`}.`,
    hint: 'Correct the image (KERNEL_IMAGE, or image_name in the kernelspec): registry/repository:tag, in lower case.',
  };
}

function neverPulled(image: string): Failure {
  return {
    code: 'IMAGE_PULL_FAILED',
    message: `${image} is not on the node, and its pull policy is Never.`,
    hint: 'Bring the image to the nodes beforehand, or let imagePullPolicy be IfNotPresent.',
  };
}
