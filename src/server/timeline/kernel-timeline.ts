/** A kernel's timeline, made from what its actor goes through. */
import type { SnapshotFrom } from 'xstate';
import type { Failure } from '../../machines/failure.ts';
import type { KernelActor } from '../../machines/gateway-machine.ts';
import type { kernelMachine } from '../../machines/kernel-machine.ts';
import type { KernelContext } from '../../machines/kernel-state.ts';
import { iso, phaseOf } from './phase-log.ts';
import { type RedactionRules, redactedEvent, redactedText, secretsOf } from './redaction.ts';
import { Timeline } from './timeline.ts';
import type { Ending, KernelRow, Problem } from './timeline-model.ts';

export type KernelSnapshot = SnapshotFrom<typeof kernelMachine>;

/** Too many, and of too little consequence, to be recorded one by one. */
const SIGNS_OF_LIFE = new Set(['kernel.status', 'kernel.activity', 'clients.changed']);

/** What recording asks of the gateway. */
export interface Recording {
  /** Milliseconds since the epoch. */
  now(): number;
  nextId(): number;
  labelOf(eventType: string): string;
  rules(): RedactionRules;
}

export class KernelTimeline {
  readonly kernelId: string;
  readonly kernelName: string;
  readonly username: string;
  readonly timeline = new Timeline();
  /** Rises with each change that others are told of. */
  revision = 0;
  readonly #recording: Recording;
  /** The present one, or the last one told: a kernel that has ended leaves no more than that. */
  #seen: KernelSnapshot | KernelRow;
  #phase = '';
  #secrets: string[] = [];
  #secretsOf: KernelContext['connection'] | undefined;
  #failure: Failure | null = null;
  #nodeLoss: Failure | null = null;
  /** What went wrong in the step that is under way. */
  #told: Failure | null = null;
  #lastProblem: KernelRow['last_problem'] = null;

  constructor(kernel: KernelActor, snapshot: KernelSnapshot, recording: Recording) {
    const { plan } = snapshot.context;
    this.kernelId = plan.kernelId;
    this.kernelName = plan.kernelName;
    this.username = plan.username;
    this.#recording = recording;
    this.#seen = snapshot;
    for (const problem of [
      'adoption.failed',
      'record.failed',
      'teardown.failed',
      'interrupt.failed',
    ] as const) {
      kernel.on(problem, ({ failure }) => {
        this.#told = failure;
      });
    }
  }

  /** @returns false for what only shows that the kernel is alive */
  see(event: { type: string }, snapshot: KernelSnapshot): boolean {
    this.#seen = snapshot;
    const phase = phaseOf(snapshot.value);
    const hasMoved = phase !== this.#phase;
    if (!hasMoved && SIGNS_OF_LIFE.has(event.type)) return false;
    this.#phase = phase;
    this.#record(event, snapshot, hasMoved);
    return true;
  }

  /** Its actor has stopped by a fault of the gateway's own, and tells no more. */
  lose(): void {
    this.#end('lost', null, {
      code: 'GATEWAY_FAULT',
      message: 'The gateway lost this kernel by a fault of its own.',
      hint: 'Look into the log of the gateway, and start another kernel.',
    });
  }

  row(now: number): KernelRow {
    if ('idle_seconds' in this.#seen) return this.#seen;
    const { context } = this.#seen;
    const { ending, phases } = this.timeline;
    return {
      id: this.kernelId,
      name: this.kernelName,
      username: this.username,
      phase: ending?.outcome ?? phases.current,
      since: ending?.at ?? iso(phases.since),
      started: iso(context.startedAt),
      last_activity: iso(context.lastActivity),
      idle_seconds: Math.max(0, now - context.lastActivity) / 1000,
      execution_state: ending === null ? context.executionState : 'dead',
      connections: ending === null ? context.clients : 0,
      node: context.pod?.node ?? null,
      pod: context.pod?.name ?? null,
      namespace: context.pod?.namespace ?? context.plan.ownNamespace,
      progress: ending === null && this.#seen.hasTag('launching') ? context.progress : null,
      last_problem: this.#lastProblem,
      outcome: ending,
    };
  }

  #record(event: { type: string }, snapshot: KernelSnapshot, hasMoved: boolean): void {
    const { now, nextId, labelOf, rules } = this.#recording;
    const at = now();
    const { context, output } = snapshot;
    this.#learnSecrets(context);
    const failure = this.#problem(context, at);
    const { phases } = this.timeline;
    if (hasMoved && output === undefined) phases.enter(this.#phase, at);
    const waitsFor = stepOf(event, snapshot, hasMoved);
    if (waitsFor !== null) phases.step(this.#clean(waitsFor), at);
    this.timeline.record({
      id: nextId(),
      at,
      event: redactedEvent(event, this.#secrets, rules()),
      label: labelOf(event.type),
      state: snapshot.value,
      progress: snapshot.hasTag('launching') ? this.#clean(context.progress) : undefined,
      failure,
    });
    if (output !== undefined) this.#end(output.outcome, output.reason, this.#shown(output.failure));
  }

  #end(outcome: Ending['outcome'], reason: Ending['reason'], failure: Problem | null): void {
    const at = this.#recording.now();
    if (failure !== null) this.#lastProblem ??= { ...failure, at: iso(at) };
    this.timeline.end({ outcome, reason, failure, at: iso(at) }, at);
    this.#seen = this.row(at);
  }

  #problem({ failure, nodeLoss }: KernelContext, at: number): Problem | undefined {
    const news = [
      failure === this.#failure ? null : failure,
      nodeLoss === this.#nodeLoss ? null : nodeLoss,
      this.#told,
    ].find((each) => each !== null);
    this.#failure = failure;
    this.#nodeLoss = nodeLoss;
    this.#told = null;
    const problem = this.#shown(news ?? null);
    if (problem === null) return undefined;
    this.#lastProblem = { ...problem, at: iso(at) };
    return problem;
  }

  #shown(failure: Failure | null): Problem | null {
    if (failure === null) return null;
    const { code, message, hint } = failure;
    return { code, message: this.#clean(message), hint: this.#clean(hint) };
  }

  #clean(text: string): string {
    return redactedText(text, this.#secrets, this.#recording.rules());
  }

  /** Each pod has a key of its own. Those of earlier pods stay secret. */
  #learnSecrets({ plan, connection }: KernelContext): void {
    if (this.#secretsOf === connection) return;
    this.#secretsOf = connection;
    this.#secrets = [...new Set([...this.#secrets, ...secretsOf(plan, connection, this.#recording.rules())])];
  }
}

/** What the pod waits for from now on; null when that is not what the event is about. */
function stepOf(event: { type: string }, snapshot: KernelSnapshot, hasMoved: boolean): string | null {
  const { pod, earlyNews } = snapshot.context;
  if (event.type === 'pod.pending') {
    const { uid, message } = event as { uid?: unknown; message?: unknown };
    return pod === null || uid === pod.uid ? String(message) : null;
  }
  if (!hasMoved || !snapshot.matches({ launching: 'podPending' })) return null;
  // News that came before the pod was known to be this kernel's.
  const early = earlyNews.findLast((news) => news.type === 'pod.pending' && news.uid === pod?.uid);
  return early?.type === 'pod.pending' ? early.message : null;
}
