import type { ClientRequest, IncomingMessage } from 'node:http';
import { ApiSilence, unreachable } from './api-answer.ts';
import { ClusterError } from './cluster.ts';

/** The time that a request has, and who may end it before. */
export class Attempt {
  readonly #server: string;
  readonly #timeout: number;
  readonly #asker: AbortSignal | undefined;
  readonly #controller = new AbortController();
  readonly #timer: NodeJS.Timeout;
  readonly #onAbort = () => this.#controller.abort(this.#asker?.reason);
  isLate = false;

  constructor(server: string, timeout: number, asker: AbortSignal | undefined) {
    this.#server = server;
    this.#timeout = timeout;
    this.#asker = asker;
    this.#timer = setTimeout(() => {
      this.isLate = true;
      this.#controller.abort();
    }, timeout);
    if (asker?.aborted) this.#onAbort();
    else asker?.addEventListener('abort', this.#onAbort);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /**
   * Ends a request with this attempt. Without an error: Node's own `signal`
   * option gives one to the connection, which nobody listens to when all of the
   * answer is there and not read yet, and that would end the process.
   */
  abortWith(outgoing: ClientRequest): void {
    const onAbort = () => void outgoing.destroy();
    if (this.signal.aborted) onAbort();
    this.signal.addEventListener('abort', onAbort);
    outgoing.once('close', () => this.signal.removeEventListener('abort', onAbort));
  }

  /** From now on only the asker ends it, until the response is closed. */
  keepUntil(response: IncomingMessage): void {
    clearTimeout(this.#timer);
    response.once('close', () => this.end());
  }

  end(): void {
    clearTimeout(this.#timer);
    this.#asker?.removeEventListener('abort', this.#onAbort);
  }

  /** What has no signal of its own must not outlast this attempt. */
  orAborted<Value>(value: Promise<Value>): Promise<Value> {
    const aborted = Promise.withResolvers<never>();
    const onAbort = () => aborted.reject(this.signal.reason);
    if (this.signal.aborted) onAbort();
    this.signal.addEventListener('abort', onAbort);
    return Promise.race([value, aborted.promise]).finally(() => {
      this.signal.removeEventListener('abort', onAbort);
    });
  }

  /** What an error means, whatever it is that an aborted request throws. */
  failureFor(error: unknown): unknown {
    if (this.isLate) return late(this.#server, this.#timeout);
    if (this.signal.aborted) return this.signal.reason;
    return error instanceof ClusterError ? error : unreachable(this.#server, error);
  }
}

function late(server: string, timeout: number): ApiSilence {
  return new ApiSilence(`the Kubernetes API server ${server} did not answer within ${timeout / 1000} s`);
}
