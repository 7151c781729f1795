/**
 * Messages that some of a kernel's clients have not been sent yet, because they
 * are away or slow: kept once, however many wait for them. Each client reads on
 * from a position of its own. At the limit the oldest are dropped, and counted
 * for everyone whom they were for.
 */
import type { OutgoingMessage } from './client-protocol.ts';

/** The bytes that all kernels' backlogs may hold together. */
export class BacklogBudget {
  readonly limit: number;
  used = 0;

  constructor(limit: number) {
    this.limit = limit;
  }
}

export interface BacklogEntry<Reader> {
  outgoing: OutgoingMessage;
  /** Null: for everyone. */
  target: Reader | null;
  /** Bytes of all entries before this one, since the beginning. */
  offset: number;
}

export class Backlog<Reader> {
  readonly #limit: number;
  readonly #budget: BacklogBudget;
  #entries: BacklogEntry<Reader>[] = [];
  #first = 0;
  #bytes = 0;
  #end = 0;

  constructor(limit: number, budget: BacklogBudget) {
    this.#limit = limit;
    this.#budget = budget;
  }

  /** The position of the next entry to be appended. */
  get next(): number {
    return this.#first + this.#entries.length;
  }

  append(outgoing: OutgoingMessage, target: Reader | null): void {
    this.#entries.push({ outgoing, target, offset: this.#end });
    this.#end += outgoing.size;
    this.#bytes += outgoing.size;
    this.#budget.used += outgoing.size;
  }

  /** Takes out the oldest entry while the limit is exceeded; null when it is not. The newest one always stays. */
  dropOverflow(): BacklogEntry<Reader> | null {
    const full = this.#bytes > this.#limit || this.#budget.used > this.#budget.limit;
    return full && this.#entries.length > 1 ? this.#removeFirst() : null;
  }

  /** The entry at a position that is neither dropped nor yet to come. */
  at(position: number): BacklogEntry<Reader> | undefined {
    return this.#entries[position - this.#first];
  }

  /** Bytes from a position on. */
  bytesFrom(position: number): number {
    return this.#end - (this.at(position)?.offset ?? this.#end);
  }

  /** The position of the oldest entry. */
  get first(): number {
    return this.#first;
  }

  /** Forgets what no one waits for any more. */
  trim(before: number): void {
    const count = Math.min(before, this.next) - this.#first;
    if (count <= 0) return;
    for (const { outgoing } of this.#entries.slice(0, count)) this.#release(outgoing.size);
    this.#entries = this.#entries.slice(count);
    this.#first += count;
  }

  #removeFirst(): BacklogEntry<Reader> {
    const entry = this.#entries.shift() as BacklogEntry<Reader>;
    this.#first += 1;
    this.#release(entry.outgoing.size);
    return entry;
  }

  #release(size: number): void {
    this.#bytes -= size;
    this.#budget.used -= size;
  }
}
