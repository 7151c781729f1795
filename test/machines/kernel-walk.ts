/** All states that a kernel's life can be in, and the shortest row of events that leads to each. */
import type { AnyStateNode, EventFromLogic, SnapshotFrom } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import { kernelMachine } from '../../src/machines/kernel-machine.ts';
import type { KernelInput } from '../../src/machines/kernel-state.ts';
import { CONNECTION, DEATH, podOf } from './samples.ts';

export type KernelSnapshot = SnapshotFrom<typeof kernelMachine>;

/** An event as it reaches the chart: from outside, of an invoked actor, or of a timer. */
export interface WalkEvent {
  type: string;
  [detail: string]: unknown;
}

export interface KernelPath {
  events: WalkEvent[];
  snapshot: KernelSnapshot;
}

/** @throws Error when there is no end to the states */
export function pathsOfAllStates(input: KernelInput): KernelPath[] {
  const paths = getShortestPaths(kernelMachine, {
    input,
    events: (snapshot) => eventsIn(snapshot) as EventFromLogic<typeof kernelMachine>[],
    serializeState: (snapshot) => keyOf(snapshot),
    limit: MOST_STEPS,
  });
  // Each path begins with the event that starts the actor.
  return paths.map(({ state, steps }) => ({
    snapshot: state,
    events: steps.slice(1).map(({ event }) => event),
  }));
}

/** Far more than it takes: a context that grows without end is found out by it. */
const MOST_STEPS = 500_000;

/**
 * States are the same when this is. Moments and texts are left out: they decide
 * nothing. What can be changed at any time, and matters only to a running
 * kernel, or to one whose pod is being created, is left out of all other states.
 */
export function keyOf(snapshot: KernelSnapshot): string {
  const { policy, pod, connection, failure, executionState, clients, ...others } = snapshot.context;
  const { plan, startedAt, lastActivity, progress, earlyNews, unresponsive, nodeLoss, ...decisive } = others;
  const isBeingCreated = snapshot.matches({ launching: 'podCreating' });
  return JSON.stringify({
    value: snapshot.value,
    ...decisive,
    pod: pod === null ? null : pod.ip,
    isConnected: connection !== null,
    hasFailed: failure !== null,
    ...(snapshot.hasTag('running') && {
      executionState,
      clients,
      culls: policy.cullIdleTimeout > 0,
      hasLostNode: nodeLoss !== null,
    }),
    ...(isBeingCreated && {
      earlyNews: [...new Set(earlyNews.map(({ type, uid }) => `${type} ${uid}`))].sort(),
    }),
  });
}

/** In words, for the title of a failure. */
export function describePath({ events, snapshot }: KernelPath): string {
  return `${events.map(({ type }) => type).join(', ')} → ${JSON.stringify(snapshot.value)}`;
}

function eventsIn(snapshot: KernelSnapshot): WalkEvent[] {
  if (snapshot.status !== 'active') return [];
  const nodes = snapshot._nodes as AnyStateNode[];
  const types = new Set(nodes.flatMap((node) => [...node.transitions.keys()]));
  return [...types].flatMap((type) => samplesOf(type));
}

/** What events from outside may say; those without an entry are unknown here, and a fault of this test. */
const OUTSIDE: Record<string, object[]> = {
  shutdown: [{}],
  restart: [{}],
  interrupt: [{}],
  detach: [{}],
  'clients.changed': [{ clients: 1 }, { clients: 0 }],
  'policy.changed': [{ policy: { cullIdleTimeout: 600_000 } }, { policy: { cullIdleTimeout: 0 } }],
  'channels.ready': [{}],
  'heartbeat.lost': [{}],
  'heartbeat.restored': [{}],
  'kernel.status': ['busy', 'idle'].map((executionState) => ({ executionState, at: 2000 })),
  'kernel.activity': [{ at: 3000 }],
  'pod.pending': [{ uid: 'pod-1', message: 'pulling image x' }],
  'pod.ready': [{ uid: 'pod-1', pod: podOf() }],
  'pod.gone': ['pod-1', 'earlier'].map((uid) => ({ uid, failure: DEATH })),
  'node.lost': [{ uid: 'pod-1', failure: DEATH }],
  'node.found': [{ uid: 'pod-1' }],
};

/** What invoked actors may give, by their source; those without an entry give nothing. */
const OUTPUTS: Record<string, unknown[]> = {
  createPod: [podOf(), podOf({ ip: '' })],
  adoptPod: [{ pod: podOf() }, { pod: null, failure: null }],
  awaitHandshake: [CONNECTION],
};

const sources = new Map(invocationsOf(kernelMachine.root).map(({ id, src }) => [id, String(src)]));

function invocationsOf(node: AnyStateNode): AnyStateNode['invoke'] {
  return [
    ...node.invoke,
    ...Object.values(node.states).flatMap((child) => invocationsOf(child as AnyStateNode)),
  ];
}

/** The name of the actor that an event is the end of; null for all other events. */
export function sourceOf({ type }: WalkEvent): string | null {
  const [, id] = /^xstate\.(?:done|error)\.actor\.(.+)$/.exec(type) ?? [];
  return id === undefined ? null : (sources.get(id) ?? null);
}

function samplesOf(type: string): WalkEvent[] {
  if (type.startsWith('xstate.after.')) return [{ type }];
  if (type.startsWith('xstate.error.actor.')) return [{ type, error: new Error('something went wrong') }];
  const source = sourceOf({ type });
  if (source !== null) return (OUTPUTS[source] ?? [undefined]).map((output) => ({ type, output }));
  const details = OUTSIDE[type];
  if (details === undefined) throw new Error(`the chart knows an event that this walk does not: ${type}`);
  return details.map((detail) => ({ type, ...detail }));
}
