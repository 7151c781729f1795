/** What stands behind a dot or in brackets: own members, and the methods that Python's values have. */
import { isMapping, plain, textOf } from './template-values.ts';

type Method<Value> = (value: Value, ...given: unknown[]) => unknown;

const STRING_METHODS: Record<string, Method<string>> = {
  lower: (text) => text.toLowerCase(),
  upper: (text) => text.toUpperCase(),
  strip: (text) => text.trim(),
  lstrip: (text) => text.trimStart(),
  rstrip: (text) => text.trimEnd(),
  startswith: (text, start) => text.startsWith(textOf(start)),
  endswith: (text, end) => text.endsWith(textOf(end)),
  replace: (text, old, replacement) => text.replaceAll(textOf(old), () => textOf(replacement)),
  split: (text, separator) =>
    separator === undefined ? text.split(/\s+/).filter((word) => word !== '') : text.split(textOf(separator)),
  join: (text, words) => (Array.isArray(words) ? words.map(textOf).join(text) : text),
};

const MAPPING_METHODS: Record<string, Method<Record<string, unknown>>> = {
  items: (mapping) => Object.entries(mapping),
  keys: (mapping) => Object.keys(mapping),
  values: (mapping) => Object.values(mapping),
  get: (mapping, key, fallback = null) => own(mapping, textOf(key)) ?? fallback,
};

/** Undefined when there is none; nothing that JavaScript's objects inherit is ever found. */
export function memberOf(owner: unknown, key: unknown): unknown {
  const value = plain(owner);
  const name = typeof key === 'number' ? key : textOf(key);
  if (typeof value === 'string') return methodOf(STRING_METHODS, value, name) ?? elementOf([...value], name);
  if (Array.isArray(value)) return elementOf(value, name);
  if (isMapping(value)) return methodOf(MAPPING_METHODS, value, name) ?? own(value, name);
  return undefined;
}

/** `[start:stop:step]`; null is what was left out. */
export function sliceOf(owner: unknown, start: unknown, stop: unknown, step: unknown): unknown {
  const value = plain(owner);
  if (step !== 1) throw new Error('a slice can have no step here');
  const end = stop === null ? undefined : Number(stop);
  return typeof value === 'string' || Array.isArray(value) ? value.slice(Number(start), end) : [];
}

function methodOf<Value>(methods: Record<string, Method<Value>>, value: Value, name: string | number) {
  const method = own(methods, name);
  return method && ((...given: unknown[]) => method(value, ...given.map(plain)));
}

function elementOf(values: readonly unknown[], index: string | number): unknown {
  return typeof index === 'number' ? values.at(index) : undefined;
}

function own<Value>(values: Readonly<Record<string, Value>>, name: string | number): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}
