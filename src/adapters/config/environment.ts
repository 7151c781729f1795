import { type Given, type SourceContent, sourceContent } from './given.ts';
import { optionsByEnv, suggestion } from './option-names.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the environment says: the variables of the table, and a warning for each unknown `EG_` name. */
export function readEnvironment(env: Environment): SourceContent {
  const given: Given[] = [];
  const warnings: string[] = [];
  for (const [name, value] of Object.entries(env)) {
    if (value === undefined) continue;
    const named = optionsByEnv.get(name);
    if (named) given.push({ ...named, source: 'env', label: name, value: { kind: 'text', text: value } });
    else if (name.startsWith('EG_')) warnings.push(unknownVariable(name));
  }
  return sourceContent(given.filter(isSet), warnings);
}

function isSet({ option, value }: Given): boolean {
  const blank = value.kind === 'text' && value.text.trim() === '';
  return !blank || (option.effect === 'setting' && !option.codec.blankIsUnset);
}

function unknownVariable(name: string): string {
  const current = [...optionsByEnv.keys()].filter((known) => known.startsWith('EG_'));
  return `${name} is not a variable of the gateway and is ignored${suggestion(name, current)}`;
}
