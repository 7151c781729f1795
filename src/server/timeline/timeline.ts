/** One life: its events, its phases, and who follows it. */
import type { StateValue } from 'xstate';
import { EntryLog } from './entry-log.ts';
import { iso, PhaseLog, phaseOf } from './phase-log.ts';
import type { Ending, Problem } from './timeline-model.ts';

/** What is kept of a life, and what once it has ended. */
const WHILE_ALIVE = { entries: 500, characters: 256 * 1024 };
const ONCE_ENDED = { entries: 100, characters: 64 * 1024 };

/** One event, as it is recorded. */
export interface Occurrence {
  id: number;
  /** Milliseconds since the epoch. */
  at: number;
  event: { type: string; [member: string]: unknown };
  label: string;
  state: StateValue;
  progress?: string | undefined;
  failure?: Problem | undefined;
}

export class Timeline {
  readonly log = new EntryLog(WHILE_ALIVE);
  readonly phases = new PhaseLog();
  ending: Ending | null = null;
  readonly #followers = new Set<() => void>();
  #isTelling = false;

  /** Calls back, once for all that happens in one turn of the event loop. @returns what ends it */
  onNews(callback: () => void): () => void {
    this.#followers.add(callback);
    return () => this.#followers.delete(callback);
  }

  record({ id, at, event, label, state, progress, failure }: Occurrence): void {
    const phase = phaseOf(state);
    this.log.add({
      id,
      at: iso(at),
      event,
      label,
      state,
      phase,
      ...(progress !== undefined && { progress }),
      ...(failure !== undefined && { failure }),
    });
    this.#tell();
  }

  end(ending: Ending, at: number): void {
    this.ending = ending;
    this.phases.end(at);
    this.log.limit(ONCE_ENDED);
    this.#tell();
  }

  #tell(): void {
    if (this.#isTelling || this.#followers.size === 0) return;
    this.#isTelling = true;
    setImmediate(() => {
      this.#isTelling = false;
      for (const follower of this.#followers) follower();
    });
  }
}
