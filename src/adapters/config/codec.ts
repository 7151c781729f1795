/** What a value is read against: relative paths and `~` mean something only here. */
export interface Place {
  readonly cwd: string;
  readonly homedir: string;
}

/**
 * Reads and writes the values of one kind of option. Readers answer
 * `undefined` for a value that is not allowed; they never throw.
 */
export interface Codec<T> {
  /** What a value is, for `--help`: `int`, `list`. */
  readonly form: string;
  /** Ends the sentence "must be …". */
  readonly allowed: string;
  /** An environment variable that is set to nothing counts as not set. */
  readonly blankIsUnset: boolean;
  /** Text of the command line or the environment. */
  fromText(text: string, place: Place): T | undefined;
  /** A value of a config file, as JSON has it. */
  fromJson(value: unknown, place: Place): T | undefined;
  /** As a config file would say it. */
  toJson(value: T): unknown;
}

/** Text on one line. */
export function text(allowed = 'text on one line'): Codec<string> {
  return matching(/^\P{Cc}*$/u, allowed);
}

/** Text of which every character fits, after `change` has brought it into its usual form. */
export function matching(
  pattern: Pick<RegExp, 'test'>,
  allowed: string,
  change: (text: string) => string = (same) => same,
): Codec<string> {
  const read = (given: string): string | undefined => (pattern.test(given) ? change(given) : undefined);
  return {
    form: 'text',
    allowed,
    blankIsUnset: false,
    fromText: read,
    fromJson: (value) => (typeof value === 'string' ? read(value) : undefined),
    toJson: (value) => value,
  };
}

/** The same codec, for an option whose empty variable means "not set". */
export function blankIsUnset<T>(codec: Codec<T>): Codec<T> {
  return { ...codec, blankIsUnset: true };
}

/** `None`, `null` or nothing stand for null; anything else is the inner codec's. */
export function optional<T>(codec: Codec<T>): Codec<T | null> {
  const isNone = (given: string) => /^(none|null)?$/i.test(given.trim());
  return {
    form: codec.form,
    allowed: `${codec.allowed}, or none`,
    blankIsUnset: codec.blankIsUnset,
    fromText: (given, place) => (isNone(given) ? null : codec.fromText(given, place)),
    fromJson: (value, place) => (value === null || value === '' ? null : codec.fromJson(value, place)),
    toJson: (value) => (value === null ? null : codec.toJson(value)),
  };
}

const words: Readonly<Record<string, boolean>> = {
  true: true,
  t: true,
  yes: true,
  y: true,
  on: true,
  '1': true,
  false: false,
  f: false,
  no: false,
  n: false,
  off: false,
  '0': false,
};

export function bool(): Codec<boolean> {
  const read = (given: string): boolean | undefined => {
    const word = given.trim().toLowerCase();
    return Object.hasOwn(words, word) ? words[word] : undefined;
  };
  return {
    form: 'bool',
    allowed: 'true or false (or 1, 0, yes, no, on, off)',
    blankIsUnset: true,
    fromText: read,
    fromJson: (value) => {
      if (typeof value === 'boolean') return value;
      return typeof value === 'string' || typeof value === 'number' ? read(String(value)) : undefined;
    },
    toJson: (value) => value,
  };
}

/** One of the listed words, in any case; also under the other names of `aliases` (lower case). */
export function choice<const T extends string>(
  choices: readonly T[],
  aliases: Readonly<Record<string, T>> = {},
): Codec<T> {
  const read = (given: string): T | undefined => {
    const word = given.trim().toLowerCase();
    const alias = Object.hasOwn(aliases, word) ? aliases[word] : undefined;
    return alias ?? choices.find((one) => one.toLowerCase() === word);
  };
  return {
    form: choices.join('|'),
    allowed: `one of ${choices.join(', ')}`,
    blankIsUnset: true,
    fromText: read,
    fromJson: (value) =>
      typeof value === 'string' || typeof value === 'number' ? read(String(value)) : undefined,
    toJson: (value) => value,
  };
}
