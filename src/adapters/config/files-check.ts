/** Whether the files that settings name are there. */
import { constants } from 'node:fs';
import { access, readFile, stat } from 'node:fs/promises';
import { ConfigError } from './config-error.ts';
import { type Settings, settingOptions } from './settings.ts';

/**
 * Checks every path that must exist, and finds the private key inside the
 * certificate's file when it has no file of its own.
 *
 * @throws ConfigError naming the setting and the path
 */
export async function checkFiles(settings: Settings): Promise<Settings> {
  for (const [
    key,
    {
      exists,
      traits: [trait],
    },
  ] of settingOptions) {
    const path = settings[key];
    if (exists && typeof path === 'string') await checkPath(trait?.name ?? key, path, exists);
  }
  const { certfile, keyfile } = settings;
  if (certfile === null || keyfile !== null) return settings;
  if (!(await readFile(certfile, 'latin1')).includes('PRIVATE KEY-----')) {
    throw new ConfigError('certfile is set, but keyfile is not, and certfile holds no private key');
  }
  return { ...settings, keyfile: certfile };
}

async function checkPath(name: string, path: string, kind: 'file' | 'directory'): Promise<void> {
  const stats = await stat(path).catch(() => null);
  if (!(kind === 'file' ? stats?.isFile() : stats?.isDirectory())) {
    throw new ConfigError(`${name} is "${path}", but there is no such ${kind}`);
  }
  await access(path, constants.R_OK).catch((cause) => {
    throw new ConfigError(`${name} is "${path}", which cannot be read`, { cause });
  });
}
