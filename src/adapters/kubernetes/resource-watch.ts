/**
 * Lists what there is, then watches what changes, again and again. After each
 * interruption the watch goes on from where it was, so that no event is lost;
 * only when the API server no longer remembers that point, all is listed anew
 * and compared with what is known.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { ApiRefusal, ApiSilence, isExpired } from './api-answer.ts';
import { backoffDelay, Patience } from './backoff.ts';
import { ClusterError, type KubernetesObject, type ResourceEvent } from './cluster.ts';
import { ResourceStore } from './resource-store.ts';
import { WatchProbe } from './watch-probe.ts';
import type { WatchFollower, WatchSource, WatchTiming } from './watch-terms.ts';

/** Milliseconds after which a watch is a success, though it has brought nothing. */
const PROVEN_AFTER = 1000;
/** Failures in a row after which a trouble that may pass is told. */
const WORTH_TELLING = 3;
/** Refusals in a row after which the point to go on from is not trusted any more. */
const LIST_ANEW_AFTER = 3;

export interface WatchAudience<Resource> {
  tell(event: ResourceEvent<Resource>): void;
  /** Once for each change of what is wrong; null: nothing any more. */
  problem(error: ClusterError | null): void;
}

export class ResourceWatch<Resource extends KubernetesObject> {
  /** How often the watch was interrupted by a fault; what the API server ends at its time does not count. */
  restarts = 0;
  /** When the API server last told something; milliseconds since the epoch, null: never. */
  lastEventAt: number | null = null;
  readonly store = new ResourceStore<Resource>();
  readonly #source: WatchSource<Resource>;
  readonly #timing: WatchTiming;
  readonly #audience: WatchAudience<Resource>;
  readonly #patience: Patience;
  readonly #random: () => number;
  #resourceVersion: string | null = null;
  #failures = 0;
  #refusals = 0;
  #problem: string | null = null;
  /** Of the watch that is open, or was last. */
  #lastHeard = 0;
  #isProven = false;

  constructor(
    source: WatchSource<Resource>,
    timing: WatchTiming,
    audience: WatchAudience<Resource>,
    random: () => number = Math.random,
  ) {
    this.#source = source;
    this.#timing = timing;
    this.#audience = audience;
    this.#patience = new Patience(timing);
    this.#random = random;
  }

  /** Until aborted. Never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        this.#resourceVersion ??= await this.#list(signal);
        await this.#follow(this.#resourceVersion, signal);
      } catch (error) {
        if (signal.aborted) return;
        const delay = this.#failed(asClusterError(error));
        await pause(delay, undefined, { signal }).catch(() => {});
      }
    }
  }

  async #list(signal: AbortSignal): Promise<string> {
    const { objects, resourceVersion } = await this.#source.list(this.#patience.milliseconds, signal);
    this.#patience.rewarded();
    this.lastEventAt = Date.now();
    for (const event of this.store.replace(objects)) this.#audience.tell(event);
    return resourceVersion;
  }

  /** Resolves when the API server has ended the watch in good order. */
  async #follow(resourceVersion: string, signal: AbortSignal): Promise<void> {
    const end = new AbortController();
    const either = AbortSignal.any([signal, end.signal]);
    const follower = this.#follower(() => {
      void this.#prove(either);
      void this.#lookAfter(end, either);
    });
    const seconds = Math.round(this.#timing.lifetime * (1 + this.#random() / 3));
    const patience = this.#patience.milliseconds;
    try {
      await this.#source.follow(follower, { resourceVersion, seconds, patience, signal: either });
    } finally {
      end.abort();
    }
    if (!this.#isProven) throw new ClusterError(null, '', 'the Kubernetes API server ends watches at once');
  }

  #follower(opened: () => void): WatchFollower {
    return {
      opened: () => {
        this.#patience.rewarded();
        this.#lastHeard = performance.now();
        this.#isProven = false;
        opened();
      },
      heard: () => {
        this.#lastHeard = performance.now();
      },
      changed: (type, object) => this.#changed(type, object),
      bookmark: (resourceVersion) => this.#arrived(resourceVersion),
    };
  }

  async #prove(signal: AbortSignal): Promise<void> {
    await pause(PROVEN_AFTER, undefined, { signal }).then(
      () => this.#succeeded(),
      () => {},
    );
  }

  async #lookAfter(end: AbortController, signal: AbortSignal): Promise<void> {
    const position = () => this.#resourceVersion ?? '';
    const lastHeard = () => this.#lastHeard;
    const watched = {
      get resourceVersion() {
        return position();
      },
      get lastHeard() {
        return lastHeard();
      },
      stalled: (cause: unknown) => end.abort(cause),
    };
    await new WatchProbe(this.#source, this.#timing, this.#patience).lookAfter(watched, signal);
  }

  #changed(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: KubernetesObject): void {
    // The source watches this kind and no other.
    const resource = object as Resource;
    const events = type === 'DELETED' ? this.store.remove(resource) : this.store.put(resource);
    this.#arrived(object.metadata.resourceVersion ?? '');
    for (const event of events) this.#audience.tell(event);
  }

  #arrived(resourceVersion: string): void {
    this.#resourceVersion = resourceVersion;
    this.lastEventAt = Date.now();
    this.#succeeded();
  }

  #succeeded(): void {
    this.#isProven = true;
    this.#resolved();
    this.#failures = 0;
    this.#refusals = 0;
  }

  /** @returns milliseconds until the next attempt */
  #failed(error: ClusterError): number {
    this.restarts += 1;
    this.#failures += 1;
    if (error instanceof ApiSilence) this.#patience.exceeded();
    if (!(error instanceof ApiRefusal)) this.#source.dropIdle();
    else if (error.status !== 429) this.#refusals += 1;
    if (isExpired(error) || this.#refusals >= LIST_ANEW_AFTER) this.#listAnew();
    const isLasting = isForbidden(error);
    if (isLasting || this.#failures >= WORTH_TELLING) this.#tellProblem(error);
    const longest = isLasting ? this.#timing.longestDelayForbidden : this.#timing.longestDelay;
    const delay = backoffDelay(this.#failures, this.#timing.firstDelay, longest, this.#random());
    const asked = error instanceof ApiRefusal ? (error.retryAfter ?? 0) : 0;
    return Math.max(delay, Math.min(asked, this.#timing.longestDelayForbidden));
  }

  #listAnew(): void {
    this.#resourceVersion = null;
    this.#refusals = 0;
  }

  #tellProblem(error: ClusterError): void {
    const problem = `${error.status} ${error.message}`;
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#audience.problem(error);
  }

  #resolved(): void {
    if (this.#problem === null) return;
    this.#problem = null;
    this.#audience.problem(null);
  }
}

/** What only a person can change. */
function isForbidden(error: ClusterError): boolean {
  return error.status === 403 || error.status === 404;
}

function asClusterError(error: unknown): ClusterError {
  if (error instanceof ClusterError) return error;
  return new ClusterError(null, '', error instanceof Error ? error.message : String(error), { cause: error });
}
