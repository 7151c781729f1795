/**
 * The pods of all kernels, from one watch: what happens to them becomes the
 * news that each kernel's actor hears.
 */
import type { CoreV1Event, V1Pod } from '@kubernetes/client-node';
import { EMPTY, filter, first, merge, Observable, Subject, Subscription } from 'rxjs';
import type { Failure, Pod, PodEvent } from '../../machines/ports.ts';
import type { Cluster, KubernetesObject } from './cluster.ts';
import { KERNEL_SELECTOR } from './kernel-labels.ts';
import { type PodCondition, podConditionOf } from './pod-condition.ts';
import { deletionFailureOf, withLastLines } from './pod-failure.ts';

/** A pod as the watch tells it. */
export type KernelPod = V1Pod & KubernetesObject;
type KernelPodEvent = CoreV1Event & KubernetesObject;

const POD = { apiVersion: 'v1', kind: 'Pod' };
const EVENT = { apiVersion: 'v1', kind: 'Event' };
/** Lines that are asked of a container that has died, and the milliseconds that its end is held back for them. */
const LOG_LINES = 20;
const LOG_PATIENCE = 2000;

interface Tracked {
  pod: KernelPod;
  /** What the kernel's actor was told last, so that nothing is told twice. */
  told: string;
  isGone: boolean;
}

export class KernelPods {
  readonly #cluster: Cluster;
  readonly #subjects = new Map<string, Subject<PodEvent>>();
  /** By uid. */
  readonly #tracked = new Map<string, Tracked>();
  readonly #events = new Map<string, Map<string, CoreV1Event>>();
  readonly #changes = new Subject<KernelPod>();
  #watch = Subscription.EMPTY;
  #eventWatch: Subscription | null = null;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
  }

  start(): void {
    this.#watch = this.#cluster
      .watch<KernelPod>(POD, { labelSelector: KERNEL_SELECTOR })
      .subscribe((news) => {
        if (news.type === 'present') this.#present(news.object);
        if (news.type === 'absent') this.#absent(news.object);
      });
  }

  close(): void {
    this.#watch.unsubscribe();
    this.#eventWatch?.unsubscribe();
    this.#eventWatch = null;
  }

  /** Begins with what is known of the kernel's pods. */
  podEvents(kernelId: string): Observable<PodEvent> {
    return new Observable((observer) => {
      const subject = this.#subjects.get(kernelId) ?? new Subject<PodEvent>();
      this.#subjects.set(kernelId, subject);
      const subscription = subject.subscribe(observer);
      for (const tracked of this.#of(kernelId)) this.#tell(tracked);
      return () => {
        subscription.unsubscribe();
        if (subject.observed) return;
        this.#subjects.delete(kernelId);
        this.#followEvents();
      };
    });
  }

  /** The kernel's pods that exist, dying ones included. */
  of(kernelId: string): KernelPod[] {
    return this.#of(kernelId).map(({ pod }) => pod);
  }

  /** The first pod of the kernel that `known` does not have, now or later. */
  appeared(kernelId: string, known: ReadonlySet<string>): Observable<KernelPod> {
    const present = this.of(kernelId);
    return merge(present, this.#changes).pipe(
      filter((pod) => kernelIdOf(pod) === kernelId && !known.has(uidOf(pod))),
      first(),
    );
  }

  /** Completes when the pod's object is gone. */
  removed(uid: string): Observable<never> {
    if (!this.#tracked.has(uid)) return EMPTY;
    return new Observable<never>((observer) =>
      this.#changes
        .pipe(filter((pod) => uidOf(pod) === uid && !this.#tracked.has(uid)))
        .subscribe(() => observer.complete()),
    );
  }

  /** The kernel itself has shown where its pod is, before the cluster has. */
  noteAddress(kernelId: string, pod: Pod): void {
    const tracked = this.#tracked.get(pod.uid);
    if (tracked?.isGone || tracked?.told.startsWith(READY)) return;
    if (tracked !== undefined) tracked.told = readyText(pod.ip);
    this.#subjects.get(kernelId)?.next({ type: 'pod.ready', uid: pod.uid, pod });
    this.#followEvents();
  }

  /** Tells again what there is to tell about this pod, once the present turn is over. */
  tellAgain(uid: string, kernelId: string, unseen: Failure): void {
    setImmediate(() => {
      const tracked = this.#tracked.get(uid);
      if (tracked === undefined) {
        this.#subjects.get(kernelId)?.next({ type: 'pod.gone', uid, failure: unseen });
        return;
      }
      tracked.told = '';
      tracked.isGone = false;
      this.#tell(tracked);
    });
  }

  #of(kernelId: string): Tracked[] {
    return [...this.#tracked.values()].filter(({ pod }) => kernelIdOf(pod) === kernelId);
  }

  #present(pod: KernelPod): void {
    const uid = uidOf(pod);
    const tracked = this.#tracked.get(uid) ?? { pod, told: '', isGone: false };
    tracked.pod = pod;
    this.#tracked.set(uid, tracked);
    this.#changes.next(pod);
    this.#tell(tracked);
    this.#followEvents();
  }

  #absent(pod: KernelPod): void {
    const uid = uidOf(pod);
    const tracked = this.#tracked.get(uid);
    this.#tracked.delete(uid);
    this.#changes.next(pod);
    if (tracked !== undefined && !tracked.isGone) {
      this.#emit(pod, { type: 'pod.gone', uid, failure: deletionFailureOf(pod, this.#eventsOf(uid)) });
    }
    this.#followEvents();
    this.#events.delete(uid);
  }

  #tell(tracked: Tracked): void {
    const { pod } = tracked;
    const uid = uidOf(pod);
    if (tracked.isGone || !this.#subjects.has(kernelIdOf(pod))) return;
    const condition = podConditionOf(pod, this.#eventsOf(uid));
    if (condition.state === 'failed') {
      tracked.isGone = true;
      void this.#tellFailed(pod, condition);
      return;
    }
    const text = condition.state === 'ready' ? readyText(condition.ip) : condition.message;
    const wasReady = tracked.told.startsWith(READY);
    if (text === tracked.told || (wasReady && condition.state === 'pending')) return;
    tracked.told = text;
    if (condition.state === 'pending')
      this.#emit(pod, { type: 'pod.pending', uid, message: condition.message });
    else this.#emit(pod, { type: 'pod.ready', uid, pod: podOf(pod, condition.ip) });
  }

  /** Not before its last words are here, if they come soon. */
  async #tellFailed(
    pod: KernelPod,
    { failure, container }: PodCondition & { state: 'failed' },
  ): Promise<void> {
    const log = container === null ? null : await this.#lastWords(pod, container);
    this.#emit(pod, { type: 'pod.gone', uid: uidOf(pod), failure: withLastLines(failure, log) });
  }

  async #lastWords(pod: KernelPod, container: string): Promise<string | null> {
    const { namespace = '', name } = pod.metadata;
    const read = this.#cluster.podLog(namespace, name, container, LOG_LINES).catch(() => null);
    return new Promise((resolve) => {
      const patience = setTimeout(() => resolve(null), LOG_PATIENCE);
      void read.then((log) => {
        clearTimeout(patience);
        resolve(log);
      });
    });
  }

  #emit(pod: KernelPod, event: PodEvent): void {
    this.#subjects.get(kernelIdOf(pod))?.next(event);
  }

  #eventsOf(uid: string): CoreV1Event[] {
    return [...(this.#events.get(uid)?.values() ?? [])];
  }

  /** Events are many and say nothing about what runs: they are followed only while a pod of ours is pending. */
  #followEvents(): void {
    const isNeeded = [...this.#tracked.values()].some(
      ({ pod, told, isGone }) => !isGone && !told.startsWith(READY) && this.#subjects.has(kernelIdOf(pod)),
    );
    if (isNeeded && this.#eventWatch === null) {
      this.#eventWatch = this.#cluster
        .watch<KernelPodEvent>(EVENT, { fieldSelector: 'involvedObject.kind=Pod' })
        .subscribe((news) => {
          if (news.type === 'present') this.#noteEvent(news.object);
        });
    } else if (!isNeeded && this.#eventWatch !== null) {
      this.#eventWatch.unsubscribe();
      this.#eventWatch = null;
      this.#events.clear();
    }
  }

  #noteEvent(event: KernelPodEvent): void {
    const { uid } = event.involvedObject;
    const tracked = uid === undefined ? undefined : this.#tracked.get(uid);
    if (uid === undefined || tracked === undefined) return;
    const events = this.#events.get(uid) ?? new Map<string, CoreV1Event>();
    this.#events.set(uid, events.set(event.metadata.uid ?? event.metadata.name, event));
    this.#tell(tracked);
  }
}

const READY = 'ready at ';

function readyText(ip: string): string {
  return `${READY}${ip}`;
}

export function podOf(pod: KernelPod, ip: string): Pod {
  return {
    name: pod.metadata.name,
    namespace: pod.metadata.namespace ?? null,
    ip,
    node: pod.spec?.nodeName ?? null,
    uid: uidOf(pod),
    pid: null,
  };
}

export function uidOf(object: KubernetesObject): string {
  return object.metadata.uid ?? '';
}

export function kernelIdOf(object: KubernetesObject): string {
  return object.metadata.labels?.['kernel_id'] ?? '';
}
