import { parseArgs } from 'node:util';
import { ConfigError } from './config-error.ts';
import { type Given, type SourceContent, sourceContent } from './given.ts';
import { type NamedOption, optionsByFlag, optionsByTrait, plainFlag, suggestion } from './option-names.ts';

/** What the gateway does instead of starting. */
export type Action = 'help' | 'help-all' | 'version' | 'generate-config' | 'show-config' | 'show-config-json';

export interface CommandLine extends SourceContent {
  readonly action?: Action;
  /** `--config`, as it was given. */
  readonly config?: string;
  /** `-y`: questions are answered with yes. */
  readonly answerYes: boolean;
}

/** The flags that take no value. Of several actions, the one that comes first here wins. */
export const actionFlags: Readonly<Record<Action, string>> = {
  help: 'Show the short options.',
  'help-all': 'Show every option.',
  version: 'Show the version.',
  'generate-config': 'Write a config file in which every default is named.',
  'show-config': 'Show the settings that differ from the defaults.',
  'show-config-json': 'Show all settings as JSON.',
};
const switches: Readonly<Record<string, string>> = { ...actionFlags, debug: '', y: '', h: '' };

interface Argument {
  readonly name: string;
  readonly rawName: string;
  readonly value: string | undefined;
}

/**
 * Reads `--Class.trait=value`, the short forms and the flags. A value may also
 * follow as the next word; repeated options make a list.
 *
 * @throws ConfigError for an unknown option, a missing value, or a stray word
 */
export function readCommandLine(argv: readonly string[]): CommandLine {
  const args = splitArguments(argv);
  const used = (name: string) => args.some((one) => one.name === name);
  const action = used('h') ? 'help' : (Object.keys(actionFlags) as Action[]).find(used);
  const config = args.findLast(({ name }) => name === 'config')?.value;
  const valued = args.filter(({ name }) => !isSwitch(name) && name !== 'config');
  return { ...givenBy(valued, used('debug')), action, config, answerYes: used('y') };
}

function splitArguments(argv: readonly string[]): Argument[] {
  const { tokens } = parseArgs({
    args: [...argv],
    options: parseOptions(argv),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  return tokens.map((token, index) => {
    if (token.kind !== 'option') throw strayWord(tokens[index - 1], argv[token.index] ?? '');
    return checkedArgument(token);
  });
}

/** Whether a word takes the next one as its value is known only for declared names, so each one used is declared. */
function parseOptions(
  argv: readonly string[],
): Record<string, { type: 'string' | 'boolean'; short?: string }> {
  const names = argv.flatMap((word) => /^--([^=]+)/.exec(word)?.[1] ?? []);
  const valued = names.filter((name) => !isSwitch(name)).map((name) => [name, { type: 'string' }] as const);
  const flags = Object.keys(switches).map((name) => [
    name,
    name.length === 1 ? ({ type: 'boolean', short: name } as const) : ({ type: 'boolean' } as const),
  ]);
  return Object.fromEntries([...valued, ...flags]);
}

function checkedArgument({
  name,
  rawName,
  value,
  inlineValue,
}: {
  name: string;
  rawName: string;
  value?: string;
  inlineValue?: boolean;
}): Argument {
  if (isSwitch(name)) {
    if (value !== undefined) throw new ConfigError(`${rawName} takes no value`);
    return { name, rawName, value };
  }
  if (name !== 'config' && !lookUp(name)) throw unknownOption(name, rawName);
  const looksLikeOption = !inlineValue && value !== undefined && /^-[^\d.]/.test(value);
  if (value === undefined || looksLikeOption) throw new ConfigError(`${rawName} needs a value: ${rawName}=…`);
  return { name, rawName, value };
}

function givenBy(args: readonly Argument[], debug: boolean): SourceContent {
  const byName = Map.groupBy(args, ({ name }) => plainFlag(name));
  const given = [...byName.values()].flatMap((same) => givenOnce(same) ?? []);
  const level = optionsByFlag.get('log_level');
  const loud: Given[] =
    debug && level
      ? [{ ...level, rank: -1, source: 'cli', label: '--debug', value: { kind: 'text', text: 'DEBUG' } }]
      : [];
  return sourceContent([...given, ...loud], []);
}

function givenOnce(same: readonly Argument[]): Given | undefined {
  const [first] = same;
  const named = first && lookUp(first.name);
  if (!named) return undefined;
  const texts = same.map(({ value = '' }) => value);
  return { ...named, source: 'cli', label: first.rawName, value: { kind: 'texts', texts } };
}

function lookUp(name: string): NamedOption | undefined {
  return optionsByTrait.get(name) ?? optionsByFlag.get(plainFlag(name));
}

function isSwitch(name: string): boolean {
  return Object.hasOwn(switches, name);
}

/** A word that may have been meant as the value of a secret option is not repeated. */
function strayWord(before: { kind: string; name?: string } | undefined, word: string): ConfigError {
  const named = before?.name === undefined ? undefined : lookUp(before.name);
  const secret = named && (named.option.effect !== 'setting' || named.option.secret);
  const shown = secret ? `after --${before?.name}` : `"${word}"`;
  return new ConfigError(`unexpected argument ${shown}: options look like --port=8888`);
}

function unknownOption(name: string, rawName: string): ConfigError {
  const bareTrait = [...optionsByTrait.keys()].find((trait) => trait.endsWith(`.${plainFlag(name)}`));
  const known = [
    ...optionsByTrait.keys(),
    ...optionsByFlag.keys(),
    ...Object.keys(actionFlags),
    'debug',
    'config',
  ];
  const hint = bareTrait
    ? `; did you mean --${bareTrait}?`
    : suggestion(
        rawName,
        known.map((other) => `--${other}`),
      );
  return new ConfigError(`unknown option ${rawName}${hint}`);
}
