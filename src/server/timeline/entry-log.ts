/** The last entries of one timeline, as the JSON in which they are sent. */
import type { TimelineEntry } from './timeline-model.ts';

export interface KeptEntry {
  id: number;
  json: string;
}

export interface EntryLimits {
  entries: number;
  /** Of their JSON. */
  characters: number;
}

export class EntryLog {
  /** Entries that are not kept any more. */
  dropped = 0;
  /** Id of the last one of these; 0 when all are kept. */
  droppedId = 0;
  #limits: EntryLimits;
  readonly #entries: KeptEntry[] = [];
  #characters = 0;

  constructor(limits: EntryLimits) {
    this.#limits = limits;
  }

  get lastId(): number {
    return this.#entries.at(-1)?.id ?? this.droppedId;
  }

  add(entry: TimelineEntry): void {
    const json = JSON.stringify(entry);
    this.#entries.push({ id: entry.id, json });
    this.#characters += json.length;
    this.limit(this.#limits);
  }

  /** From now on no more than these are kept. */
  limit(limits: EntryLimits): void {
    this.#limits = limits;
    while (this.#entries.length > limits.entries || this.#characters > limits.characters) {
      const entry = this.#entries.shift();
      if (entry === undefined) return;
      this.#characters -= entry.json.length;
      this.dropped += 1;
      this.droppedId = entry.id;
    }
  }

  /** Those that came later than the one of this id. */
  after(id: number): KeptEntry[] {
    return id >= this.lastId ? [] : this.#entries.slice(this.#entries.findIndex((entry) => entry.id > id));
  }
}
