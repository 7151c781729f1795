/** What the followers of one kernel hear about its pods, from the watch and from those who know more. */
import { type Observer, Subject, type Subscription } from 'rxjs';
import type { Failure, Pod, PodEvent } from '../../machines/ports.ts';
import { type KernelPod, podOf, uidOf } from './kernel-pod.ts';
import { PodReport, type PodReportSources } from './pod-report.ts';

export class KernelNews {
  readonly #sources: PodReportSources;
  readonly #events = new Subject<PodEvent>();
  /** By uid: of pods that there are, or that were made a moment ago. */
  readonly #reports = new Map<string, PodReport>();
  /** Uids of those whose end was told, and that are there no more. */
  readonly #ended = new Set<string>();

  constructor(sources: PodReportSources) {
    this.#sources = sources;
  }

  get isFollowed(): boolean {
    return this.#events.observed;
  }

  /** Pods that somebody has made, and the watch has not shown. */
  get unseen(): Pod[] {
    return [...this.#reports.values()].filter(({ isSeen }) => !isSeen).map(({ pod }) => pod);
  }

  /** Begins with what was told last of each pod. */
  follow(observer: Observer<PodEvent>): Subscription {
    for (const event of [...this.#reports.values()].flatMap(({ told }) => told)) observer.next(event);
    return this.#events.subscribe(observer);
  }

  present(pod: KernelPod): void {
    const report = this.#reports.get(uidOf(pod)) ?? this.#begin(podOf(pod, ''));
    report.seen(pod);
  }

  absent(pod: KernelPod): void {
    this.#reports.get(uidOf(pod))?.absent();
    this.#reports.delete(uidOf(pod));
    this.#ended.add(uidOf(pod));
  }

  /** This pod was made: its end is to be told even if the watch should never show it. */
  expect(pod: Pod): void {
    if (this.#ended.has(pod.uid) || this.#reports.has(pod.uid)) return;
    this.#begin(pod).followEvents();
  }

  /** This pod was there a moment ago: what has become of it is to be told, also if it was told before. */
  adopt(pod: Pod): void {
    this.#ended.delete(pod.uid);
    const { told } = this.#reports.get(pod.uid) ?? this.#begin(pod);
    for (const event of told) this.#events.next(event);
  }

  /** It turned out that a pod is gone which the watch has never shown. */
  lost(uid: string, failure: Failure): void {
    const report = this.#reports.get(uid);
    if (report?.isSeen !== false) return;
    this.#reports.delete(uid);
    this.#ended.add(uid);
    report.lost(failure);
  }

  /** No one wants to know about this pod any more, unless the watch shows it yet. */
  forget(uid: string): void {
    const report = this.#reports.get(uid);
    if (report?.isSeen !== false) return;
    this.#reports.delete(uid);
    report.release();
  }

  reached({ uid, ip }: Pod): void {
    this.#reports.get(uid)?.reached(ip);
  }

  close(): void {
    for (const report of this.#reports.values()) report.release();
    this.#reports.clear();
  }

  #begin(pod: Pod): PodReport {
    const report = new PodReport(pod, this.#sources, (event) => this.#events.next(event));
    this.#reports.set(pod.uid, report);
    return report;
  }
}
