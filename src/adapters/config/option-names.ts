/** Finds options by the names that people use for them, and the name that somebody may have meant. */
import { closest, distance } from 'fastest-levenshtein';
import type { Option, TraitName } from './option.ts';
import { optionTable } from './option-table.ts';

/** An option under one of its names. */
export interface NamedOption {
  readonly key: string;
  readonly option: Option;
  /** The name to use instead, when this one is deprecated. */
  readonly insteadUse?: string;
  /** 0 for the most specific of an option's names: it wins over the others within one source. */
  readonly rank: number;
}

type NameIndex = ReadonlyMap<string, NamedOption>;

const options: readonly [string, Option][] = Object.entries(optionTable);

/** By environment variable. */
export const optionsByEnv: NameIndex = new Map(
  options.flatMap(([key, option]) => {
    const { env = [], deprecatedEnv = [] } = option;
    return [
      ...env.map((name, rank): [string, NamedOption] => [name, { key, option, rank }]),
      ...deprecatedEnv.map((name, rank): [string, NamedOption] => [
        name,
        { key, option, rank: env.length + rank, insteadUse: env[0] },
      ]),
    ];
  }),
);

/** By `Class.trait`. */
export const optionsByTrait: NameIndex = new Map(
  options.flatMap(([key, option]) => {
    const current = option.traits.flatMap(spellings);
    const deprecated = (option.deprecatedTraits ?? []).flatMap(spellings);
    return [...current, ...deprecated].map((name, rank): [string, NamedOption] => [
      name,
      { key, option, rank, insteadUse: rank < current.length ? undefined : current[0] },
    ]);
  }),
);

/** By short form of the command line, with `_` for `-`. */
export const optionsByFlag: NameIndex = new Map(
  options.flatMap(([key, option]): [string, NamedOption][] =>
    option.effect === 'setting' && option.flag ? [[plainFlag(option.flag), { key, option, rank: 0 }]] : [],
  ),
);

/** `--port-retries` and `--port_retries` are the same. */
export function plainFlag(name: string): string {
  return name.replaceAll('-', '_');
}

function spellings({ classes, name }: TraitName): string[] {
  return classes.map((className) => `${className}.${name}`);
}

/** The name under which the documentation lists an option: `EnterpriseGatewayApp.port`. */
export function traitOf(option: Option): string {
  const [name] = option.traits.flatMap(spellings);
  return name ?? '';
}

/** `, did you mean X?` for a name close to a known one, else nothing. */
export function suggestion(name: string, known: Iterable<string>): string {
  const candidates = [...known];
  if (candidates.length === 0) return '';
  const best = closest(name, candidates);
  return distance(name, best) <= Math.max(2, name.length / 3) ? `; did you mean ${best}?` : '';
}
