import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import {
  type ConfigInputs,
  type LoadedSettings,
  loadSettings,
} from '../../../src/adapters/config/load-settings.ts';

export interface ConfigFixture {
  /** A home directory of its own, which is also the working directory. */
  readonly home: string;
  /** Writes a file below {@link home} and returns its path; objects become JSON. */
  write(name: string, content: string | object): Promise<string>;
  inputs(given?: Partial<Pick<ConfigInputs, 'argv' | 'env'>>): ConfigInputs;
  load(given?: Partial<Pick<ConfigInputs, 'argv' | 'env'>>): Promise<LoadedSettings>;
}

/** The config file of the user, below the home directory. */
export const userConfig = '.jupyter/jupyter_enterprise_gateway_config';

/** A machine on which nothing is configured but what the test configures; gone when the test ends. */
export async function configFixture(): Promise<ConfigFixture> {
  const home = await mkdtemp(join(tmpdir(), 'kernelgate-config-'));
  onTestFinished(() => rm(home, { recursive: true, force: true }));
  const inputs: ConfigFixture['inputs'] = ({ argv = [], env = {} } = {}) => ({
    argv,
    env: { PATH: process.env['PATH'], ...env },
    cwd: home,
    homedir: home,
    systemConfigPath: [join(home, 'system')],
  });
  return {
    home,
    inputs,
    load: (given) => loadSettings(inputs(given)),
    async write(name, content) {
      const file = join(home, name);
      await mkdir(dirname(file), { recursive: true });
      await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
      return file;
    },
  };
}

/** Matches nothing but the whole text; a pattern stays as it is. */
export function exactly(message: string | RegExp): RegExp {
  return typeof message === 'string'
    ? new RegExp(`^${message.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')}$`)
    : message;
}
