/**
 * Finds out whether a silent watch is silent because nothing happens, or
 * because it is dead: a connection that something on the way has forgotten
 * brings no event, and no error either. Bookmarks come about once a minute,
 * which is too late, and TCP's own keepalive sees no further than the next
 * proxy. So while a watch is silent, a second one of one second, over another
 * connection, asks for all that was not told yet. It costs one request a
 * second, however many objects there are, none while the watch has news, and
 * brings nothing but what happens in that second.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ApiRefusal, ApiSilence, isExpired } from './api-answer.ts';
import type { Patience } from './backoff.ts';
import { ClusterError } from './cluster.ts';
import type { WatchSource, WatchTiming } from './watch-terms.ts';

/** Shortest that the API can be told. */
const PROBE_SECONDS = 1;
/** Ends a probe that has found what it was looking for. */
const NEWS = Symbol('news');

/** The watch that is looked after. */
export interface ProbedWatch {
  /** Up to where it has told everything. */
  readonly resourceVersion: string;
  /** On the clock of `performance.now`. */
  readonly lastHeard: number;
  /** It is dead, or as good as dead. */
  stalled(cause: unknown): void;
}

export class WatchProbe<Resource> {
  readonly #source: WatchSource<Resource>;
  readonly #timing: WatchTiming;
  readonly #patience: Patience;

  constructor(source: WatchSource<Resource>, timing: WatchTiming, patience: Patience) {
    this.#source = source;
    this.#timing = timing;
    this.#patience = patience;
  }

  /** Until aborted, or until the watch is found stalled. Never rejects. */
  async lookAfter(watch: ProbedWatch, signal: AbortSignal): Promise<void> {
    try {
      for (;;) {
        await this.#untilSilent(watch, signal);
        const cause = await this.#probe(watch, signal);
        signal.throwIfAborted();
        if (cause !== null) return watch.stalled(cause);
      }
    } catch {
      // Aborted: nothing else throws here.
    }
  }

  async #untilSilent(watch: ProbedWatch, signal: AbortSignal): Promise<void> {
    for (;;) {
      const rest = watch.lastHeard + this.#timing.silence - performance.now();
      if (rest <= 0) return;
      await pause(rest, undefined, { signal });
    }
  }

  /** Why the watch is taken for dead; null: there is no sign of it. */
  async #probe(watch: ProbedWatch, signal: AbortSignal): Promise<unknown> {
    const heardBefore = watch.lastHeard;
    const end = new AbortController();
    const patience = this.#patience.milliseconds;
    let timer: NodeJS.Timeout | undefined;
    const follower = {
      opened: () => {
        timer = setTimeout(() => end.abort(endless()), PROBE_SECONDS * 1000 + patience / 3);
      },
      heard: () => {},
      changed: () => end.abort(NEWS),
      bookmark: () => {},
    };
    const { resourceVersion } = watch;
    const either = AbortSignal.any([signal, end.signal]);
    try {
      await this.#source.follow(follower, {
        resourceVersion,
        seconds: PROBE_SECONDS,
        patience,
        signal: either,
      });
      this.#patience.rewarded();
      return null;
    } catch (error) {
      const cause = await this.#causeIn(error, signal);
      return watch.lastHeard === heardBefore ? cause : null;
    } finally {
      clearTimeout(timer);
    }
  }

  /** What the end of a probe says of a watch that has not been heard since it began. */
  async #causeIn(error: unknown, signal: AbortSignal): Promise<unknown> {
    signal.throwIfAborted();
    if (error === NEWS) {
      await pause(this.#timing.grace, undefined, { signal });
      return stall('the Kubernetes API server has news that a watch was not told: its connection is dead');
    }
    if (error instanceof ApiRefusal && !isExpired(error)) {
      // The way to the API server is open; it only does not let itself be asked right now.
      await pause(this.#timing.longestDelay, undefined, { signal });
      return null;
    }
    if (!(error instanceof ApiSilence)) return error;
    this.#patience.exceeded();
    return stall(error.message);
  }
}

/** Says nothing about how patient to be with the next attempt, unlike the silence that it may come from. */
function stall(message: string): ClusterError {
  return new ClusterError(null, '', message);
}

function endless(): ClusterError {
  return stall('the Kubernetes API server does not end a watch at its time: its connection is dead');
}
