/** One watch for each kind and selection, whoever asks for it and how often. */
import { Observable, Subject } from 'rxjs';
import type { KubernetesObject, ResourceEvent, ResourceKind, Selection } from './cluster.ts';
import { ResourceWatch } from './resource-watch.ts';
import { DEFAULT_TIMING, type WatchProblem, type WatchSource, type WatchTiming } from './watch-terms.ts';

/** Of one watch, for a metrics page. */
export interface WatchFigures {
  watch: string;
  watchRestarts: number;
  /** Milliseconds since the epoch; null before the first one. */
  lastEventAt: number | null;
}

interface SharingOptions {
  report: (problem: WatchProblem) => void;
  timing: Partial<WatchTiming>;
}

type Source = (kind: ResourceKind, selection: Selection) => WatchSource<KubernetesObject>;

interface SharedWatch {
  name: string;
  watch: ResourceWatch<KubernetesObject>;
  events: Subject<ResourceEvent<KubernetesObject>>;
  end: AbortController;
  followers: number;
}

export class WatchSharing {
  readonly #source: Source;
  readonly #options: SharingOptions;
  readonly #shared = new Map<string, SharedWatch>();

  constructor(source: Source, options: SharingOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** The watch lives from the first subscription to the last one's end; who comes later is told what is there, then `synced`. */
  watch(kind: ResourceKind, selection: Selection): Observable<ResourceEvent<KubernetesObject>> {
    const key = keyOf(kind, selection);
    return new Observable((subscriber) => {
      const shared = this.#shared.get(key) ?? this.#begin(key, kind, selection);
      shared.followers += 1;
      subscriber.add(() => this.#leave(key, shared));
      for (const event of shared.watch.store.snapshot()) subscriber.next(event);
      shared.events.subscribe(subscriber);
    });
  }

  figures(): WatchFigures[] {
    return Array.from(this.#shared.values(), ({ name, watch }) => ({
      watch: name,
      watchRestarts: watch.restarts,
      lastEventAt: watch.lastEventAt,
    }));
  }

  #begin(key: string, kind: ResourceKind, selection: Selection): SharedWatch {
    const name = nameOf(kind, selection);
    const events = new Subject<ResourceEvent<KubernetesObject>>();
    const end = new AbortController();
    const timing = { ...DEFAULT_TIMING, ...this.#options.timing };
    const watch = new ResourceWatch(this.#source(kind, selection), timing, {
      // After the last one has left, what was on its way is for nobody.
      tell: (event) => events.next(event),
      problem: (error) => this.#options.report({ watch: name, error }),
    });
    const shared = { name, watch, events, end, followers: 0 };
    this.#shared.set(key, shared);
    void watch.run(end.signal);
    return shared;
  }

  #leave(key: string, shared: SharedWatch): void {
    shared.followers -= 1;
    if (shared.followers > 0) return;
    if (this.#shared.get(key) === shared) this.#shared.delete(key);
    shared.end.abort();
  }
}

function keyOf({ apiVersion, kind }: ResourceKind, selection: Selection): string {
  const { namespace, labelSelector, fieldSelector } = selection;
  return JSON.stringify([apiVersion, kind, namespace ?? null, labelSelector || null, fieldSelector || null]);
}

function nameOf({ kind }: ResourceKind, { namespace, labelSelector, fieldSelector }: Selection): string {
  const selectors = [labelSelector, fieldSelector].filter(Boolean).join(', ');
  const where = namespace === undefined ? 'in all namespaces' : `in namespace ${namespace}`;
  return `${kind} ${where}${selectors && ` (${selectors})`}`;
}
