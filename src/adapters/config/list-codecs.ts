import type { Codec } from './codec.ts';
import { integer } from './number-codecs.ts';

/** Names separated by commas; duplicates are dropped, their order is kept. */
export function list(
  item: RegExp = /^\P{Cc}+$/u,
  allowed = 'names separated by commas',
): Codec<readonly string[]> {
  return listOf((given) => (item.test(given) ? given : undefined), allowed);
}

/** Whole numbers separated by commas. */
export function integerList(allowed: string): Codec<readonly number[]> {
  const number = integer({ min: 0 });
  return listOf((given) => number.fromText(given, nowhere), allowed);
}

/** Regular expressions separated by commas. Those with brackets need no quotes around them. */
export function patternList(): Codec<readonly string[]> {
  const inner = listOf(
    (given) => (isPattern(given) ? given : undefined),
    'regular expressions, separated by commas',
  );
  const plainItems = (given: string) =>
    given
      .split(',')
      .map((one) => one.trim())
      .filter((one) => one !== '');
  const fromText: typeof inner.fromText = (given, place) =>
    splitItems(given) === undefined ? inner.fromJson(plainItems(given), place) : inner.fromText(given, place);
  return {
    ...inner,
    fromText,
    fromJson: (value, place) =>
      typeof value === 'string' ? fromText(value, place) : inner.fromJson(value, place),
  };
}

function isPattern(given: string): boolean {
  try {
    return new RegExp(given).source !== '';
  } catch {
    return false;
  }
}

const nowhere = { cwd: '/', homedir: '/' };

/** Kernel names, which compare in lower case. Null, like an empty list, stands for every kernel. */
export function kernelNames(): Codec<readonly string[] | null> {
  const inner = list();
  const read = (names: readonly string[] | undefined) =>
    names?.length === 0 ? null : names?.map((name) => name.toLowerCase());
  return {
    ...inner,
    allowed: 'names separated by commas, or null for every kernel',
    fromText: (given, place) =>
      /^\s*(none|null)\s*$/i.test(given) ? null : read(inner.fromText(given, place)),
    fromJson: (value, place) => (value === null ? null : read(inner.fromJson(value, place))),
    toJson: (value) => value,
  };
}

function listOf<T>(readItem: (text: string) => T | undefined, allowed: string): Codec<readonly T[]> {
  const read = (items: readonly string[] | undefined): readonly T[] | undefined => {
    const values = items?.map(readItem);
    return values?.every((value) => value !== undefined) ? [...new Set(values)] : undefined;
  };
  return {
    form: 'list',
    allowed,
    blankIsUnset: false,
    fromText: (given) => read(splitItems(given)),
    fromJson: (value) => read(jsonItems(value)),
    toJson: (value) => value,
  };
}

function jsonItems(value: unknown): readonly string[] | undefined {
  if (typeof value === 'string') return splitItems(value);
  if (!Array.isArray(value)) return undefined;
  const items = value.map((item) => (typeof item === 'number' ? String(item) : item));
  return items.every((item) => typeof item === 'string') ? items.filter((item) => item !== '') : undefined;
}

const item = /\s*(?:'((?:[^'\\]|\\.)*)'|"((?:[^"\\]|\\.)*)"|([^,'"[\](){}]*?))\s*(?:,|$)/y;

/**
 * The items of a list as people write it: `a,b`, `['a','b']`, `["a"]`, `{'a'}`,
 * `('a',)`, `'a','b'`. Blank items are dropped.
 *
 * @returns undefined when quotes or brackets do not match
 */
export function splitItems(given: string): readonly string[] | undefined {
  const json = jsonArray(given);
  if (json) return jsonItems(json);
  const inside = withoutBrackets(given.trim());
  const items: string[] = [];
  for (let at = 0; at < inside.length; at = item.lastIndex) {
    item.lastIndex = at;
    const match = item.exec(inside);
    if (!match) return undefined;
    const quoted = match[1] ?? match[2];
    items.push(quoted === undefined ? (match[3] ?? '') : quoted.replace(/\\(.)/gs, '$1'));
  }
  return items.filter((one) => one !== '');
}

function jsonArray(given: string): readonly unknown[] | undefined {
  try {
    const value: unknown = JSON.parse(given);
    return Array.isArray(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function withoutBrackets(given: string): string {
  if (given === 'set()') return '';
  const bracketed = /^(?:\[(.*)\]|\((.*)\)|\{(.*)\})$/s.exec(given);
  return bracketed ? (bracketed[1] ?? bracketed[2] ?? bracketed[3] ?? '') : given;
}
