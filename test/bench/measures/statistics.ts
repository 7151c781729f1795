/** The middle of the measured values, and how far they lie apart. */
export interface Summary {
  median: number;
  min: number;
  max: number;
}

/** Throws RangeError for no values at all. */
export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.floor((sorted.length - 1) / 2)];
  const [min, max] = [sorted[0], sorted.at(-1)];
  if (upper === undefined || lower === undefined || min === undefined || max === undefined) {
    throw new RangeError('There is nothing to summarize');
  }
  return { median: (lower + upper) / 2, min, max };
}

export function median(values: readonly number[]): number {
  return summarize(values).median;
}
