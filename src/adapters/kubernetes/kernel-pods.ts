/**
 * The pods of all kernels, from one watch: what happens to them becomes the
 * news that each kernel's actor hears.
 */
import { defer, filter, from, map, merge, Observable, Subject, Subscription } from 'rxjs';
import type { Failure, Pod, PodEvent } from '../../machines/ports.ts';
import type { Cluster, ResourceEvent } from './cluster.ts';
import { persistently } from './cluster-patience.ts';
import { KERNEL_SELECTOR } from './kernel-labels.ts';
import { KernelNews } from './kernel-news.ts';
import { type KernelPod, kernelIdOf, POD, uidOf } from './kernel-pod.ts';
import { PendingEvents } from './pending-events.ts';

export type { KernelPod } from './kernel-pod.ts';

/** Lines that are asked of a container that has died, and the milliseconds that its end is held back for them. */
const LOG_LINES = 20;
const LOG_PATIENCE = 2000;

interface PodChange {
  type: 'present' | 'absent';
  object: KernelPod;
}

export class KernelPods {
  readonly #cluster: Cluster;
  /** All that there are, by kernel, then by uid; dying ones included. */
  readonly #pods = new Map<string, Map<string, KernelPod>>();
  readonly #followed = new Map<string, KernelNews>();
  readonly #changes = new Subject<PodChange>();
  readonly #events: PendingEvents;
  #watch = Subscription.EMPTY;
  #isSynced = false;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#events = new PendingEvents(cluster);
  }

  start(): void {
    const selection = { labelSelector: KERNEL_SELECTOR };
    this.#watch = this.#cluster.watch<KernelPod>(POD, selection).subscribe((news) => this.#heard(news));
  }

  close(): void {
    this.#watch.unsubscribe();
    this.#events.close();
  }

  /** Begins with what is known of the kernel's pods. */
  podEvents(kernelId: string): Observable<PodEvent> {
    return new Observable((observer) => {
      const news = this.#followed.get(kernelId) ?? this.#follow(kernelId);
      const subscription = news.follow(observer);
      return () => {
        subscription.unsubscribe();
        if (news.isFollowed) return;
        news.close();
        if (this.#followed.get(kernelId) === news) this.#followed.delete(kernelId);
      };
    });
  }

  /** The kernel's pods that exist, dying ones included. */
  of(kernelId: string): KernelPod[] {
    return [...(this.#pods.get(kernelId)?.values() ?? [])];
  }

  /** The kernel's pods that `known` does not have, those that are there already first. */
  appearing(kernelId: string, known: ReadonlySet<string>): Observable<KernelPod> {
    const later$ = this.#changes.pipe(
      filter(({ type, object }) => type === 'present' && kernelIdOf(object) === kernelId),
      map(({ object }) => object),
    );
    return defer(() => merge(from(this.of(kernelId)), later$)).pipe(filter((pod) => !known.has(uidOf(pod))));
  }

  /** Emits when the watch tells that the pod's object is gone. */
  removed(uid: string): Observable<unknown> {
    return this.#changes.pipe(filter(({ type, object }) => type === 'absent' && uidOf(object) === uid));
  }

  /** This pod was just made: should it go before the watch has shown it, its end is told all the same. */
  expect(kernelId: string, pod: Pod): void {
    this.#followed.get(kernelId)?.expect(pod);
  }

  /** This pod was there a moment ago. Its end is told from now on, also one that was told before. */
  adopt(kernelId: string, pod: Pod): void {
    const news = this.#followed.get(kernelId);
    if (news === undefined) return;
    news.adopt(pod);
    // A watch that has not listed yet knows nothing; one that has, and does not show it, may have seen its end.
    if (this.#isSynced) this.#examineUnseen(kernelId, news);
  }

  /** This pod was deleted by the gateway itself. */
  forget(kernelId: string, uid: string): void {
    this.#followed.get(kernelId)?.forget(uid);
  }

  /** The kernel itself has shown where its pod is, before the cluster has. */
  reached(kernelId: string, pod: Pod): void {
    this.#followed.get(kernelId)?.reached(pod);
  }

  #follow(kernelId: string): KernelNews {
    const lastWords = (pod: KernelPod, container: string) => this.lastWords(pod, container);
    const news = new KernelNews({ events: this.#events, lastWords });
    this.#followed.set(kernelId, news);
    for (const pod of this.of(kernelId)) news.present(pod);
    return news;
  }

  #heard(news: ResourceEvent<KernelPod>): void {
    if (news.type === 'synced') {
      this.#isSynced = true;
      for (const [kernelId, kernelNews] of this.#followed) this.#examineUnseen(kernelId, kernelNews);
      return;
    }
    this.#keep(news);
    const kernelNews = this.#followed.get(kernelIdOf(news.object));
    if (news.type === 'present') kernelNews?.present(news.object);
    else kernelNews?.absent(news.object);
    this.#changes.next(news);
  }

  #keep({ type, object }: PodChange): void {
    const kernelId = kernelIdOf(object);
    const pods = this.#pods.get(kernelId) ?? new Map<string, KernelPod>();
    if (type === 'present') pods.set(uidOf(object), object);
    else pods.delete(uidOf(object));
    if (pods.size > 0) this.#pods.set(kernelId, pods);
    else this.#pods.delete(kernelId);
  }

  /** A pod that came and went while the watch was interrupted is in no list, and its end in no event. */
  #examineUnseen(kernelId: string, news: KernelNews): void {
    for (const pod of news.unseen) void this.#examine(kernelId, news, pod);
  }

  async #examine(kernelId: string, news: KernelNews, pod: Pod): Promise<void> {
    const isAwaited = () =>
      this.#followed.get(kernelId) === news && news.unseen.some(({ uid }) => uid === pod.uid);
    const { name, namespace } = pod;
    const ask = async () => {
      if (!isAwaited()) throw new Error('no one waits for it any more');
      return this.#cluster.read<KernelPod>({ ...POD, name, namespace: namespace ?? undefined });
    };
    try {
      const there = await persistently(ask, { deadline: Number.POSITIVE_INFINITY, isPassing: isAwaited });
      if (there === null || uidOf(there) !== pod.uid) news.lost(pod.uid, deletedUnseen(pod));
    } catch {
      // The watch has shown it in the meantime, or nobody wants to know any more.
    }
  }

  /** The end of what a container wrote, if it is there soon. */
  lastWords({ metadata }: KernelPod, container: string): Promise<string | null> {
    const read = this.#cluster.podLog(metadata.namespace ?? '', metadata.name, container, LOG_LINES);
    return new Promise((resolve) => {
      const patience = setTimeout(() => resolve(null), LOG_PATIENCE);
      const done = (log: string | null) => {
        clearTimeout(patience);
        resolve(log);
      };
      read.then(done, () => done(null));
    });
  }
}

function deletedUnseen({ name, namespace }: Pod): Failure {
  return {
    code: 'POD_DELETED',
    message: `The kernel's pod ${name} was deleted by somebody else.`,
    hint: `Start the kernel anew. The cluster's audit log tells who deletes pods in namespace ${namespace}.`,
  };
}
