/** `kernelgate specs check DIR`: whether kernelspecs can be launched, before anyone tries. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { loadSettings } from '../../adapters/config/load-settings.ts';
import { CommandError, type RunCommand, type Surroundings } from './command.ts';
import { plain } from './plain-text.ts';
import { sampleRules } from './sample-launch.ts';
import { checkSpec, type SpecProblem } from './spec-check.ts';

export const specsCheck: RunCommand = async ({ words: [directory = ''], values }, surroundings) => {
  const env = variablesIn(values.get('env') ?? '');
  const resourceDirs = await kernelspecsIn(resolve(directory));
  const rules = sampleRules(await settingsOf(surroundings));
  const problems: SpecProblem[] = [];
  for (const resourceDir of resourceDirs) problems.push(...(await checkSpec(resourceDir, { rules, env })));
  for (const problem of problems) surroundings.write(`${lineFor(problem)}\n`);
  const count = resourceDirs.length === 1 ? '1 kernelspec' : `${resourceDirs.length} kernelspecs`;
  surroundings.write(`${count} checked, ${problems.length === 0 ? 'nothing' : problems.length} wrong\n`);
  return problems.length === 0 ? 0 : 1;
};

/** What a gateway that is started here would allow. */
async function settingsOf({ env }: Surroundings) {
  const { settings } = await loadSettings({ argv: [], env, cwd: process.cwd(), homedir: homedir() });
  return settings;
}

/** Directories with a `kernel.json`: the given one itself, or those in it, or in `kernels` of it. */
async function kernelspecsIn(directory: string): Promise<string[]> {
  if (isKernelspec(directory)) return [directory];
  const parents = [directory, join(directory, 'kernels')];
  const names = await Promise.all(parents.map((parent) => readdir(parent).catch(() => [])));
  const found = parents
    .flatMap((parent, index) => (names[index] ?? []).map((name) => join(parent, name)))
    .filter(isKernelspec)
    .sort();
  if (found.length > 0) return found;
  throw new CommandError(
    existsSync(directory)
      ? `specs check: ${directory} holds no kernelspec: each is a directory with a kernel.json`
      : `specs check: there is no directory ${directory}: name one that holds kernelspecs`,
  );
}

function isKernelspec(directory: string): boolean {
  return existsSync(join(directory, 'kernel.json'));
}

/** @throws CommandError */
function variablesIn(text: string): Record<string, string> {
  const entries = text.split(',').filter((entry) => entry !== '');
  return Object.fromEntries(
    entries.map((entry) => {
      const [, name, value] = /^(\w+)=(.*)$/s.exec(entry) ?? [];
      if (name !== undefined && value !== undefined) return [name, value];
      throw new CommandError('specs check: --env must look like KERNEL_TEAM=one,KERNEL_SITE=two', 2);
    }),
  );
}

/** As compilers write it, so that editors find the place. */
function lineFor({ file, line, message }: SpecProblem): string {
  const path = relative(process.cwd(), file);
  const shown = path.startsWith('..') ? file : path;
  return plain(`${shown}:${line === null ? '' : `${line}:`} ${message}`);
}
