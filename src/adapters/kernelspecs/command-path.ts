import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, join, resolve } from 'node:path';

/** Whether the file exists, is a regular file and may be executed; symbolic links are followed. */
export async function isExecutable(file: string): Promise<boolean> {
  try {
    if (!(await stat(file)).isFile()) return false;
    await access(file, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** All executables called `command` on the search path, as absolute paths, in its order. */
export async function findCommands(command: string, searchPath: string | undefined): Promise<string[]> {
  const directories = [...new Set((searchPath ?? '').split(delimiter).filter((entry) => entry !== ''))];
  const candidates = directories.map((directory) => resolve(join(directory, command)));
  const executable = await Promise.all(candidates.map(isExecutable));
  return candidates.filter((_, index) => executable[index]);
}

/** The executable that a shell would take for `command`, or null. */
export async function findCommand(command: string, searchPath: string | undefined): Promise<string | null> {
  return (await findCommands(command, searchPath))[0] ?? null;
}
