import { homedir } from 'node:os';
import { join } from 'node:path';
import { type Action, readCommandLine } from './command-line.ts';
import { ConfigError } from './config-error.ts';
import { readConfigFile } from './config-file.ts';
import { configFileCandidates, configName, lookAt } from './config-files.ts';
import { checkTogether, coupleSettings } from './coupling.ts';
import { type Environment, readEnvironment } from './environment.ts';
import { checkFiles } from './files-check.ts';
import { jupyterConfigPath, userConfigDir } from './jupyter-config-path.ts';
import { absolutePath } from './path-codec.ts';
import { resolveSettings } from './resolve.ts';
import { defaultSettings, type Settings } from './settings.ts';
import { checkOthers } from './without-effect.ts';

/** All that settings are made from. */
export interface ConfigInputs {
  /** Words after the program's name and its verb. */
  readonly argv: readonly string[];
  readonly env: Environment;
  /** Where relative paths start. */
  readonly cwd: string;
  readonly homedir: string;
  /** Directories with config files for everyone on the machine; by default those of Jupyter. */
  readonly systemConfigPath?: readonly string[];
}

export interface LoadedSettings {
  readonly settings: Settings;
  /** One line each, for the log. Never hold secrets. */
  readonly warnings: readonly string[];
  /** What was asked for instead of a start. Settings are only the defaults unless they are to be shown. */
  readonly action?: Action;
  /** `-y`: overwrite without asking. */
  readonly answerYes: boolean;
  /** Config files that were read, the one that wins first. */
  readonly configFiles: readonly string[];
  /** Where `--generate-config` writes to. */
  readonly generatedConfigFile: string;
  /** Changes when a config file changes, comes or goes. */
  readonly fingerprint: string;
}

/** The inputs of this process. */
export function processInputs(argv: readonly string[]): ConfigInputs {
  return { argv, env: process.env, cwd: process.cwd(), homedir: homedir() };
}

/**
 * The settings: the command line wins over config files, these over the
 * environment, and this over the defaults.
 *
 * @throws ConfigError with one line that names what is wrong and what is allowed
 */
export async function loadSettings(inputs: ConfigInputs): Promise<LoadedSettings> {
  const commandLine = readCommandLine(inputs.argv);
  const { action, answerYes, config } = commandLine;
  const generatedConfigFile = fileToGenerate(config, inputs);
  const basics = { action, answerYes, generatedConfigFile };
  if (action !== undefined && !action.startsWith('show-config')) {
    return { ...basics, settings: defaultSettings(), warnings: [], configFiles: [], fingerprint: '' };
  }
  const { present, fingerprint } = await lookAt(candidatesOf(config, inputs));
  if (config !== undefined && present.length === 0) {
    throw new ConfigError(`--config is "${config}", but there is no such file`);
  }
  const files = await Promise.all(present.map((file) => readConfigFile(file, inputs.env)));
  const sources = [commandLine, ...files, readEnvironment(inputs.env)];
  const given = sources.flatMap((source) => source.given);
  const otherWarnings = checkOthers(given);
  const coupled = coupleSettings(resolveSettings(given, inputs));
  checkTogether(coupled.settings);
  return {
    ...basics,
    settings: await checkFiles(coupled.settings),
    warnings: [...sources.flatMap((source) => source.warnings), ...otherWarnings, ...coupled.warnings],
    configFiles: present,
    fingerprint,
  };
}

/** Every file that would be read if it were there. */
export function candidatesOf(config: string | undefined, inputs: ConfigInputs): string[] {
  const configPath = jupyterConfigPath(inputs.env, inputs.homedir, inputs.systemConfigPath);
  return configFileCandidates(config, configPath, inputs);
}

function fileToGenerate(config: string | undefined, inputs: ConfigInputs): string {
  if (config === undefined) return join(userConfigDir(inputs.env, inputs.homedir), `${configName}.py`);
  const file = absolutePath(config, inputs);
  return file.endsWith('.py') ? file : `${file}.py`;
}
