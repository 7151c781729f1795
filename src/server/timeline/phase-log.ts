/** How long a life has been in each of its phases, and what its pod was waiting for meanwhile. */
import type { StateValue } from 'xstate';
import type { Phase } from './timeline-model.ts';

/** Phases that are kept, and steps of each: the last ones. */
const PHASES = 200;
const STEPS = 50;

interface Span {
  from: number;
  to: number | null;
}

type KeptStep = Span & { message: string };
type KeptPhase = Span & { phase: string; steps: KeptStep[] };

/** The state's path, down to the first state with several regions: `launching.podPending`, `connected.running`. */
export function phaseOf(value: StateValue): string {
  if (typeof value === 'string') return value;
  const [only, ...others] = Object.keys(value);
  if (only === undefined || others.length > 0) return '';
  const inner = value[only];
  const rest = inner === undefined ? '' : phaseOf(inner);
  return rest === '' ? only : `${only}.${rest}`;
}

export class PhaseLog {
  readonly #phases: KeptPhase[] = [];

  get current(): string {
    return this.#phases.at(-1)?.phase ?? '';
  }

  /** Milliseconds since the epoch. */
  get since(): number {
    return this.#phases.at(-1)?.from ?? 0;
  }

  enter(phase: string, at: number): void {
    this.end(at);
    this.#phases.push({ phase, from: at, to: null, steps: [] });
    if (this.#phases.length > PHASES) this.#phases.shift();
  }

  /** Told again, the same step goes on. */
  step(message: string, at: number): void {
    const phase = this.#phases.at(-1);
    if (phase === undefined || phase.to !== null) return;
    const last = phase.steps.at(-1);
    if (last?.message === message) return;
    if (last !== undefined) last.to = at;
    phase.steps.push({ message, from: at, to: null });
    if (phase.steps.length > STEPS) phase.steps.shift();
  }

  end(at: number): void {
    const phase = this.#phases.at(-1);
    if (phase === undefined || phase.to !== null) return;
    phase.to = at;
    const step = phase.steps.at(-1);
    if (step !== undefined) step.to = at;
  }

  list(now: number): Phase[] {
    return this.#phases.map(({ phase, steps, ...span }) => ({
      phase,
      ...timesOf(span, now),
      steps: steps.map(({ message, ...each }) => ({ message, ...timesOf(each, now) })),
    }));
  }
}

function timesOf({ from, to }: Span, now: number) {
  return {
    from: iso(from),
    to: to === null ? null : iso(to),
    seconds: Math.max(0, (to ?? now) - from) / 1000,
  };
}

export function iso(moment: number): string {
  return new Date(moment).toISOString();
}
