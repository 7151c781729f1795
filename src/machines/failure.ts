/**
 * Why a kernel could not be launched, or why it died. The same failure reaches
 * the HTTP response, the log, the clients' iopub channel and the persisted state.
 */
export interface Failure {
  /** Stable, for programs: one of {@link FailureCode}. */
  readonly code: FailureCode;
  /** One line that a person understands: what happened. */
  readonly message: string;
  /** One line: what to do about it. */
  readonly hint: string;
}

export type FailureCode =
  | 'LAUNCH_REFUSED'
  | 'LAUNCH_TIMEOUT'
  | 'LAUNCH_CANCELLED'
  | 'CLUSTER_UNREACHABLE'
  | 'CLUSTER_FORBIDDEN'
  | 'NAMESPACE_FAILED'
  | 'NAMESPACE_NOT_FOUND'
  | 'SERVICE_ACCOUNT_NOT_FOUND'
  | 'QUOTA_EXCEEDED'
  | 'ADMISSION_DENIED'
  | 'POD_CREATION_FAILED'
  | 'IMAGE_PULL_FAILED'
  | 'IMAGE_NAME_INVALID'
  | 'CONTAINER_CONFIG_INVALID'
  | 'CONTAINER_START_FAILED'
  | 'CONTAINER_EXITED'
  | 'OUT_OF_MEMORY'
  | 'POD_EVICTED'
  | 'POD_PREEMPTED'
  | 'POD_DELETED'
  | 'NODE_LOST'
  | 'POD_GONE'
  | 'HANDSHAKE_FAILED'
  | 'KERNEL_INFO_TIMEOUT'
  | 'RECORD_FAILED'
  | 'TEARDOWN_INCOMPLETE';

/** An error that already knows what it means for a kernel's life. Adapters throw it; the chart reads it. */
export class KernelFailure extends Error {
  readonly failure: Failure;

  constructor(failure: Failure, options?: ErrorOptions) {
    super(failure.message, options);
    this.name = 'KernelFailure';
    this.failure = failure;
  }
}

/**
 * The failure that an error stands for. An error without one is wrapped under
 * the code of the step in which it was thrown, with its own hint if it has one.
 */
export function failureOf(error: unknown, code: FailureCode, hint: string): Failure {
  if (error instanceof KernelFailure) return error.failure;
  const text = error instanceof Error ? error.message : String(error);
  return { code, message: oneLine(text), hint: hintOf(error) ?? hint };
}

function hintOf(error: unknown): string | null {
  const hint = error instanceof Error && 'hint' in error ? error.hint : null;
  return typeof hint === 'string' ? hint : null;
}

/** HTTP status phrases and log lines carry failures: they hold one line. */
export function oneLine(text: string): string {
  return text.replace(/\s*[\r\n]+\s*/g, ' | ').trim();
}
