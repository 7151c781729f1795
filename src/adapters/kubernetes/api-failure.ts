/** What the API server's refusal to create something means for the launch of a kernel. */
import type { Failure } from '../../machines/failure.ts';
import { escalation, unauthorized, unreachable, withoutPermission } from './access-refusals.ts';
import {
  limitRange,
  otherAdmission,
  podSecurity,
  quotaExceeded,
  quotaUnmet,
  webhook,
} from './admission-refusals.ts';
import type { ClusterError } from './cluster.ts';
import { type CreationRefusal, codeOfKind, type Explanation } from './creation-refusal.ts';
import {
  accountMissing,
  existing,
  invalid,
  namespaceEnding,
  namespaceMissing,
  roleMissing,
  unknownKind,
} from './object-refusals.ts';
import { clusterText } from './runtime-text.ts';

/** What was to be created. */
export interface RefusedObject {
  kind: string;
  metadata: { name: string; namespace?: string | undefined };
}

/** Characters of an answer that are looked at, and of a message that are shown. */
const LONGEST_ANSWER = 10_000;
const LONGEST_MESSAGE = 600;

const OVERLOADED: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Whether the same request may well succeed a moment later. */
export function isTransient({ status, reason }: ClusterError): boolean {
  // Pods that are created at once get in each other's way at the namespace's quota: a `Conflict`, not `AlreadyExists`.
  return status === null || OVERLOADED.has(status) || (status === 409 && reason === 'Conflict');
}

/** A namespace that was just made gets its service account, and in older clusters its token, a moment later. */
export function isServiceAccountPending({ message }: ClusterError): boolean {
  return /serviceaccount "[^"]*" not found|no API token found for service account/i.test(message);
}

export function creationFailureOf(error: ClusterError, object: RefusedObject): Failure {
  const refusal = refusalOf(error, object);
  for (const explain of EXPLANATIONS) {
    const failure = explain(refusal);
    if (failure !== null) return { ...failure, message: sentence(failure.message) };
  }
  return {
    code: codeOfKind(refusal.kind),
    message: sentence(`${refusal.object} could not be created: ${refusal.text}`),
    hint: 'Look into the log of the gateway.',
  };
}

function sentence(text: string): string {
  const line = clusterText(text, LONGEST_MESSAGE);
  return line.endsWith('…') ? line : `${line}.`;
}

function refusalOf({ status, message }: ClusterError, { kind, metadata }: RefusedObject): CreationRefusal {
  const { name, namespace = '' } = metadata;
  // The object is named in the sentence already.
  const text = message.replace(/^\S+ "[^"]*" is (?:forbidden|invalid): /, '');
  return {
    status,
    text: clusterText(text, LONGEST_ANSWER),
    kind,
    object: `${kind} ${name}${namespace === '' ? '' : ` in namespace ${namespace}`}`,
    namespace: kind === 'Namespace' ? name : namespace,
  };
}

const overloaded: Explanation = ({ status, text, object }) => {
  if (status === null || !OVERLOADED.has(status)) return null;
  return {
    code: 'CLUSTER_UNREACHABLE',
    message: `${object} could not be created, the API server answered ${status}: ${text}.`,
    hint: 'The API server has trouble or too much to do: try again.',
  };
};

/** The first that knows the refusal explains it. */
const EXPLANATIONS: readonly Explanation[] = [
  unreachable,
  unauthorized,
  withoutPermission,
  escalation,
  roleMissing,
  quotaExceeded,
  quotaUnmet,
  namespaceEnding,
  namespaceMissing,
  accountMissing,
  webhook,
  podSecurity,
  limitRange,
  otherAdmission,
  invalid,
  unknownKind,
  existing,
  overloaded,
];
