/** Reads the words after a verb, by the description of its command. */
import { parseArgs } from 'node:util';
import { suggestion } from '../../adapters/config/option-names.ts';
import { type CommandDescription, CommandError, type CommandWords } from './command.ts';

/** @throws CommandError with exit status 2, naming what is wrong and what may have been meant */
export function readCommandWords(
  verb: string,
  description: CommandDescription,
  argv: readonly string[],
): CommandWords {
  const { tokens } = parseArgs({
    args: [...argv],
    options: parseOptions(description),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words: string[] = [];
  const values = new Map<string, string>();
  const flags = new Set<string>();
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const value = checkedValue(verb, description, token);
    if (value === undefined) flags.add(token.name);
    else values.set(token.name, value);
  }
  if (!flags.has('help')) checkCount(verb, description, words);
  return { words, values, flags };
}

function parseOptions({ options }: CommandDescription) {
  const own = Object.entries(options).map(
    ([name, { form }]) => [name, { type: form === undefined ? 'boolean' : 'string' } as const] as const,
  );
  return { ...Object.fromEntries(own), help: { type: 'boolean', short: 'h' } as const };
}

interface OptionToken {
  name: string;
  rawName: string;
  value?: string | undefined;
  inlineValue?: boolean | undefined;
}

function checkedValue(
  verb: string,
  { options }: CommandDescription,
  { name, rawName, value, inlineValue }: OptionToken,
): string | undefined {
  const known = { ...options, help: { doc: '' } };
  if (!Object.hasOwn(known, name)) {
    const meant = suggestion(
      rawName,
      Object.keys(known).map((each) => `--${each}`),
    );
    throw wrong(verb, `unknown option ${rawName}${meant}`);
  }
  const form = options[name]?.form;
  if (form === undefined && value !== undefined) throw wrong(verb, `${rawName} takes no value`);
  const isNextOption = !inlineValue && value?.startsWith('-');
  if (form !== undefined && (value === undefined || value === '' || isNextOption))
    throw wrong(verb, `${rawName} needs a value: ${rawName}=${form}`);
  return value;
}

function checkCount(verb: string, { words: wanted }: CommandDescription, words: readonly string[]): void {
  const names = wanted.split(' ').filter((name) => name !== '');
  const missing = names.slice(words.length).find((name) => !name.startsWith('['));
  if (missing !== undefined) throw wrong(verb, `${missing} is missing`);
  const stray = words[names.length];
  if (stray !== undefined) throw wrong(verb, `unexpected argument ${JSON.stringify(stray)}`);
}

function wrong(verb: string, what: string): CommandError {
  return new CommandError(`${verb}: ${what} (see kernelgate help ${verb})`, 2);
}
