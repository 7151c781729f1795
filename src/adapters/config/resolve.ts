/** From what the sources said to values: which one counts, and whether it is allowed. */
import type { Place } from './codec.ts';
import { ConfigError } from './config-error.ts';
import type { Given } from './given.ts';
import type { Setting } from './option.ts';
import { asSettings, type Settings, type Source, settingOptions } from './settings.ts';

/** What secrets look like wherever settings are shown. */
export const secretMask = '********';

interface Resolved {
  readonly value: unknown;
  readonly source: Source;
}

/**
 * The value of every setting.
 *
 * @param given what was said, the source that wins first
 * @throws ConfigError for the first value that is not allowed
 */
export function resolveSettings(given: readonly Given[], place: Place): Settings {
  const byKey = Map.groupBy(given, ({ key }) => key);
  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  for (const [key, setting] of settingOptions) {
    const { value, source } = resolveOne(setting, byKey.get(key) ?? [], place);
    values[key] = value;
    sources[key] = source;
  }
  return asSettings(values, sources);
}

function resolveOne(setting: Setting<unknown>, candidates: readonly Given[], place: Place): Resolved {
  const [given, ...weaker] = candidates;
  if (!given) return { value: setting.fallback, source: 'default' };
  const value = read(setting, given, place, () => resolveOne(setting, weaker, place).value);
  if (value === undefined) throw notAllowed(setting, given);
  if (setting.secret && value === secretMask) {
    throw new ConfigError(`${given.label} is what is shown in place of a secret, not the secret`);
  }
  return { value, source: given.source };
}

function read(setting: Setting<unknown>, { value }: Given, place: Place, below: () => unknown): unknown {
  const { codec } = setting;
  switch (value.kind) {
    case 'text':
      return codec.fromText(value.text, place);
    case 'texts':
      return readRepeated(setting, value.texts, place);
    case 'json':
      return codec.fromJson(value.json, place);
    case 'items': {
      const base = below();
      return Array.isArray(base)
        ? codec.fromJson([...value.before, ...base, ...value.after], place)
        : undefined;
    }
  }
}

/** Of a single value given twice the last one counts; the items of lists add up. */
function readRepeated({ codec }: Setting<unknown>, texts: readonly string[], place: Place): unknown {
  if (codec.form !== 'list') return codec.fromText(withoutQuotes(texts.at(-1) ?? ''), place);
  if (texts.length === 1) return codec.fromText(texts[0] ?? '', place);
  const lists = texts.map((text) => codec.fromText(text, place));
  return lists.every(Array.isArray) ? codec.fromJson(lists.flat(), place) : undefined;
}

/** As in Jupyter, quotes around a value of the command line do not belong to it. */
function withoutQuotes(text: string): string {
  return /^(["']).*\1$/s.test(text) && text.length > 1 ? text.slice(1, -1) : text;
}

function notAllowed(setting: Setting<unknown>, { label, value }: Given): ConfigError {
  const shown = setting.secret ? '' : ` is ${inWords(value)}, but`;
  return new ConfigError(`${label}${shown} must be ${setting.codec.allowed}`);
}

function inWords(value: Given['value']): string {
  switch (value.kind) {
    case 'text':
      return quoted(value.text);
    case 'texts':
      return value.texts.map(quoted).join(', ');
    case 'json':
      return jsonInWords(value.json);
    case 'items':
      return 'to be extended';
  }
}

/** `$python` names the type of a value that JSON does not have. */
function jsonInWords(json: unknown): string {
  const python = typeof json === 'object' && json !== null && '$python' in json ? json['$python'] : undefined;
  return python === undefined ? quoted(JSON.stringify(json)) : `a Python ${python}`;
}

function quoted(text: string): string {
  const short = text.length > 60 ? `${text.slice(0, 60)}…` : text;
  return short.startsWith('"') ? short : `"${short}"`;
}
