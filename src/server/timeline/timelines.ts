/**
 * Records what the gateway's actors go through, by XState's inspection. Signs
 * of life, of which there are two for each cell, cost a look at the state's
 * path and no more.
 */
import { randomBytes } from 'node:crypto';
import { type InspectedSnapshotEvent, type InspectionEvent, isMachineSnapshot } from 'xstate';
import { chartDefinition, eventLabels } from '../../machines/chart-definition.ts';
import type { KernelActor } from '../../machines/gateway-machine.ts';
import { charts } from './charts.ts';
import { type GatewaySnapshot, GatewayTimeline } from './gateway-timeline.ts';
import { type KernelSnapshot, KernelTimeline, type Recording } from './kernel-timeline.ts';
import { Noticeboard } from './noticeboard.ts';
import type { RedactionRules } from './redaction.ts';

/** Kernels that have ended and are still told of, and for how many milliseconds at most. */
const ENDED_KERNELS = 200;
const ENDED_FOR = 24 * 60 * 60 * 1000;

export interface TimelinesOptions {
  rules(): RedactionRules;
  now(): number;
  /** Hears of a fault in the recording itself, which disturbs no kernel. */
  failed(error: unknown): void;
}

export class Timelines {
  /** Tells the ids of this gateway from those of an earlier one. */
  readonly run = randomBytes(4).toString('hex');
  readonly gateway: GatewayTimeline;
  readonly board: Noticeboard;
  readonly #options: TimelinesOptions;
  readonly #recording: Recording;
  readonly #alive = new Map<string, KernelTimeline>();
  /** In the order in which they ended. */
  readonly #ended = new Map<string, KernelTimeline>();
  #lastId = 0;

  constructor(options: TimelinesOptions) {
    this.#options = options;
    const labels = new Map(charts.flatMap((chart) => [...eventLabels(chartDefinition(chart))]));
    this.#recording = {
      now: options.now,
      nextId: () => ++this.#lastId,
      labelOf: (eventType) => labels.get(eventType) ?? plainLabel(eventType),
      rules: options.rules,
    };
    this.gateway = new GatewayTimeline(this.#recording);
    this.board = new Noticeboard({
      now: options.now,
      gateway: () => this.gateway.row(),
      alive: () => this.#alive.values(),
      ended: () => this.#recentlyEnded(),
    });
  }

  /** For `createActor`. */
  readonly inspect = (inspected: InspectionEvent): void => {
    if (inspected.type !== '@xstate.snapshot') return;
    try {
      this.#see(inspected);
    } catch (error) {
      this.#options.failed(error);
    }
  };

  /** A kernel that lives, or has ended of late. */
  find(kernelId: string): KernelTimeline | undefined {
    return this.#alive.get(kernelId) ?? this.#recentlyEnded().get(kernelId);
  }

  #see({ actorRef, event, snapshot }: InspectedSnapshotEvent): void {
    if (!isMachineSnapshot(snapshot) || event.type === 'xstate.stop') return;
    // An actor that breaks is told of by the gateway, before its own last snapshot is.
    if (snapshot.status === 'error') return;
    if (snapshot.machine.id === 'kernel') {
      this.#seeKernel(actorRef as KernelActor, event, snapshot as unknown as KernelSnapshot);
    } else {
      this.#seeGateway(event, snapshot as unknown as GatewaySnapshot);
    }
  }

  #seeKernel(actor: KernelActor, event: { type: string }, snapshot: KernelSnapshot): void {
    const kernel = this.#alive.get(actor.id) ?? this.#begin(actor, snapshot);
    const hasNews = kernel.see(event, snapshot);
    if (kernel.timeline.ending !== null) this.#end(kernel);
    else if (hasNews) this.board.changed(kernel);
    else this.board.alive(kernel);
  }

  #seeGateway(event: { type: string }, snapshot: GatewaySnapshot): void {
    if (this.gateway.see(event, snapshot)) this.board.gatewayChanged();
    if (!event.type.startsWith('xstate.error.actor.') || !('actorId' in event)) return;
    const kernel = this.#alive.get(String(event.actorId));
    if (kernel === undefined) return;
    kernel.lose();
    this.#end(kernel);
  }

  #begin(actor: KernelActor, snapshot: KernelSnapshot): KernelTimeline {
    const kernel = new KernelTimeline(actor, snapshot, this.#recording);
    this.#ended.delete(actor.id);
    this.#alive.set(actor.id, kernel);
    return kernel;
  }

  #end(kernel: KernelTimeline): void {
    this.#alive.delete(kernel.kernelId);
    this.#ended.set(kernel.kernelId, kernel);
    this.board.changed(kernel);
    this.#recentlyEnded();
  }

  /** Those that ended too long ago, or before too many others, are forgotten. */
  #recentlyEnded(): ReadonlyMap<string, KernelTimeline> {
    const oldest = this.#options.now() - ENDED_FOR;
    for (const [kernelId, { timeline, revision }] of this.#ended) {
      const isRecent = Date.parse(timeline.ending?.at ?? '') >= oldest;
      if (isRecent && this.#ended.size <= ENDED_KERNELS) break;
      this.#ended.delete(kernelId);
      this.board.forgot(revision);
    }
    return this.#ended;
  }
}

function plainLabel(eventType: string): string {
  if (eventType === 'xstate.init') return 'begin';
  const how = /^xstate\.(done|error)\./.exec(eventType)?.[1];
  if (how === undefined) return eventType;
  return how === 'done' ? 'actor done' : 'actor failed';
}
