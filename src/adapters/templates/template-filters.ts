/** The filters and tests of Jinja, and `yaml_safe`. */
import { internals } from './nunjucks-internals.ts';
import { isMapping, isTrue, Markup, plain, textOf, Written } from './template-values.ts';

/** @param given the filtered value, then the filter's arguments */
type Filter = (given: unknown[]) => unknown;

/** Filters that say what becomes of a variable that is missing. */
export const TAKES_UNDEFINED: ReadonlySet<string> = new Set(['default', 'd', 'loop_over']);

/** Of nunjucks: its own filters, tests and functions. It can load no other template. */
export const environment = new internals.Environment([], { autoescape: false });

/** A client's number may be the length of a range. */
const LONGEST_RANGE = 10_000;
const { range } = environment.globals as { range: (...bounds: number[]) => number[] };

Object.assign(environment.globals, {
  True: true,
  False: false,
  None: null,
  range: (...given: unknown[]) => {
    const bounds = given.map((bound) => Number(plain(bound)));
    if (bounds.some((bound) => !(Math.abs(bound) <= LONGEST_RANGE))) {
      throw new Error(`range: bounds must be numbers up to ${LONGEST_RANGE}`);
    }
    return range(...bounds);
  },
});
for (const [name, test] of Object.entries({
  ...environment.tests,
  boolean: (value: unknown) => typeof value === 'boolean',
  integer: (value: unknown) => Number.isInteger(value),
  float: (value: unknown) => typeof value === 'number' && !Number.isInteger(value),
  sequence: (value: unknown) => Array.isArray(value) || typeof value === 'string',
  mapping: isMapping,
  true: (value: unknown) => value === true,
  false: (value: unknown) => value === false,
  in: (value: unknown, values: unknown) => Array.isArray(values) && values.includes(value),
})) {
  environment.tests[name] = (...given) => test(...(given.map(plain) as [unknown, unknown]));
}

const OWN: Record<string, Filter> = {
  default: ([value, ...given]) => {
    const [fallback = '', boolean] = named(given, ['default_value', 'boolean']);
    const isMissing = value === undefined || (isTrue(boolean) && !isTrue(value));
    return isMissing ? fallback : value;
  },
  int: ([value, ...given]) => {
    const [fallback = 0] = named(given, ['default']);
    return wholeNumber(textOf(plain(value))) ?? fallback;
  },
  float: ([value, ...given]) => {
    const [fallback = 0] = named(given, ['default']);
    return decimalNumber(textOf(plain(value))) ?? fallback;
  },
  bool: ([value]) => /^(true|yes|on|1)$/i.test(textOf(plain(value)).trim()),
  string: ([value]) => textOf(plain(value)),
  list: ([value]) => listed(value),
  length: ([value]) => listed(value).length,
  items: ([value]) => (isMapping(value) ? Object.entries(value) : []),
  map: ([values, ...given]) => {
    const [attribute] = named(given, ['attribute']);
    return listed(values).map((each) => (isMapping(each) ? each[textOf(attribute)] : undefined));
  },
  unique: ([values]) => [...new Set(listed(values))],
  // What Jinja calls safe is safe in HTML: here nothing has to be escaped, and nothing can be let through.
  safe: ([value]) => value,
  trim: ([value]) =>
    value instanceof Markup ? value.with((raw) => raw.trim()) : textOf(plain(value)).trim(),
  indent: ([value, ...given]) => {
    const [width = 4, first, blank] = named(given, ['width', 'first', 'blank']);
    const indented = (text: string) => indentedBy(text, width, isTrue(first), isTrue(blank));
    return value instanceof Markup ? value.with(indented) : indented(textOf(plain(value)));
  },
  tojson: ([value]) => new Written(plain(value), JSON.stringify(plain(value))),
  yaml_safe: ([value]) => new Written(plain(value), textOf(plain(value))),
  loop_over: ([value]) => (value === undefined ? [] : listed(value)),
};
const ALIASES = {
  d: 'default',
  count: 'length',
  e: 'safe',
  escape: 'safe',
  forceescape: 'safe',
  to_json: 'tojson',
};

export const FILTERS: ReadonlyMap<string, Filter> = new Map([
  ...Object.entries(environment.filters).map(([name, filter]) => [name, adopted(filter)] as const),
  ...Object.entries(OWN),
  ...Object.entries(ALIASES).map(([alias, name]) => [alias, OWN[name] as Filter] as const),
]);

/** A filter of nunjucks: it sees values as they are, and what it makes of them is a value too. */
function adopted(filter: (...given: unknown[]) => unknown): Filter {
  return (given) => {
    const result = filter.apply({ env: environment, ctx: {} }, given.map(plain));
    return result instanceof internals.runtime.SafeString ? String(result) : result;
  };
}

/** Arguments by position, or by name as nunjucks hands them over: in an object that comes last. */
function named(given: readonly unknown[], names: readonly string[]): unknown[] {
  const last = given.at(-1);
  const keywords = isMapping(last) && Object.hasOwn(last, '__keywords') ? last : {};
  const positional = given.filter((value) => value !== keywords);
  return names.map((name, index) => plain(positional[index] ?? keywords[name]));
}

function listed(value: unknown): unknown[] {
  const each = plain(value);
  if (Array.isArray(each)) return each;
  if (isMapping(each)) return Object.keys(each);
  return typeof each === 'string' ? [...each] : [];
}

function wholeNumber(text: string): number | null {
  const number = decimalNumber(text);
  return number === null ? null : Math.trunc(number);
}

/** Only decimal digits: `Number` would read more than Python does. */
function decimalNumber(text: string): number | null {
  return /^\s*[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d{1,3})?\s*$/i.test(text) ? Number(text) : null;
}

function indentedBy(text: string, width: unknown, first: boolean, blank: boolean): string {
  const margin = typeof width === 'string' ? width : ' '.repeat(Number(width));
  const isIndented = (line: string, index: number) => (index > 0 || first) && (blank || line !== '');
  return text
    .split('\n')
    .map((line, index) => (isIndented(line, index) ? margin + line : line))
    .join('\n');
}
