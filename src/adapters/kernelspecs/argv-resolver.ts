/** Finds the program that a kernelspec's `argv[0]` means. */
import { isAbsolute, resolve } from 'node:path';
import { KernelFailure } from '../../machines/failure.ts';
import type { KernelSpec } from '../../machines/ports.ts';
import { findCommand, isExecutable } from './command-path.ts';

export interface ResolveArgvOptions {
  /** Search path of the launch environment: its `PATH`. */
  searchPath: string | undefined;
  /** Interpreter for a bare `python` or `python3` that has no better one; null to take the search path's. */
  python?: string | null;
  /** Directory that a relative path starts from: the kernel's working directory. */
  workingDir?: string | null;
}

const PYTHON = /^python(3(\.\d+)?)?$/;
const KERNELS_OF_PREFIX = /^(.*)\/share\/jupyter\/kernels\/[^/]+\/?$/;

/**
 * The kernelspec's argv with `argv[0]` as an absolute path of an executable.
 * A bare `python` is the interpreter of the environment in which the
 * kernelspec is installed, if it is in one. `{resource_dir}` and `{prefix}`
 * are filled in within `argv[0]` only; all other placeholders stay.
 * @throws KernelFailure `LAUNCH_REFUSED` naming the program that cannot be started
 */
export async function resolveArgv(kernelspec: KernelSpec, options: ResolveArgvOptions): Promise<string[]> {
  const [command = '', ...rest] = kernelspec.spec.argv;
  const prefix = environmentPrefix(kernelspec);
  const program = command
    .replaceAll('{resource_dir}', kernelspec.resourceDir)
    .replaceAll('{prefix}', prefix ?? '{prefix}');
  if (program.includes('/')) return [await pathProgram(kernelspec, program, options), ...rest];
  const found =
    (await pythonProgram(program, prefix, options)) ?? (await findCommand(program, options.searchPath));
  if (found === null) throw notOnPath(kernelspec, program);
  return [found, ...rest];
}

/** The environment that a kernelspec is installed in: `/venv` for `/venv/share/jupyter/kernels/python3`. */
export function environmentPrefix(kernelspec: KernelSpec): string | null {
  return KERNELS_OF_PREFIX.exec(kernelspec.resourceDir)?.[1] ?? null;
}

async function pythonProgram(
  program: string,
  prefix: string | null,
  options: ResolveArgvOptions,
): Promise<string | null> {
  if (!PYTHON.test(program)) return null;
  const ofPrefix =
    prefix === null ? [] : [program, 'python', 'python3'].map((name) => `${prefix}/bin/${name}`);
  // A minor version is asked for on purpose: outside the environment only that very one will do.
  const anyPython3 = program === 'python' || program === 'python3';
  const preferred = anyPython3 && options.python ? [options.python] : [];
  for (const file of [...ofPrefix, ...preferred]) {
    if (await isExecutable(file)) return file;
  }
  if (!anyPython3) return null;
  return (await findCommand('python3', options.searchPath)) ?? findCommand('python', options.searchPath);
}

async function pathProgram(
  kernelspec: KernelSpec,
  program: string,
  options: ResolveArgvOptions,
): Promise<string> {
  const file = isAbsolute(program) ? program : resolve(options.workingDir ?? '.', program);
  if (await isExecutable(file)) return file;
  throw new KernelFailure({
    code: 'LAUNCH_REFUSED',
    message: `kernelspec ${kernelspec.name}: ${file} does not exist or is not an executable file`,
    hint: `Correct argv[0] in ${kernelspec.resourceDir}/kernel.json, or install the kernel again.`,
  });
}

function notOnPath(kernelspec: KernelSpec, program: string): KernelFailure {
  return new KernelFailure({
    code: 'LAUNCH_REFUSED',
    message: `kernelspec ${kernelspec.name}: ${program} is not on the PATH`,
    hint: `Install ${program}, add its directory to the gateway's PATH, or write its full path into argv[0] of ${kernelspec.resourceDir}/kernel.json.`,
  });
}
