/** How long to wait, and how long to be patient. */
import type { WatchTiming } from './watch-terms.ts';

/**
 * Milliseconds before the next attempt. Half of it is left to chance, so that
 * what was interrupted together does not come back together.
 *
 * @param failures attempts that failed in a row, 1 or more
 * @param random from 0 up to 1
 */
export function backoffDelay(failures: number, first: number, longest: number, random: number): number {
  const delay = Math.min(longest, first * 2 ** Math.min(failures - 1, 30));
  return delay * (0.5 + random / 2);
}

/**
 * How long an answer may take to begin. A short time finds a dead connection
 * soon; each answer that takes longer doubles it, so that a busy API server is
 * not asked again and again for what it has no time to give.
 */
export class Patience {
  readonly #first: number;
  readonly #longest: number;
  #current: number;

  constructor({ patience, longestPatience }: WatchTiming) {
    this.#first = patience;
    this.#longest = longestPatience;
    this.#current = patience;
  }

  get milliseconds(): number {
    return this.#current;
  }

  exceeded(): void {
    this.#current = Math.min(this.#longest, this.#current * 2);
  }

  rewarded(): void {
    this.#current = Math.max(this.#first, this.#current / 2);
  }
}
