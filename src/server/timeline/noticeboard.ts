/**
 * All kernels at once, for those who look on. Each change has a number, its
 * revision: who has seen all up to one of them is told what came later, each
 * kernel once, however slow he is. Nothing is stored for an onlooker.
 */
import type { KernelTimeline } from './kernel-timeline.ts';
import { iso } from './phase-log.ts';
import type { GatewayRow, KernelRow, Overview, Refusal } from './timeline-model.ts';

/** Milliseconds in which changes are gathered; those that only show life are told less often. */
const CHANGES = 100;
const SIGNS_OF_LIFE = 1000;
/** Refused launches that are kept. */
const REFUSALS = 50;

export interface NoticeboardOptions {
  now(): number;
  gateway(): GatewayRow;
  alive(): Iterable<KernelTimeline>;
  ended(): ReadonlyMap<string, KernelTimeline>;
}

export type Change =
  | { revision: number; type: 'kernel' | 'removed'; data: KernelRow }
  | { revision: number; type: 'refused'; data: Refusal }
  | { revision: number; type: 'gateway'; data: GatewayRow };

export class Noticeboard {
  revision = 0;
  readonly #options: NoticeboardOptions;
  readonly #refusals: { revision: number; refusal: Refusal }[] = [];
  readonly #lively = new Set<KernelTimeline>();
  readonly #onlookers = new Set<() => void>();
  #gatewayRevision = 0;
  /** Changes up to this one can't all be told any more. */
  #forgotten = 0;
  #changes: NodeJS.Timeout | undefined;
  #signsOfLife: NodeJS.Timeout | undefined;

  constructor(options: NoticeboardOptions) {
    this.#options = options;
  }

  /** Calls back when changes have been gathered. @returns what ends it */
  onNews(callback: () => void): () => void {
    this.#onlookers.add(callback);
    if (this.#lively.size > 0) this.#tellOfLife();
    return () => this.#onlookers.delete(callback);
  }

  changed(kernel: KernelTimeline): void {
    this.#lively.delete(kernel);
    kernel.revision = ++this.revision;
    this.#tell();
  }

  alive(kernel: KernelTimeline): void {
    this.#lively.add(kernel);
    if (this.#onlookers.size > 0) this.#tellOfLife();
  }

  gatewayChanged(): void {
    this.#gatewayRevision = ++this.revision;
    this.#tell();
  }

  refused(refusal: Omit<Refusal, 'at'>): void {
    this.#refusals.push({
      revision: ++this.revision,
      refusal: { at: iso(this.#options.now()), ...refusal },
    });
    if (this.#refusals.length > REFUSALS) this.forgot(this.#refusals.shift()?.revision ?? 0);
    this.#tell();
  }

  /** A kernel that had ended is not told of any more. */
  forgot(revision: number): void {
    this.#forgotten = Math.max(this.#forgotten, revision);
  }

  overview(): Overview {
    this.#promoteLively();
    const now = this.#options.now();
    return {
      gateway: this.#options.gateway(),
      kernels: [...this.#options.alive()].map((kernel) => kernel.row(now)),
      ended: [...this.#options.ended().values()].map((kernel) => kernel.row(now)).reverse(),
      refused: this.#refusals.map(({ refusal }) => refusal).reverse(),
    };
  }

  /** In their order; null when some of them are not known any more. */
  changesAfter(revision: number): Change[] | null {
    const ended = this.#options.ended();
    if (revision < this.#forgotten || revision > this.revision) return null;
    const now = this.#options.now();
    const changes: Change[] = [];
    for (const kernel of this.#options.alive()) {
      if (kernel.revision > revision) changes.push({ ...change(kernel, now), type: 'kernel' });
    }
    for (const kernel of ended.values()) {
      if (kernel.revision > revision) changes.push({ ...change(kernel, now), type: 'removed' });
    }
    for (const { refusal, ...each } of this.#refusals) {
      if (each.revision > revision) changes.push({ ...each, type: 'refused', data: refusal });
    }
    if (this.#gatewayRevision > revision) {
      changes.push({ revision: this.#gatewayRevision, type: 'gateway', data: this.#options.gateway() });
    }
    return changes.sort((one, other) => one.revision - other.revision);
  }

  #tell(): void {
    if (this.#onlookers.size === 0) return;
    this.#changes ??= setTimeout(() => {
      this.#changes = undefined;
      for (const onlooker of this.#onlookers) onlooker();
    }, CHANGES).unref();
  }

  #tellOfLife(): void {
    this.#signsOfLife ??= setTimeout(() => {
      this.#signsOfLife = undefined;
      this.#promoteLively();
      this.#tell();
    }, SIGNS_OF_LIFE).unref();
  }

  #promoteLively(): void {
    for (const kernel of this.#lively) kernel.revision = ++this.revision;
    this.#lively.clear();
  }
}

function change(kernel: KernelTimeline, now: number) {
  return { revision: kernel.revision, data: kernel.row(now) };
}
