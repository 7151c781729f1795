/** What the API server has refused to create, and in which words. */
import type { Failure, FailureCode } from '../../machines/failure.ts';

export interface CreationRefusal {
  /** HTTP status; null when there was no answer. */
  status: number | null;
  /** The server's message, without the name of the object, in one line that ends without a full stop. */
  text: string;
  kind: string;
  /** Begins a sentence: `Pod alice-1 in namespace kernels`. */
  object: string;
  /** Empty for what belongs to none. */
  namespace: string;
}

/** Null when this is about something else. */
export type Explanation = (refusal: CreationRefusal) => Failure | null;

/** What it means for the launch that an object of this kind is missing. */
export function codeOfKind(kind: string): FailureCode {
  return kind === 'Namespace' || kind === 'RoleBinding' ? 'NAMESPACE_FAILED' : 'POD_CREATION_FAILED';
}
