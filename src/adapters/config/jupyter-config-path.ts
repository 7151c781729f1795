import { join } from 'node:path';
import type { Environment } from './environment.ts';

/**
 * The directories in which Jupyter looks for config files, the one that wins
 * first: `JUPYTER_CONFIG_PATH`, the user's, the Python environment's, the
 * system's. An active virtual environment comes before the user's directory.
 *
 * @param system directories for everyone on this machine
 * @see https://docs.jupyter.org/en/latest/use/jupyter-directories.html
 */
export function jupyterConfigPath(
  env: Environment,
  homedir: string,
  system: readonly string[] = ['/usr/local/etc/jupyter', '/etc/jupyter'],
): string[] {
  const user = userConfigDir(env, homedir);
  if (isSet(env['JUPYTER_NO_CONFIG'])) return env['JUPYTER_CONFIG_DIR'] ? [user] : [];
  const listed = (env['JUPYTER_CONFIG_PATH'] ?? '').split(':').filter((directory) => directory !== '');
  const own = prefix(env).map((directory) => join(directory, 'etc', 'jupyter'));
  const middle = prefersEnvironment(env) ? [...own, user] : [user, ...own];
  return [...new Set([...listed, ...middle, ...system])];
}

/** Where `--generate-config` writes. */
export function userConfigDir(env: Environment, homedir: string): string {
  return env['JUPYTER_CONFIG_DIR'] || join(homedir, '.jupyter');
}

function prefix(env: Environment): string[] {
  const active = env['VIRTUAL_ENV'] || env['CONDA_PREFIX'];
  return active ? [active] : [];
}

function prefersEnvironment(env: Environment): boolean {
  const said = env['JUPYTER_PREFER_ENV_PATH'];
  if (said !== undefined) return isSet(said);
  return Boolean(env['VIRTUAL_ENV']) || (env['CONDA_DEFAULT_ENV'] ?? 'base') !== 'base';
}

function isSet(value: string | undefined): boolean {
  return value !== undefined && !['', 'no', 'n', 'false', 'off', '0', '0.0'].includes(value.toLowerCase());
}
