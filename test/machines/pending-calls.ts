/** Calls to the ports, each of which waits until a test answers it. */

export const PORT_CALLS = [
  'check',
  'createNamespace',
  'createPod',
  'awaitHandshake',
  'adoptPod',
  'detachPod',
  'interrupt',
  'interruptByMessage',
  'requestShutdown',
  'deletePod',
  'deleteNamespace',
  'saveRecord',
  'deleteRecord',
] as const;

export type PortCall = (typeof PORT_CALLS)[number];

interface Asked<Result> {
  /** What the call gives, and does to the world, once it is answered; `given` is what the test wants it to give. */
  answer(given: unknown): Result;
  signal?: AbortSignal;
  /** Undoes what the call has begun. */
  aborted?(): void;
}

interface PendingCall {
  name: PortCall;
  kernelId: string;
  resolve(given?: unknown): void;
  reject(error: unknown): void;
}

export class PendingCalls {
  /** Every call so far, in order, answered or not. */
  readonly asked: { name: PortCall; kernelId: string }[] = [];
  readonly #pending: PendingCall[] = [];
  readonly #answeredAtOnce = new Set<PortCall>();

  ask<Result>(name: PortCall, kernelId: string, { answer, signal, aborted }: Asked<Result>): Promise<Result> {
    this.asked.push({ name, kernelId });
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    const call = { name, kernelId, resolve: (given?: unknown) => resolve(answer(given)), reject };
    this.#pending.push(call);
    const abandon = () => {
      if (!this.#pending.includes(call)) return;
      this.#forget(call);
      aborted?.();
      reject(signal?.reason);
    };
    if (signal?.aborted) abandon();
    signal?.addEventListener('abort', abandon);
    if (this.#answeredAtOnce.has(name)) queueMicrotask(() => this.#answerIfPending(call));
    return promise;
  }

  /** The names of the calls that wait for an answer, the oldest first. */
  get waiting(): PortCall[] {
    return this.#pending.map(({ name }) => name);
  }

  /** Of several calls of one name the latest: the chart has turned away from the earlier ones. */
  answer(name: PortCall, given?: unknown, kernelId?: string): void {
    this.#take(name, kernelId).resolve(given);
  }

  fail(name: PortCall, error: unknown, kernelId?: string): void {
    this.#take(name, kernelId).reject(error);
  }

  /** From now on every call is answered as soon as it is made, those in `holdBack` excepted. */
  answerAll(holdBack: readonly PortCall[] = []): void {
    for (const name of PORT_CALLS) {
      if (holdBack.includes(name)) this.#answeredAtOnce.delete(name);
      else this.#answeredAtOnce.add(name);
    }
    for (const call of [...this.#pending]) {
      if (!holdBack.includes(call.name)) this.#take(call.name, call.kernelId).resolve();
    }
  }

  /** Answers what is still waiting of one name and kernel. */
  flush(name: PortCall, kernelId: string): void {
    for (const call of this.#pending.filter((each) => each.name === name && each.kernelId === kernelId)) {
      this.#forget(call);
      call.resolve();
    }
  }

  #take(name: PortCall, kernelId: string | undefined): PendingCall {
    const call = this.#pending.findLast(
      (each) => each.name === name && (kernelId === undefined || each.kernelId === kernelId),
    );
    if (call === undefined) throw new Error(`no ${name} is waiting, only [${this.waiting.join(', ')}]`);
    this.#forget(call);
    return call;
  }

  /** Nothing outside answers before the call has returned. */
  #answerIfPending(call: PendingCall): void {
    if (!this.#pending.includes(call)) return;
    this.#forget(call);
    call.resolve();
  }

  #forget(call: PendingCall): void {
    this.#pending.splice(this.#pending.indexOf(call), 1);
  }
}
