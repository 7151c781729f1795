/** The steps by which a private Python environment is made, and how a finished one is told from a half-made one. */
import { createHash } from 'node:crypto';
import { readFile, realpath, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';
import { isExecutable } from './command-path.ts';
import type { RunCommand, RunResult } from './command-runner.ts';
import { explainPipFailure, explainVenvFailure, type Machine } from './install-advice.ts';

/** Why there is no private environment: what is wrong and what to do, in one line. */
export class PythonEnvironmentError extends Error {
  readonly code = 'PYTHON_ENVIRONMENT';
  override readonly name = 'PythonEnvironmentError';
}

/** What the environment is to hold: a requirements file of exact versions. */
export interface Requirements {
  file: string;
  hash: string;
}

export interface BuildContext extends Machine {
  /** Absolute path of the interpreter that the environment is made with. */
  python: string;
  run: RunCommand;
  progress: (text: string) => void;
  signal?: AbortSignal;
}

/** Written last: an environment without it is not finished. */
interface Marker {
  requirements: string;
  /** File name of the interpreter, links followed: `python3.12`. It changes when the system's Python is replaced. */
  interpreter: string;
}

const MARKER_FILE = 'kernelgate-environment.json';
const VENV_TIMEOUT_MS = 3 * 60_000;
const PIP_TIMEOUT_MS = 20 * 60_000;
const CHECK_TIMEOUT_MS = 60_000;

/** @throws the file system's error when the file cannot be read */
export async function readRequirements(file: string): Promise<Requirements> {
  return {
    file,
    hash: createHash('sha256')
      .update(await readFile(file))
      .digest('hex'),
  };
}

/** The directory of an environment that holds its kernelspecs. */
export function kernelDirOf(directory: string): string {
  return join(directory, 'share', 'jupyter', 'kernels');
}

/** Whether the environment is finished, holds what is required, and its interpreter is still there. */
export async function isComplete(directory: string, requirements: Requirements): Promise<boolean> {
  return (await usableMarker(directory))?.requirements === requirements.hash;
}

/**
 * Makes the environment, or brings a finished one up to date. One that was
 * left half-made is made anew; one that works and cannot be brought up to date
 * stays as it is.
 * @returns whether the environment now holds what is required
 * @throws PythonEnvironmentError
 */
export async function buildEnvironment(
  directory: string,
  requirements: Requirements,
  context: BuildContext,
): Promise<boolean> {
  const earlier = await usableMarker(directory);
  try {
    if (earlier === null) await makeVenv(directory, context);
    // Whoever is killed from here on leaves no marker behind.
    await rm(join(directory, MARKER_FILE), { force: true });
    await installRequirements(directory, requirements, context);
    await check(directory, context);
    await writeMarker(directory, {
      requirements: requirements.hash,
      interpreter: await interpreterOf(directory),
    });
    context.progress('The Python environment is ready');
    return true;
  } catch (error) {
    if (earlier === null || context.signal?.aborted || !(await works(directory, context))) {
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
    context.progress(`Keeping the Python environment as it is: ${(error as Error).message}`);
    await writeMarker(directory, earlier);
    return false;
  }
}

async function makeVenv(directory: string, context: BuildContext): Promise<void> {
  context.progress(`Making a private Python environment in ${directory} (once, about a minute)`);
  await rm(directory, { recursive: true, force: true });
  const result = await context.run(context.python, ['-m', 'venv', directory], {
    env: childEnv(context.env),
    timeoutMs: VENV_TIMEOUT_MS,
    signal: context.signal,
  });
  if (result.code === 0) return;
  if (result.timedOut) throw tookTooLong('python3 -m venv', VENV_TIMEOUT_MS);
  throw new PythonEnvironmentError(await explainVenvFailure(outputOf(result), context));
}

async function installRequirements(
  directory: string,
  requirements: Requirements,
  context: BuildContext,
): Promise<void> {
  const options = ['--no-input', '--disable-pip-version-check', '--progress-bar', 'off'];
  const args = ['-m', 'pip', 'install', ...options, '-r', requirements.file];
  const result = await context.run(pythonOf(directory), args, {
    env: childEnv(context.env),
    timeoutMs: PIP_TIMEOUT_MS,
    signal: context.signal,
    onLine: (line) => reportPip(line, context.progress),
  });
  if (result.code === 0) return;
  if (result.timedOut) throw tookTooLong('pip install', PIP_TIMEOUT_MS);
  throw new PythonEnvironmentError(explainPipFailure(outputOf(result)));
}

/** Only what a person who waits wants to see: which package is being fetched, and that something is retried. */
function reportPip(line: string, progress: (text: string) => void): void {
  const collecting = /^(?:Collecting|Building wheel for) \S+/.exec(line);
  if (collecting) progress(collecting[0]);
  if (line.startsWith('Installing collected packages')) progress('Installing the packages');
  if (line.startsWith('WARNING: Retrying')) progress('pip cannot reach its package index, retrying');
}

async function check(directory: string, context: BuildContext): Promise<void> {
  if (await works(directory, context)) return;
  throw new PythonEnvironmentError(
    `what pip installed does not work: run \`${pythonOf(directory)} -m ipykernel --version\` to see why`,
  );
}

async function works(directory: string, context: BuildContext): Promise<boolean> {
  const code = 'import ipykernel.kernelapp, ipykernel_launcher';
  const result = await context.run(pythonOf(directory), ['-c', code], {
    env: childEnv(context.env),
    timeoutMs: CHECK_TIMEOUT_MS,
    signal: context.signal,
  });
  return result.code === 0;
}

async function usableMarker(directory: string): Promise<Marker | null> {
  try {
    const marker = JSON.parse(await readFile(join(directory, MARKER_FILE), 'utf8')) as Marker;
    const sameInterpreter = marker.interpreter === (await interpreterOf(directory));
    return sameInterpreter && (await isExecutable(pythonOf(directory))) ? marker : null;
  } catch {
    return null;
  }
}

async function writeMarker(directory: string, marker: Marker): Promise<void> {
  await writeFileAtomic(join(directory, MARKER_FILE), `${JSON.stringify(marker)}\n`);
}

async function interpreterOf(directory: string): Promise<string> {
  return basename(await realpath(pythonOf(directory)));
}

function pythonOf(directory: string): string {
  return join(directory, 'bin', 'python');
}

/** The gateway's environment (proxies and `PIP_*` included) without what would lead the packages elsewhere. */
function childEnv(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const { PYTHONHOME, PYTHONPATH, PIP_TARGET, PIP_PREFIX, PIP_ROOT, __PYVENV_LAUNCHER__, ...rest } = env;
  return { PIP_RETRIES: '2', ...rest, PIP_USER: '0', PYTHONUNBUFFERED: '1' };
}

function outputOf(result: RunResult): string {
  return `${result.stdout}\n${result.stderr}`;
}

function tookTooLong(command: string, limitMs: number): PythonEnvironmentError {
  return new PythonEnvironmentError(
    `\`${command}\` did not end within ${limitMs / 60_000} minutes: start the gateway again to retry`,
  );
}
