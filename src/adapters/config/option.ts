import type { Codec } from './codec.ts';

/** `Class.trait` names under which an option is set on the command line and in config files. */
export interface TraitName {
  /** The class itself, then its ancestors and synonyms. */
  readonly classes: readonly string[];
  readonly name: string;
}

interface Names {
  /** Environment variables, the current name first. */
  readonly env?: readonly string[];
  /** Names that work, with a warning. */
  readonly deprecatedEnv?: readonly string[];
  /** The first one is the name that the documentation uses. */
  readonly traits: readonly TraitName[];
  readonly deprecatedTraits?: readonly TraitName[];
}

/** An option that does something. */
export interface Setting<T> extends Names {
  readonly effect: 'setting';
  readonly group: string;
  readonly codec: Codec<T>;
  readonly fallback: T;
  /** One line, for `--help` and the documentation. */
  readonly doc: string;
  /** Short form on the command line, without dashes. */
  readonly flag?: string;
  /** Its value is never shown. */
  readonly secret: boolean;
  /** A change in a config file counts without a restart. */
  readonly reloadable: boolean;
  /** What must be found at the path. */
  readonly exists?: 'file' | 'directory';
}

/** An option of Enterprise Gateway that changes nothing here: accepted, with a warning. */
export interface WithoutEffect extends Names {
  readonly effect: 'none';
  readonly why: string;
  /** Values that ask for what happens anyway, in lower case: no warning for these. */
  readonly harmless: readonly string[];
}

/** An option on which somebody relies and which is not offered: anything but a harmless value stops the start. */
export interface Refused extends Names {
  readonly effect: 'refused';
  readonly why: string;
  readonly harmless: RegExp;
}

export type Option = Setting<unknown> | WithoutEffect | Refused;

type SettingDraft<T> = Omit<Setting<T>, 'effect' | 'secret' | 'reloadable' | 'fallback'> & {
  readonly fallback: NoInfer<T>;
  readonly secret?: boolean;
  readonly reloadable?: boolean;
};

export function setting<T>(draft: SettingDraft<T>): Setting<T> {
  return { secret: false, reloadable: false, ...draft, effect: 'setting' };
}

export function withoutEffect(why: string, names: Names, harmless: readonly string[] = []): WithoutEffect {
  return { effect: 'none', why, harmless, ...names };
}

export function refused(why: string, names: Names, harmless: RegExp = /^$/): Refused {
  return { effect: 'refused', why, harmless, ...names };
}
