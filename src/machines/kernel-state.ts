/**
 * The data of a kernel's life: input, context and events of the kernel's chart,
 * and the pure functions by which the chart decides. All of it is plain JSON;
 * all times are milliseconds.
 */
import type { Failure } from './failure.ts';
import { isWorthARestart } from './kernel-failures.ts';
import type {
  ChannelEvent,
  ConnectionInfo,
  ExecutionState,
  KernelRecord,
  LaunchPlan,
  Pod,
  PodEvent,
} from './ports.ts';

/** How long a kernel may take, and when it is culled. Durations in milliseconds. */
export interface KernelPolicy {
  /** From the handshake until it answers its first `kernel_info_request`. */
  kernelInfoTimeout: number;
  /** How long a kernel gets to exit by itself when asked to. */
  shutdownGrace: number;
  /** Automatic restarts in a row before a kernel is given up. */
  restartLimit: number;
  /** Running this long ends a row of restarts. */
  stableAfter: number;
  /** Zero or less: never culled. */
  cullIdleTimeout: number;
  /** How often a kernel that is due, but in use, is looked at again. */
  cullInterval: number;
  cullBusy: boolean;
  cullConnected: boolean;
}

/** What a kernel's actor is started with: a plan to launch, or the record of a kernel to adopt. */
export interface KernelInput {
  plan: LaunchPlan;
  policy: KernelPolicy;
  /** Milliseconds since the epoch. */
  now: number;
  adopt?: KernelRecord;
}

export interface KernelContext {
  plan: LaunchPlan;
  policy: KernelPolicy;
  pod: Pod | null;
  connection: ConnectionInfo | null;
  executionState: ExecutionState;
  /** Milliseconds since the epoch, as are the other moments here. */
  startedAt: number;
  lastActivity: number;
  /** WebSocket connections. */
  clients: number;
  /** What the launch is about at the moment, in words that go on after "it is". */
  progress: string;
  /** News of pods that came before the call that creates one had answered. */
  earlyNews: PodEvent[];
  /** Does not answer its heartbeat. */
  unresponsive: boolean;
  /** The node of its pod does not answer either: set as long as that is so. */
  nodeLoss: Failure | null;
  /** Where the kernel goes once its pod is gone. */
  goal: 'run' | 'restart' | 'stop' | 'leave';
  /** Why it is stopped, when it is. */
  stopReason: 'shutdown' | 'culled' | null;
  adopted: boolean;
  /** The gateway leaves, and this kernel is to run on without it. */
  leaving: boolean;
  everRan: boolean;
  restartsInARow: number;
  teardownAttempts: number;
  failure: Failure | null;
}

export type KernelEvent =
  | PodEvent
  | ChannelEvent
  | { type: 'interrupt' }
  | { type: 'restart' }
  | { type: 'shutdown' }
  | { type: 'detach' }
  | { type: 'clients.changed'; clients: number }
  | { type: 'policy.changed'; policy: Partial<KernelPolicy> };

/** What others are told as it happens; the kernel's clients learn of it on iopub. */
export type KernelEmitted =
  | { type: 'kernel.restarting'; automatic: boolean; failure: Failure | null }
  | { type: 'kernel.running' }
  | { type: 'kernel.leaving' }
  | { type: 'interrupt.delivered' }
  | { type: 'interrupt.failed'; failure: Failure }
  | { type: 'adoption.failed'; failure: Failure }
  | { type: 'record.failed'; failure: Failure }
  | { type: 'teardown.failed'; failure: Failure };

/** How a kernel's life ended. `failed` never ran, `dead` did; `detached` runs on without this gateway. */
export interface KernelOutcome {
  outcome: 'stopped' | 'failed' | 'dead' | 'detached';
  reason: 'shutdown' | 'culled' | null;
  failure: Failure | null;
}

/** Attempts at removing a pod before the rest is left to the reconciler, and said so. */
export const TEARDOWN_ATTEMPTS = 5;

export function initialContext({ plan, policy, now, adopt }: KernelInput): KernelContext {
  return {
    plan,
    policy,
    pod: adopt?.pod ?? null,
    connection: adopt?.connection ?? null,
    executionState: 'starting',
    startedAt: adopt?.startedAt ?? now,
    lastActivity: adopt?.lastActivity ?? now,
    clients: 0,
    progress: 'about to begin',
    earlyNews: [],
    unresponsive: false,
    nodeLoss: null,
    goal: 'run',
    stopReason: null,
    adopted: adopt !== undefined,
    leaving: false,
    everRan: adopt !== undefined,
    restartsInARow: 0,
    teardownAttempts: 0,
    failure: null,
  };
}

/** What is written down so that another gateway can go on with this kernel. Null before it can be reached. */
export function recordOf(context: KernelContext): KernelRecord | null {
  const { plan, pod, connection, startedAt, lastActivity } = context;
  if (pod === null || connection === null) return null;
  return { plan, pod, connection, startedAt, lastActivity };
}

/** News of an earlier pod of the same kernel say nothing about the present one. */
export function isCurrentPod(context: KernelContext, event: PodEvent): boolean {
  return context.pod?.uid === event.uid;
}

/** The pod that was created, as far as is known by the time the call answers. */
export function createdPod({ earlyNews }: KernelContext, pod: Pod): Pod {
  const ready = earlyNews.findLast((news) => news.type === 'pod.ready' && news.uid === pod.uid);
  return ready?.type === 'pod.ready' ? ready.pod : pod;
}

/** How the pod died before the call that created it had answered; null when it did not. */
export function earlyDeath({ earlyNews }: KernelContext, pod: Pod): Failure | null {
  const gone = earlyNews.find((news) => news.type === 'pod.gone' && news.uid === pod.uid);
  return gone?.type === 'pod.gone' ? gone.failure : null;
}

/** What a pending pod waits for. */
export function pendingProgress({ earlyNews, pod }: KernelContext): string {
  const pending = earlyNews.findLast((news) => news.type === 'pod.pending' && news.uid === pod?.uid);
  return podProgress(pending?.type === 'pod.pending' ? pending.message : null);
}

export function podProgress(message: string | null): string {
  return message === null ? 'waiting for its pod' : `waiting for its pod (${message})`;
}

/** A kernel that another gateway launched, and that was not restarted since: it may be too busy to answer. */
export function isResumed({ adopted, goal }: KernelContext): boolean {
  return adopted && goal === 'run';
}

export function changesCulling({ policy }: KernelContext, changed: Partial<KernelPolicy>): boolean {
  const names = ['cullIdleTimeout', 'cullInterval', 'cullBusy', 'cullConnected'] as const;
  return names.some((name) => changed[name] !== undefined && changed[name] !== policy[name]);
}

/** Whether a kernel that died for this reason is restarted of its own accord. */
export function mayRestart(context: KernelContext, death: Failure): boolean {
  const { everRan, goal, restartsInARow, policy } = context;
  return everRan && goal !== 'stop' && restartsInARow < policy.restartLimit && isWorthARestart(death);
}

export function mayCull({ executionState, clients, policy }: KernelContext): boolean {
  return (policy.cullBusy || executionState !== 'busy') && (policy.cullConnected || clients === 0);
}

/** The first restart comes at once; each further one in a row waits twice as long, from 1 s to 8 s. */
export function restartBackoff({ restartsInARow }: KernelContext): number {
  return restartsInARow < 2 ? 0 : Math.min(1000 * 2 ** (restartsInARow - 2), 8000);
}

export function teardownBackoff({ teardownAttempts }: KernelContext): number {
  return Math.min(250 * 2 ** teardownAttempts, 8000);
}

export function outcomeOf({ failure, everRan, stopReason, leaving, goal }: KernelContext): KernelOutcome {
  if (leaving && goal === 'leave') return { outcome: 'detached', reason: null, failure: null };
  if (failure === null) return { outcome: 'stopped', reason: stopReason, failure };
  return { outcome: everRan ? 'dead' : 'failed', reason: stopReason, failure };
}

/** What the chart has seen to be there by the time it asks. */
export function known<Value>(value: Value | null): Value {
  if (value === null) throw new Error('the kernel chart asked for what it does not have yet');
  return value;
}
