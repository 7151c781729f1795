import { describe, expect, test } from 'vitest';
import { jupyterPaths, kernelDirs } from '../../../src/adapters/kernelspecs/jupyter-paths.ts';
import type { PythonInfo } from '../../../src/adapters/kernelspecs/python-probe.ts';

const SYSTEM = ['/usr/local/share/jupyter', '/usr/share/jupyter'];

const usrPython: PythonInfo = {
  executable: '/opt/python/bin/python3',
  prefix: '/opt/python',
  basePrefix: '/opt/python',
  version: { major: 3, minor: 12, micro: 1 },
  userBase: '/home/ada/.local',
  ownsPrefix: false,
  ipykernelResources: null,
};
const venvPython: PythonInfo = { ...usrPython, prefix: '/venv', userBase: null, ownsPrefix: true };

function paths(
  env: NodeJS.ProcessEnv,
  python: PythonInfo | null = usrPython,
  platform: NodeJS.Platform = 'linux',
) {
  return jupyterPaths({ env, home: '/home/ada', platform, python });
}

describe('data path', () => {
  test('goes from the user to the environment to the system', () => {
    expect(paths({}).dataPath).toEqual([
      '/home/ada/.local/share/jupyter',
      '/opt/python/share/jupyter',
      ...SYSTEM,
    ]);
  });

  test('begins with JUPYTER_PATH, without trailing slashes and empty entries', () => {
    expect(paths({ JUPYTER_PATH: '/a/::/b' }).dataPath.slice(0, 3)).toEqual([
      '/a',
      '/b',
      '/home/ada/.local/share/jupyter',
    ]);
  });

  test('takes the user directory from JUPYTER_DATA_DIR, then XDG_DATA_HOME, and keeps the Python user base', () => {
    expect(paths({ JUPYTER_DATA_DIR: '/data', XDG_DATA_HOME: '/xdg' }).dataPath.slice(0, 2)).toEqual([
      '/data',
      '/home/ada/.local/share/jupyter',
    ]);
    expect(paths({ XDG_DATA_HOME: '/xdg' }).dataDir).toBe('/xdg/jupyter');
  });

  test('has the user directory in the Library on macOS, whatever XDG says', () => {
    const { dataDir, dataPath } = paths({ XDG_DATA_HOME: '/xdg' }, null, 'darwin');
    expect(dataDir).toBe('/home/ada/Library/Jupyter');
    expect(dataPath).toEqual(['/home/ada/Library/Jupyter', ...SYSTEM]);
  });

  test('puts an activated virtual environment before the user, unless told otherwise', () => {
    const user = '/home/ada/.local/share/jupyter';
    expect(paths({}, venvPython).dataPath).toEqual(['/venv/share/jupyter', user, ...SYSTEM]);
    expect(paths({ JUPYTER_PREFER_ENV_PATH: 'no' }, venvPython).dataPath[0]).toBe(user);
    expect(paths({ JUPYTER_PREFER_ENV_PATH: '1' }).dataPath[0]).toBe('/opt/python/share/jupyter');
  });

  test('leaves the user first where the environment belongs to somebody else', () => {
    const python = { ...venvPython, ownsPrefix: false };
    expect(paths({}, python).dataPath[0]).toBe('/home/ada/.local/share/jupyter');
  });

  test('puts a conda environment first, but not the base one', () => {
    const python = { ...usrPython, prefix: '/conda/envs/x', basePrefix: '/conda/envs/x', ownsPrefix: true };
    const env = { CONDA_PREFIX: '/conda/envs/x', CONDA_DEFAULT_ENV: 'x' };
    expect(paths(env, python).dataPath[0]).toBe('/conda/envs/x/share/jupyter');
    expect(paths({ ...env, CONDA_DEFAULT_ENV: 'base' }, python).dataPath[0]).toBe(
      '/home/ada/.local/share/jupyter',
    );
  });

  test('names a system directory once, at its place, when the environment is the same', () => {
    expect(paths({}, { ...usrPython, prefix: '/usr', userBase: null }).dataPath).toEqual([
      '/home/ada/.local/share/jupyter',
      ...SYSTEM,
    ]);
  });

  test('follows the platform conventions under JUPYTER_PLATFORM_DIRS', () => {
    const env = { JUPYTER_PLATFORM_DIRS: '1', XDG_DATA_DIRS: '/x:/y', XDG_CONFIG_HOME: '/config' };
    expect(paths(env, venvPython).dataPath.slice(1)).toEqual([
      '/home/ada/.local/share/jupyter',
      '/x/jupyter',
      '/y/jupyter',
    ]);
    expect(paths(env, venvPython).configPath).toEqual([
      '/venv/etc/jupyter',
      '/config/jupyter',
      '/etc/xdg/jupyter',
    ]);
    expect(paths({ JUPYTER_PLATFORM_DIRS: '1' }, null, 'darwin').dataDir).toBe(
      '/home/ada/Library/Application Support/Jupyter',
    );
  });
});

describe('other places', () => {
  test('runtime files lie in the data directory unless JUPYTER_RUNTIME_DIR says where', () => {
    expect(paths({ JUPYTER_DATA_DIR: '/data' }).runtimeDir).toBe('/data/runtime');
    expect(paths({ JUPYTER_RUNTIME_DIR: '/run/j' }).runtimeDir).toBe('/run/j');
  });

  test('the config path has the same order as the data path', () => {
    expect(paths({ JUPYTER_CONFIG_PATH: '/a', JUPYTER_CONFIG_DIR: '/c' }).configPath).toEqual([
      '/a',
      '/c',
      '/home/ada/.local/etc/jupyter',
      '/opt/python/etc/jupyter',
      '/usr/local/etc/jupyter',
      '/etc/jupyter',
    ]);
  });

  test('there is no config path under JUPYTER_NO_CONFIG', () => {
    expect(paths({ JUPYTER_NO_CONFIG: '1' }).configPath).toEqual([]);
  });

  test('kernelspecs are looked for in kernels of each data directory, then in IPython’s, each once', () => {
    expect(kernelDirs(['/a', '/b', '/a'], { env: {}, home: '/home/ada' })).toEqual([
      '/a/kernels',
      '/b/kernels',
      '/home/ada/.ipython/kernels',
    ]);
  });
});
