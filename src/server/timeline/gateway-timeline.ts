/** The timeline of the gateway's own actor. */
import type { SnapshotFrom } from 'xstate';
import type { gatewayMachine } from '../../machines/gateway-machine.ts';
import type { KernelInput } from '../../machines/kernel-state.ts';
import type { Recording } from './kernel-timeline.ts';
import { iso, phaseOf } from './phase-log.ts';
import { redactedEvent } from './redaction.ts';
import { Timeline } from './timeline.ts';
import type { GatewayRow } from './timeline-model.ts';

export type GatewaySnapshot = SnapshotFrom<typeof gatewayMachine>;

export class GatewayTimeline {
  readonly timeline = new Timeline();
  readonly #recording: Recording;
  #snapshot: GatewaySnapshot | null = null;

  constructor(recording: Recording) {
    this.#recording = recording;
  }

  /** @returns whether it has come into another phase */
  see(event: { type: string }, snapshot: GatewaySnapshot): boolean {
    const { now, nextId, labelOf, rules } = this.#recording;
    const at = now();
    const { phases } = this.timeline;
    const phase = phaseOf(snapshot.value);
    const hasMoved = phase !== phases.current;
    if (hasMoved) phases.enter(phase, at);
    this.#snapshot = snapshot;
    this.timeline.record({
      id: nextId(),
      at,
      event: redactedEvent(shortened(event), [], rules()),
      label: labelOf(event.type),
      state: snapshot.value,
    });
    return hasMoved;
  }

  row(): GatewayRow {
    const { phases } = this.timeline;
    return {
      state: this.#snapshot?.value ?? '',
      phase: phases.current,
      since: iso(phases.since),
      kernels: Object.keys(this.#snapshot?.context.usernames ?? {}).length,
    };
  }
}

/** The kernel's own timeline tells the rest. */
function shortened(event: { type: string }): { type: string } {
  const { input } = event as { input?: Partial<KernelInput> };
  if (input?.plan === undefined) return event;
  const { kernelId, kernelName, username } = input.plan;
  return { type: event.type, kernelId, kernelName, username } as { type: string };
}
