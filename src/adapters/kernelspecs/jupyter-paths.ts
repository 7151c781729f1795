/**
 * Where Jupyter looks for its files: the directories that `jupyter --paths`
 * prints, in its order, as jupyter_core 5 computes them on Linux and macOS.
 */
import { realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, join, resolve } from 'node:path';
import type { PythonInfo } from './python-probe.ts';

export interface JupyterPaths {
  /** Where this user's data goes: `$JUPYTER_DATA_DIR` or the platform's place. */
  dataDir: string;
  /** Where transient files (connection files) go. */
  runtimeDir: string;
  /** Searched for data such as kernelspecs; the first directory wins. */
  dataPath: string[];
  /** Searched for configuration; the first directory wins. Empty under `JUPYTER_NO_CONFIG`. */
  configPath: string[];
}

export interface JupyterPathsInput {
  env?: NodeJS.ProcessEnv;
  home?: string;
  platform?: NodeJS.Platform;
  /** The Python whose prefix is the "environment"; null when the machine has none. */
  python: PythonInfo | null;
}

/** Everything that belongs to one kind of file, from the strongest to the weakest. */
interface Sources {
  explicit: string[];
  user: string[];
  environment: string[];
  system: string[];
}

/** A pure function of its input but for resolving the default home directory. */
export function jupyterPaths(input: JupyterPathsInput): JupyterPaths {
  const env = input.env ?? process.env;
  const home = input.home ?? homeDirectory(env);
  const platform = input.platform ?? process.platform;
  const places = platformPlaces({ env, home, platform, python: input.python });
  const dataDir = env['JUPYTER_DATA_DIR'] || places.userData;
  const preferEnvironment = prefersEnvironment(env, input.python);

  const dataPath = searchPath(preferEnvironment, {
    explicit: splitPath(env['JUPYTER_PATH']),
    user: [dataDir, ...pythonPlaces(input.python?.userBase, 'share')],
    environment: pythonPlaces(input.python?.prefix, 'share'),
    system: places.systemData,
  });
  const configPath = searchPath(preferEnvironment, {
    explicit: splitPath(env['JUPYTER_CONFIG_PATH']),
    user: [env['JUPYTER_CONFIG_DIR'] || places.userConfig, ...pythonPlaces(input.python?.userBase, 'etc')],
    environment: pythonPlaces(input.python?.prefix, 'etc'),
    system: places.systemConfig,
  });
  return {
    dataDir,
    runtimeDir: env['JUPYTER_RUNTIME_DIR'] || join(dataDir, 'runtime'),
    dataPath,
    configPath: env['JUPYTER_NO_CONFIG'] ? [] : configPath,
  };
}

/**
 * The directories that hold kernelspecs: `kernels` in each of the data path,
 * then IPython's old place. Absolute, without repetitions.
 */
export function kernelDirs(
  dataPath: readonly string[],
  input: Omit<JupyterPathsInput, 'python'> = {},
): string[] {
  const env = input.env ?? process.env;
  const ipython = env['IPYTHONDIR'] || join(input.home ?? homeDirectory(env), '.ipython');
  const directories = [...dataPath, ipython].map((directory) => resolve(directory, 'kernels'));
  return [...new Set(directories)];
}

function searchPath(preferEnvironment: boolean, sources: Sources): string[] {
  const { explicit, user, system } = sources;
  const environment = sources.environment.filter((directory) => !system.includes(directory));
  const middle = preferEnvironment ? [...environment, ...user] : [...user, ...environment];
  return [...new Set([...explicit, ...middle, ...system])];
}

/** An activated environment comes before the user's own directories, unless the variable says otherwise. */
function prefersEnvironment(env: NodeJS.ProcessEnv, python: PythonInfo | null): boolean {
  if (env['JUPYTER_PREFER_ENV_PATH'] !== undefined) return isSet(env['JUPYTER_PREFER_ENV_PATH']);
  if (!python?.ownsPrefix) return false;
  if (python.prefix !== python.basePrefix) return true;
  const conda = env['CONDA_PREFIX'];
  const condaName = env['CONDA_DEFAULT_ENV'] ?? 'base';
  return conda !== undefined && python.prefix.startsWith(conda) && condaName !== 'base';
}

function platformPlaces(input: Required<JupyterPathsInput>) {
  const { env, home } = input;
  const mac = input.platform === 'darwin';
  if (isSet(env['JUPYTER_PLATFORM_DIRS'])) return conventionalPlaces(input);
  const xdgData = env['XDG_DATA_HOME'] || join(home, '.local', 'share');
  return {
    userData: mac ? join(home, 'Library', 'Jupyter') : join(xdgData, 'jupyter'),
    userConfig: join(home, '.jupyter'),
    systemData: ['/usr/local/share/jupyter', '/usr/share/jupyter'],
    systemConfig: ['/usr/local/etc/jupyter', '/etc/jupyter'],
  };
}

/** `JUPYTER_PLATFORM_DIRS`: the places that the XDG or Apple's conventions give every program. */
function conventionalPlaces({ env, home, platform, python }: Required<JupyterPathsInput>) {
  const mac = platform === 'darwin';
  const name = mac && !python?.prefix.startsWith('/opt/homebrew') ? 'Jupyter' : 'jupyter';
  const support = join('Library', 'Application Support');
  const place = (variable: string, fallback: string) => join(env[variable] || join(home, fallback), name);
  const places = (variable: string, fallback: string[]) =>
    (env[variable] ? splitPath(env[variable]) : fallback).map((directory) => join(directory, name));
  return {
    userData: place('XDG_DATA_HOME', mac ? support : join('.local', 'share')),
    userConfig: place('XDG_CONFIG_HOME', mac ? support : '.config'),
    systemData: places('XDG_DATA_DIRS', mac ? [join('/', support)] : ['/usr/local/share', '/usr/share']),
    systemConfig: places('XDG_CONFIG_DIRS', mac ? [join('/', support)] : ['/etc/xdg']),
  };
}

function pythonPlaces(base: string | null | undefined, kind: 'share' | 'etc'): string[] {
  return base ? [join(base, kind, 'jupyter')] : [];
}

function splitPath(value: string | undefined): string[] {
  const entries = (value ?? '').split(delimiter).map((entry) => entry.replace(/\/+$/, ''));
  return entries.filter((entry) => entry !== '');
}

/** Jupyter's reading of a switch in the environment: everything but a plain "no" is yes. */
function isSet(value: string | undefined): boolean {
  return value !== undefined && !['no', 'n', 'false', 'off', '0', '0.0'].includes(value.toLowerCase());
}

function homeDirectory(env: NodeJS.ProcessEnv): string {
  const home = env['HOME'] || homedir();
  try {
    return realpathSync(home);
  } catch {
    return home;
  }
}
