/** Asks the cluster again for what may pass by itself, and says what it means when it does not. */
import { KernelFailure } from '../../machines/failure.ts';
import { creationFailureOf, isTransient, type RefusedObject } from './api-failure.ts';
import { backoffDelay } from './backoff.ts';
import { ClusterError } from './cluster.ts';

export interface Patience {
  /** Until then, as `performance.now()` counts, what may pass by itself is asked again. */
  deadline: number;
  /** Ends the waiting, not a request: an answer that is not waited for leaves open what has been made. */
  signal?: AbortSignal;
  /** What may pass by itself here, beside what always may. */
  isPassing?: (error: unknown) => boolean;
}

/** Milliseconds before the first further attempt, and between the last ones. */
const FIRST_DELAY = 40;
const LONGEST_DELAY = 1000;

/** @throws what was thrown last, or the signal's reason */
export async function persistently<Value>(ask: () => Promise<Value>, patience: Patience): Promise<Value> {
  const { deadline, signal, isPassing = () => false } = patience;
  for (let failures = 1; ; failures += 1) {
    signal?.throwIfAborted();
    try {
      return await ask();
    } catch (error) {
      const mayPass = isPassing(error) || (error instanceof ClusterError && isTransient(error));
      if (!mayPass || performance.now() >= deadline) throw error;
    }
    await pause(backoffDelay(failures, FIRST_DELAY, LONGEST_DELAY, Math.random()), signal);
  }
}

/** What it means for a launch that the cluster refused something; other errors stay as they are. */
export function explained(error: unknown, about: RefusedObject): unknown {
  if (!(error instanceof ClusterError)) return error;
  return new KernelFailure(creationFailureOf(error, about), { cause: error });
}

/** The same promise, but no one waits for it any more once the signal is aborted. */
export function abortable<Value>(promise: PromiseLike<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason as Error);
    if (signal.aborted) onAbort();
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).then(() => signal.removeEventListener('abort', onAbort));
  });
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, milliseconds);
    signal?.addEventListener('abort', done);
  });
}
