/** Events as they may be shown: without secrets, and of bounded size. */
import type { Settings } from '../../adapters/config/settings.ts';
import type { ConnectionInfo, LaunchPlan } from '../../machines/ports.ts';
import { maskedEnvironment } from '../logging.ts';

export type RedactionRules = Pick<Settings, 'sensitiveEnvKeys' | 'redactionMask'>;

/** Characters of one text, members of one object or list, levels, and characters of a whole event. */
const LONGEST_TEXT = 2000;
const MOST_MEMBERS = 200;
const DEEPEST = 8;
const LARGEST_EVENT = 16_384;
/** Whatever is shorter turns up by chance in other texts. */
const SHORTEST_SECRET = 8;

const SECRET_NAME = /token|passw(?:or)?d|secret|credential|key|authorization|cookie/i;
const SECRET_WORD = /^--?[\w.-]*(?:token|passw(?:or)?d|secret|credential|key)[\w.-]*(=?)/i;

/** Values that are secret wherever they turn up, the longest first. */
export function secretsOf(
  { env, headers }: Pick<LaunchPlan, 'env' | 'headers'>,
  connection: Pick<ConnectionInfo, 'key'> | null,
  rules: RedactionRules,
): string[] {
  const masked = maskedEnvironment(env, rules);
  const sensitive = Object.entries(env).filter(([name, value]) => masked[name] !== value);
  const values = [
    ...sensitive.map(([, value]) => value),
    ...Object.values(headers),
    ...(connection === null ? [] : [connection.key]),
  ];
  return values
    .filter((value) => value.length >= SHORTEST_SECRET)
    .toSorted((one, other) => other.length - one.length);
}

/** The event as JSON can tell it; `type` stays as it is. */
export function redactedEvent(
  event: { type: string },
  secrets: readonly string[],
  rules: RedactionRules,
): { type: string; [member: string]: unknown } {
  const redacted = { ...(new Redaction(secrets, rules).of(event) as object), type: event.type };
  const size = JSON.stringify(redacted).length;
  return size <= LARGEST_EVENT ? redacted : { type: event.type, omitted: `${size} characters` };
}

/** One text without secrets, such as the message of a failure. */
export function redactedText(text: string, secrets: readonly string[], rules: RedactionRules): string {
  return new Redaction(secrets, rules).text(text);
}

class Redaction {
  readonly #secrets: readonly string[];
  readonly #rules: RedactionRules;

  constructor(secrets: readonly string[], rules: RedactionRules) {
    this.#secrets = secrets;
    this.#rules = rules;
  }

  text(text: string): string {
    const clean = this.#secrets.reduce(
      (result, secret) => result.replaceAll(secret, () => this.#rules.redactionMask),
      text,
    );
    return clean.length <= LONGEST_TEXT ? clean : `${clean.slice(0, LONGEST_TEXT)}…`;
  }

  of(value: unknown, depth = 0): unknown {
    if (typeof value === 'string') return this.text(value);
    if (typeof value === 'bigint') return String(value);
    if (typeof value !== 'object' || value === null) return value;
    if (depth >= DEEPEST) return '…';
    if (value instanceof Error) return this.#error(value, depth);
    if (Array.isArray(value)) return value.slice(0, MOST_MEMBERS).map((each) => this.of(each, depth + 1));
    return Object.fromEntries(
      Object.entries(value)
        .slice(0, MOST_MEMBERS)
        .map(([name, member]) => [name, this.#member(name, member, depth + 1)]),
    );
  }

  #member(name: string, value: unknown, depth: number): unknown {
    if (name === 'env' && isTexts(value)) return this.of(maskedEnvironment(value, this.#rules), depth);
    if (name === 'headers' && isTexts(value)) return this.#allMasked(value);
    if (name === 'argv' && Array.isArray(value)) return this.of(this.#argv(value), depth);
    if (SECRET_NAME.test(name) && value !== null && value !== undefined) return this.#rules.redactionMask;
    return this.of(value, depth);
  }

  #allMasked(values: Readonly<Record<string, string>>): Record<string, string> {
    return Object.fromEntries(Object.keys(values).map((name) => [name, this.#rules.redactionMask]));
  }

  /** `--token=…`, or `--token` with the next word. */
  #argv(words: readonly unknown[]): unknown[] {
    return words.map((word, index) => {
      const flag = secretFlag(word);
      if (flag?.[1] === '=') return `${flag[0]}${this.#rules.redactionMask}`;
      return secretFlag(words[index - 1])?.[1] === '' ? this.#rules.redactionMask : word;
    });
  }

  #error(error: Error, depth: number): unknown {
    const { name, message } = error;
    const failure = 'failure' in error ? { failure: this.of(error.failure, depth + 1) } : {};
    return { name, message: this.text(message), ...failure };
  }
}

function secretFlag(word: unknown): RegExpExecArray | null {
  return typeof word === 'string' ? SECRET_WORD.exec(word) : null;
}

function isTexts(value: unknown): value is Record<string, string> {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.values(value).every((each) => typeof each === 'string')
  );
}
