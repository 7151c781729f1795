import type { PortRange } from '../../machines/ports.ts';
import type { Codec } from './codec.ts';

export interface Bounds {
  readonly min?: number;
  readonly max?: number;
}

/** The longest wait, in seconds, that a timer of Node's can hold (2^31 - 1 ms). */
const longestWait = 2_147_483;

export function integer(bounds: Bounds = {}): Codec<number> {
  const { min = Number.MIN_SAFE_INTEGER, max = Number.MAX_SAFE_INTEGER } = bounds;
  const check = (value: number) =>
    Number.isInteger(value) && value >= min && value <= max ? value + 0 : undefined;
  return {
    form: 'int',
    allowed: `a whole number${inWords(bounds)}`,
    blankIsUnset: true,
    fromText: (given) => (/^\s*[+-]?\d+\s*$/.test(given) ? check(Number(given)) : undefined),
    fromJson: (value) => (typeof value === 'number' ? check(value) : undefined),
    toJson: (value) => value,
  };
}

/** One of a few whole numbers. */
export function oneOf(choices: readonly number[], allowed: string): Codec<number> {
  const inner = integer();
  const check = (value: number | undefined) =>
    value !== undefined && choices.includes(value) ? value : undefined;
  return {
    ...inner,
    allowed,
    fromText: (given, place) => check(inner.fromText(given, place)),
    fromJson: (value, place) => check(inner.fromJson(value, place)),
  };
}

/** A time in seconds, fractions allowed. Whatever lies below zero means zero, which turns the feature off. */
export function secondsOrOff({ max }: Bounds = {}): Codec<number> {
  const codec = seconds({ min: Number.NEGATIVE_INFINITY, max });
  const clamp = (value: number | undefined) => (value === undefined ? undefined : Math.max(0, value));
  return {
    ...codec,
    fromText: (given, place) => clamp(codec.fromText(given, place)),
    fromJson: (value, place) => clamp(codec.fromJson(value, place)),
  };
}

/** A time in seconds, fractions allowed; at most what a timer can hold. */
export function seconds({ min = 0, max = longestWait }: Bounds = {}): Codec<number> {
  const check = (value: number) =>
    Number.isFinite(value) && value >= min && value <= max ? value + 0 : undefined;
  return {
    form: 'seconds',
    allowed: `a number of seconds${inWords({ min, max })}`,
    blankIsUnset: true,
    fromText: (given) =>
      /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i.test(given) ? check(Number(given)) : undefined,
    fromJson: (value) => (typeof value === 'number' ? check(value) : undefined),
    toJson: (value) => value,
  };
}

/** `lo..hi`. Equal bounds leave the choice of ports open and are read as `0..0`. */
export function portRange(): Codec<PortRange> {
  const read = (given: string): PortRange | undefined => {
    const match = /^\s*(\d{1,5})\s*\.\.\s*(\d{1,5})\s*$/.exec(given);
    if (!match) return undefined;
    const [low, high] = [Number(match[1]), Number(match[2])];
    if (low > high || high > 65535) return undefined;
    return low === high ? { low: 0, high: 0 } : { low, high };
  };
  return {
    form: 'lo..hi',
    allowed: 'two ports as in 40000..42000, the lower one first, or 0..0',
    blankIsUnset: true,
    fromText: read,
    fromJson: (value) => (typeof value === 'string' ? read(value) : undefined),
    toJson: ({ low, high }) => `${low}..${high}`,
  };
}

function inWords({ min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY }: Bounds): string {
  if (Number.isFinite(min) && Number.isFinite(max)) return ` from ${min} to ${max}`;
  if (Number.isFinite(min)) return `, at least ${min}`;
  return Number.isFinite(max) ? `, at most ${max}` : '';
}
