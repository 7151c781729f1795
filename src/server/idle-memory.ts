/**
 * Gives back memory that only the start, or the launch of kernels, has needed:
 * some 15 MB of the start's 105, and a third of what each launch has taken.
 */
import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type CollectGarbage = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

/** Milliseconds of quiet, and the share of the event loop's time that still counts as quiet. */
const QUIET = 2000;
const QUIET_UTILIZATION = 0.1;

export class IdleMemory {
  readonly #collect: CollectGarbage;
  #timer: NodeJS.Timeout | undefined;

  constructor() {
    setFlagsFromString('--expose-gc');
    this.#collect = runInNewContext('gc') as CollectGarbage;
    setFlagsFromString('--no-expose-gc');
  }

  /** One full collection, some 20 ms. What was compiled for rare work goes too, and is compiled again when it is needed. */
  release(): void {
    this.#collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  }

  /** The same as soon as the gateway is quiet, counted anew with each call: no message waits for it. */
  releaseWhenQuiet(): void {
    clearTimeout(this.#timer);
    const before = performance.eventLoopUtilization();
    this.#timer = setTimeout(() => {
      const { utilization } = performance.eventLoopUtilization(before);
      if (utilization < QUIET_UTILIZATION) this.release();
      else this.releaseWhenQuiet();
    }, QUIET);
    this.#timer.unref();
  }
}
