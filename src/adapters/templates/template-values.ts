/** What a template computes with: variables as they are, and text whose variables are still tokens. */

/**
 * A value that is spelt in its own way wherever it is only a part of a scalar,
 * and that is itself, a string always a string, wherever it is all of one.
 */
export class Written {
  readonly value: unknown;
  readonly text: string;

  constructor(value: unknown, text: string) {
    this.value = value;
    this.text = text;
  }

  toString(): string {
    return this.text;
  }
}

/** Text that the template itself has written, of a macro or a `set` block: it may be YAML. */
export class Markup {
  /** With a token in place of each variable. */
  readonly raw: string;
  readonly #tokens: Tokens;

  constructor(raw: string, tokens: Tokens) {
    this.raw = raw;
    this.#tokens = tokens;
  }

  /** With the variables filled in: from here on it is a value like any other. */
  toString(): string {
    return this.#tokens.filledIn(this.raw);
  }

  /** The same text, changed in a way that leaves tokens whole. */
  with(change: (raw: string) => string): Markup {
    return new Markup(change(this.raw), this.#tokens);
  }
}

/** Stand-ins for values in the rendered text. They can't be guessed, so no value can hold one. */
export class Tokens {
  readonly #values: unknown[] = [];
  readonly #prefix: string;
  readonly #pattern: RegExp;

  /** @param secret letters and digits that nobody can foresee */
  constructor(secret: string) {
    this.#prefix = `v${secret}n`;
    this.#pattern = new RegExp(`${this.#prefix}(\\d+)z`, 'g');
  }

  /** Letters and digits only: YAML reads it as a plain scalar, wherever one may stand. */
  tokenFor(value: unknown): string {
    this.#values.push(value);
    return `${this.#prefix}${this.#values.length - 1}z`;
  }

  areIn(text: string): boolean {
    return text.includes(this.#prefix);
  }

  /** The value of a text that is one token and nothing else. */
  only(text: string): { value: unknown } | null {
    const [token] = text.match(this.#pattern) ?? [];
    return token === text ? { value: this.#valueOf(token) } : null;
  }

  filledIn(text: string): string {
    return text.replace(this.#pattern, (token) => textOf(this.#valueOf(token)));
  }

  /** For an error's message: values may be secret. */
  hidden(text: string): string {
    return text.replace(this.#pattern, '…');
  }

  #valueOf(token: string): unknown {
    return this.#values[Number(token.slice(this.#prefix.length, -1))];
  }
}

/** A value as a part of some text. */
export function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  if (value === true) return 'True';
  if (value === false) return 'False';
  return isStructure(value) ? JSON.stringify(value) : String(value);
}

/** Takes {@link Markup} and {@link Written} for what they say. */
export function plain(value: unknown): unknown {
  if (value instanceof Markup) return value.toString();
  return value instanceof Written ? value.value : value;
}

/** As Python has it: what is empty is false. */
export function isTrue(value: unknown): boolean {
  if (value instanceof Markup || value instanceof Written) return String(value) !== '';
  if (Array.isArray(value)) return value.length > 0;
  return isMapping(value) ? Object.keys(value).length > 0 : Boolean(value);
}

export function isMapping(value: unknown): value is Record<string, unknown> {
  return isStructure(value) && !Array.isArray(value);
}

function isStructure(value: unknown): value is object {
  return (
    typeof value === 'object' && value !== null && !(value instanceof Markup) && !(value instanceof Written)
  );
}
