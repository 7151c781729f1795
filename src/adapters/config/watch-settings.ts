import { isDeepStrictEqual } from 'node:util';
import {
  asyncScheduler,
  concatMap,
  EMPTY,
  expand,
  filter,
  map,
  type Observable,
  of,
  type SchedulerLike,
  timer,
} from 'rxjs';
import { readCommandLine } from './command-line.ts';
import { lookAt } from './config-files.ts';
import { type ConfigInputs, candidatesOf, type LoadedSettings, loadSettings } from './load-settings.ts';
import { traitOf } from './option-names.ts';
import { asSettings, type Settings, type Source, settingOptions } from './settings.ts';

export interface WatchOptions {
  /** Told, once for each change, why the files cannot be used as they are. */
  readonly onProblem: (problem: Error) => void;
  /** Told about new warnings, among them changes that count only after a restart. */
  readonly onWarning: (warning: string) => void;
  /** Where the time comes from. */
  readonly scheduler?: SchedulerLike;
}

interface Watched {
  readonly settings: Settings;
  readonly fingerprint: string;
  /** Warnings that were given already. */
  readonly warnings: readonly string[];
  readonly changed: boolean;
}

/**
 * Looks for changed config files every `dynamicConfigInterval` seconds and
 * emits the settings anew when an option that is reloadable has changed. All
 * other options keep the values of the start. While a file is broken the last
 * good settings stay. Completes, at once or later, when the interval is 0.
 * Never errors.
 *
 * @param inputs those that `loaded` came from
 */
export function watchSettings(
  inputs: ConfigInputs,
  loaded: LoadedSettings,
  { onProblem, onWarning, scheduler = asyncScheduler }: WatchOptions,
): Observable<Settings> {
  const files = candidatesOf(readCommandLine(inputs.argv).config, inputs);
  const start: Watched = { ...loaded, changed: false };

  async function look(before: Watched): Promise<Watched> {
    const unchanged = { ...before, changed: false };
    const { fingerprint } = await lookAt(files);
    if (fingerprint === before.fingerprint) return unchanged;
    try {
      const { settings, warnings } = await loadSettings(inputs);
      const merged = reloaded(before.settings, settings);
      const all = [...warnings, ...needRestart(merged, settings)];
      for (const warning of all) if (!before.warnings.includes(warning)) onWarning(warning);
      return {
        settings: merged,
        fingerprint,
        warnings: all,
        changed: !isDeepStrictEqual(merged, before.settings),
      };
    } catch (error) {
      onProblem(error instanceof Error ? error : new Error(String(error)));
      return { ...unchanged, fingerprint };
    }
  }

  const next = (watched: Watched): Observable<Watched> => {
    const { dynamicConfigInterval } = watched.settings;
    if (dynamicConfigInterval === 0) return EMPTY;
    return timer(dynamicConfigInterval * 1000, scheduler).pipe(concatMap(() => look(watched)));
  };
  return of(start).pipe(
    expand(next),
    filter(({ changed }) => changed),
    map(({ settings }) => settings),
  );
}

/** The running settings with what is reloadable taken from the new ones. */
function reloaded(running: Settings, fresh: Settings): Settings {
  const values: Record<string, unknown> = {};
  const sources: Record<string, Source> = {};
  for (const [key, { reloadable }] of settingOptions) {
    const from = reloadable ? fresh : running;
    values[key] = from[key];
    sources[key] = from.sources[key];
  }
  return asSettings(values, sources);
}

function needRestart(running: Settings, fresh: Settings): string[] {
  return settingOptions
    .filter(([key]) => !isDeepStrictEqual(running[key], fresh[key]))
    .map(([, option]) => `${traitOf(option)} was changed, which counts after the next start`);
}
