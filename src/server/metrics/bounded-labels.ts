/** A label's values, so few that whoever stores the metrics can bear them. */

/** Stands for all values that have no place of their own. */
export const OTHER = 'other';

/** The first values that come keep their names; so a series never changes what it stands for. */
export class BoundedLabels {
  readonly #limit: number;
  readonly #known = new Set<string>();

  constructor(limit: number) {
    this.#limit = limit;
  }

  of(value: string): string {
    if (this.#known.has(value)) return value;
    if (this.#known.size >= this.#limit) return OTHER;
    this.#known.add(value);
    return value;
  }
}

/** The counts of the `limit` largest, and of all others together. None at all when the limit is 0. */
export function largest(counts: ReadonlyMap<string, number>, limit: number): Map<string, number> {
  const kept = new Map<string, number>();
  if (limit <= 0) return kept;
  const sorted = [...counts].toSorted(([a, many], [b, more]) => more - many || (a < b ? -1 : 1));
  for (const [index, [value, count]] of sorted.entries()) {
    const label = index < limit ? value : OTHER;
    kept.set(label, (kept.get(label) ?? 0) + count);
  }
  return kept;
}
