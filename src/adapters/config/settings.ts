import type { Option, Setting } from './option.ts';
import { optionTable } from './option-table.ts';

type Table = typeof optionTable;

/** The options that do something, by the key of their setting. */
export type SettingKey = {
  [Key in keyof Table]: Table[Key] extends Setting<infer _> ? Key : never;
}[keyof Table];

type SettingValue<Key extends SettingKey> = Table[Key] extends Setting<infer T> ? T : never;

/** Where a value came from. */
export type Source = 'cli' | 'file' | 'env' | 'default';

/** One value for each option of the table. Times are in seconds, sizes in bytes, paths absolute. */
export type SettingValues = { readonly [Key in SettingKey]: SettingValue<Key> };

/** The gateway's settings, valid by themselves and together. Plain data. */
export interface Settings extends SettingValues {
  /** Where each value came from: `unauthorizedUsers` that are `default` were not chosen by the operator. */
  readonly sources: { readonly [Key in SettingKey]: Source };
}

/** Settings in the order of the table. */
export const settingOptions: readonly (readonly [SettingKey, Setting<unknown>])[] = entriesOf(optionTable);

function entriesOf(table: Readonly<Record<string, Option>>): [SettingKey, Setting<unknown>][] {
  // The compiler does not narrow keys along with values; the filter is what makes the cast true.
  return Object.entries(table).filter((entry) => entry[1].effect === 'setting') as [
    SettingKey,
    Setting<unknown>,
  ][];
}

/** The settings of a gateway for which nothing was set. */
export function defaultSettings(): Settings {
  const values = Object.fromEntries(settingOptions.map(([key, { fallback }]) => [key, fallback]));
  const sources = Object.fromEntries(settingOptions.map(([key]) => [key, 'default' as const]));
  return asSettings(values, sources);
}

/** Every key of {@link settingOptions} has a value that its own codec has made: that is what the type says. */
export function asSettings(values: Record<string, unknown>, sources: Record<string, Source>): Settings {
  return { ...values, sources } as unknown as Settings;
}
