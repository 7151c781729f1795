/** One pod, and what has been told of it: each thing once, and nothing after its end. */
import type { Failure, Pod, PodEvent } from '../../machines/ports.ts';
import { type KernelPod, podOf } from './kernel-pod.ts';
import { nodeLossOf } from './node-loss.ts';
import type { PendingEvents } from './pending-events.ts';
import { type PodCondition, podConditionOf } from './pod-condition.ts';
import { deletionFailureOf, withLastLines } from './pod-failure.ts';

export interface PodReportSources {
  events: PendingEvents;
  /** What a container wrote last; null when that can't be had soon. Never rejects. */
  lastWords(pod: KernelPod, container: string): Promise<string | null>;
}

export class PodReport {
  readonly pod: Pod;
  readonly #told = new Map<'life' | 'node', PodEvent>();
  readonly #sources: PodReportSources;
  readonly #tell: (event: PodEvent) => void;
  /** Null until the watch has shown it. */
  #seen: KernelPod | null = null;
  #isEnding = false;

  /** @param pod as it is known by now; its address is empty when it is yet to be waited for */
  constructor(pod: Pod, sources: PodReportSources, tell: (event: PodEvent) => void) {
    this.pod = pod;
    this.#sources = sources;
    this.#tell = (event) => {
      this.#told.set(event.type.startsWith('node.') ? 'node' : 'life', event);
      tell(event);
    };
  }

  /** What was told last of its life, and then of its node. */
  get told(): PodEvent[] {
    return ['life' as const, 'node' as const].flatMap((subject) => this.#told.get(subject) ?? []);
  }

  get isSeen(): boolean {
    return this.#seen !== null;
  }

  seen(pod: KernelPod): void {
    this.#seen = pod;
    this.#examine();
  }

  /** Its object is gone: without a word before, somebody else has deleted it. */
  absent(): void {
    if (this.#isEnding || this.#seen === null) return;
    this.lost(deletionFailureOf(this.#seen, this.#sources.events.of(this.pod.uid)));
  }

  lost(failure: Failure): void {
    if (this.#isEnding) return;
    this.#end();
    this.#tell({ type: 'pod.gone', uid: this.pod.uid, failure });
  }

  /** The kernel itself has shown where its pod is, before the cluster has. */
  reached(ip: string): void {
    if (this.#isEnding || this.#told.get('life')?.type === 'pod.ready') return;
    this.#ready(this.#seen === null ? { ...this.pod, ip } : podOf(this.#seen, ip));
  }

  /** Its events say what it waits for. @returns false when they are followed already */
  followEvents(): boolean {
    return this.#sources.events.follow(this.pod.uid, () => this.#examine());
  }

  release(): void {
    this.#sources.events.release(this.pod.uid);
  }

  #examine(): void {
    if (this.#isEnding || this.#seen === null) return;
    const condition = podConditionOf(this.#seen, this.#sources.events.of(this.pod.uid));
    if (condition.state === 'failed') void this.#failed(this.#seen, condition);
    else if (condition.state === 'ready') this.#running(this.#seen, condition.ip);
    else this.#pending(condition.message);
  }

  #running(pod: KernelPod, ip: string): void {
    this.#ready(podOf(pod, ip));
    const loss = nodeLossOf(pod);
    const isTold = this.#told.get('node')?.type === 'node.lost';
    if (loss !== null && !isTold) this.#tell({ type: 'node.lost', uid: this.pod.uid, failure: loss });
    if (loss === null && isTold) this.#tell({ type: 'node.found', uid: this.pod.uid });
  }

  /** Not any more once it was ready: its address is known, whatever the cluster has heard by now. */
  #pending(message: string): void {
    const latest = this.#told.get('life');
    if (latest?.type === 'pod.ready') return;
    if (this.followEvents()) this.#examine();
    else if (latest?.type !== 'pod.pending' || latest.message !== message)
      this.#tell({ type: 'pod.pending', uid: this.pod.uid, message });
  }

  #ready(pod: Pod): void {
    this.release();
    const latest = this.#told.get('life');
    if (latest?.type === 'pod.ready' && latest.pod.ip === pod.ip) return;
    this.#tell({ type: 'pod.ready', uid: pod.uid, pod });
  }

  /** Told not before its last words are here, if they come soon. */
  async #failed(pod: KernelPod, { failure, container }: PodCondition & { state: 'failed' }): Promise<void> {
    this.#end();
    const log = container === null ? null : await this.#sources.lastWords(pod, container);
    this.#tell({ type: 'pod.gone', uid: this.pod.uid, failure: withLastLines(failure, log) });
  }

  #end(): void {
    this.#isEnding = true;
    this.release();
  }
}
