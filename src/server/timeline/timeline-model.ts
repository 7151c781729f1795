/** What is told of a kernel's life, and of the gateway's: wire names, moments in ISO 8601, plain JSON. */
import type { StateValue } from 'xstate';

export interface Problem {
  code: string;
  /** One line: what happened. */
  message: string;
  /** One line: what to do about it. */
  hint: string;
}

/** One event, and what the chart made of it. */
export interface TimelineEntry {
  /** Rises over the whole gateway. */
  id: number;
  at: string;
  /** With its payload; secrets are masked. */
  event: { type: string; [member: string]: unknown };
  /** The event's name for people. */
  label: string;
  /** After the event. */
  state: StateValue;
  phase: string;
  /** What a launch is about. */
  progress?: string;
  /** What went wrong with this event. */
  failure?: Problem;
}

/** A stretch of a life that was spent in one state. */
export interface Phase {
  /** Path of the state in the chart, such as `launching.podPending`. */
  phase: string;
  from: string;
  /** Null as long as it goes on. */
  to: string | null;
  /** So far. */
  seconds: number;
  /** What its pod was waiting for, one after the other. */
  steps: Step[];
}

export interface Step {
  message: string;
  from: string;
  to: string | null;
  seconds: number;
}

/** How a kernel's life ended; `lost` by a fault of the gateway. */
export interface Ending {
  outcome: 'stopped' | 'failed' | 'dead' | 'detached' | 'lost';
  reason: 'shutdown' | 'culled' | null;
  failure: Problem | null;
  at: string;
}

/** One kernel among the others. */
export interface KernelRow {
  id: string;
  /** Name of the kernelspec. */
  name: string;
  username: string;
  phase: string;
  /** When it came into its phase. */
  since: string;
  started: string;
  last_activity: string;
  /** By the time this was told. */
  idle_seconds: number;
  execution_state: string;
  /** WebSocket connections. */
  connections: number;
  node: string | null;
  pod: string | null;
  namespace: string | null;
  /** While it is launched: what that is about. */
  progress: string | null;
  last_problem: (Problem & { at: string }) | null;
  outcome: Ending | null;
}

/** A launch that was refused before there was a kernel. */
export interface Refusal {
  at: string;
  kernel_name: string | null;
  username: string | null;
  code: string;
  message: string;
  hint: string;
}

export interface GatewayRow {
  state: StateValue;
  phase: string;
  since: string;
  kernels: number;
}

/** All that is to be seen at one moment. */
export interface Overview {
  gateway: GatewayRow;
  kernels: KernelRow[];
  /** Those that have ended of late, the last one first. */
  ended: KernelRow[];
  /** Launches that were refused of late, the last one first. */
  refused: Refusal[];
}
