import { isDeepStrictEqual } from 'node:util';
import type { Setting } from './option.ts';
import { traitOf } from './option-names.ts';
import { type SettingKey, type Settings, type Source, settingOptions } from './settings.ts';
import { jsonOf, pythonOf } from './show-value.ts';

const origins: Readonly<Record<Source, string>> = {
  cli: 'command line',
  file: 'config file',
  env: 'environment',
  default: 'follows from other options',
};

/** What `--show-config` prints: the settings that were set or that differ from their defaults. Secrets are masked. */
export function renderShowConfig(settings: Settings, configFiles: readonly string[]): string {
  const files =
    configFiles.length === 0 ? ['Config files: none'] : ['Config files:', ...configFiles.map(indented)];
  const changed = settingOptions.filter(([key, option]) => isChanged(settings, key, option));
  const lines = changed.map(([key, option]) =>
    indented(
      `${traitOf(option)} = ${pythonOf(jsonOf(option, settings[key]))}  (${origins[settings.sources[key]]})`,
    ),
  );
  const shown = lines.length === 0 ? ['Settings: all as by default'] : ['Settings:', ...lines];
  return `${[...files, ...shown].join('\n')}\n`;
}

/**
 * What `--show-config-json` prints: every setting, in the shape of a config
 * file, and under `sources` where each came from. Secrets are masked.
 */
export function renderShowConfigJson(settings: Settings): string {
  const config: Record<string, Record<string, unknown>> = {};
  const sources: Record<string, Source> = {};
  for (const [key, option] of settingOptions) {
    const trait = traitOf(option);
    const [className = '', name = ''] = trait.split('.');
    config[className] = { ...config[className], [name]: jsonOf(option, settings[key]) };
    sources[trait] = settings.sources[key];
  }
  return `${JSON.stringify({ ...config, sources }, null, 2)}\n`;
}

/** What `--generate-config` writes: Python in which every option stands with its default, commented out. */
export function renderGeneratedConfig(): string {
  const entries = settingOptions.map(([, option]) => {
    const assignment = `c.${traitOf(option)} = ${pythonOf(option.codec.toJson(option.fallback))}`;
    return `## ${option.doc}\n# ${assignment}\n`;
  });
  return ['# Configuration of Kernelgate.\n\nc = get_config()  # noqa\n', ...entries].join('\n');
}

function isChanged(settings: Settings, key: SettingKey, option: Setting<unknown>): boolean {
  return settings.sources[key] !== 'default' || !isDeepStrictEqual(settings[key], option.fallback);
}

function indented(line: string): string {
  return `  ${line}`;
}
