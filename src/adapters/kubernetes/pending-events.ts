/**
 * What the cluster tells in events about pods that have not started yet. There
 * are many events, and none that says much about what runs: they are watched
 * only while some pod is waited for.
 */
import type { CoreV1Event } from '@kubernetes/client-node';
import { Subscription } from 'rxjs';
import type { Cluster, KubernetesObject } from './cluster.ts';

type PodEventObject = CoreV1Event & KubernetesObject;

interface AwaitedPod {
  events: Map<string, CoreV1Event>;
  changed: () => void;
}

const EVENT = { apiVersion: 'v1', kind: 'Event' };

export class PendingEvents {
  readonly #cluster: Cluster;
  /** By uid. */
  readonly #awaited = new Map<string, AwaitedPod>();
  #watch = Subscription.EMPTY;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  /**
   * Collects the events of this pod from now on, until {@link release}. Calls back with each, except those that are
   * known by the time it returns.
   *
   * @returns false when this pod is followed already
   */
  follow(uid: string, changed: () => void): boolean {
    if (this.#awaited.has(uid)) return false;
    const awaited = { events: new Map<string, CoreV1Event>(), changed: () => {} };
    this.#awaited.set(uid, awaited);
    if (this.#awaited.size === 1) this.#open();
    awaited.changed = changed;
    return true;
  }

  /** Forgets the pod's events. */
  release(uid: string): void {
    if (this.#awaited.delete(uid) && this.#awaited.size === 0) this.#watch.unsubscribe();
  }

  of(uid: string): CoreV1Event[] {
    return [...(this.#awaited.get(uid)?.events.values() ?? [])];
  }

  close(): void {
    this.#awaited.clear();
    this.#watch.unsubscribe();
  }

  #open(): void {
    this.#watch = this.#cluster
      .watch<PodEventObject>(EVENT, { fieldSelector: 'involvedObject.kind=Pod' })
      .subscribe((news) => {
        if (news.type === 'present') this.#note(news.object);
      });
  }

  #note(event: PodEventObject): void {
    const awaited = this.#awaited.get(event.involvedObject.uid ?? '');
    if (awaited === undefined) return;
    awaited.events.set(event.metadata.uid ?? event.metadata.name, event);
    awaited.changed();
  }
}
