import { stat } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { Place } from './codec.ts';
import { ConfigError } from './config-error.ts';
import { absolutePath } from './path-codec.ts';

export const configName = 'jupyter_enterprise_gateway_config';

/**
 * Where config files may lie, the file that wins first. Of one directory, the
 * `.json` file wins over the `.py` file.
 *
 * @param named `--config`, if given: then no other place counts
 * @throws ConfigError for a `--config` that is neither Python nor JSON
 */
export function configFileCandidates(
  named: string | undefined,
  configPath: readonly string[],
  place: Place,
): string[] {
  if (named === undefined) return configPath.flatMap((directory) => both(join(directory, configName)));
  const file = absolutePath(named, place);
  const extension = extname(file);
  if (extension === '.json' || extension === '.py') return [file];
  if (extension === '') return both(file);
  throw new ConfigError(`--config is "${named}", but must be a .json or .py file`);
}

function both(path: string): string[] {
  return [`${path}.json`, `${path}.py`];
}

/** What is there of some files: which, and a text that changes when one of them does. */
export interface FileState {
  readonly present: readonly string[];
  readonly fingerprint: string;
}

export async function lookAt(files: readonly string[]): Promise<FileState> {
  const seen = await Promise.all(
    files.map(async (file) => ({ file, stats: await stat(file).catch(() => null) })),
  );
  const present = seen.filter(({ stats }) => stats?.isFile());
  const marks = present.map(({ file, stats }) => `${file} ${stats?.ino} ${stats?.size} ${stats?.mtimeMs}`);
  return { present: present.map(({ file }) => file), fingerprint: marks.join('\n') };
}
