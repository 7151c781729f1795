/** Makes the gateway's private Python environment, so that a fresh machine has a Python kernel. */
import { constants } from 'node:fs';
import { access, mkdir } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { oneLine } from '../../machines/failure.ts';
import { findCommand } from './command-path.ts';
import { type RunCommand, runCommand } from './command-runner.ts';
import {
  buildEnvironment,
  isComplete,
  kernelDirOf,
  PythonEnvironmentError,
  type Requirements,
  readRequirements,
} from './environment-builder.ts';
import { withLock } from './environment-lock.ts';
import { installAdvice, type Machine } from './install-advice.ts';
import { askPython, type PythonInfo } from './python-probe.ts';

export interface PythonEnvironmentOptions {
  /** The Python that {@link probePython} found; null when there is none. */
  python: PythonInfo | null;
  /** Jupyter's data directory: the environment goes there when the project's folder cannot be written to. */
  dataDir: string;
  /** Hears one line for each step that takes time. */
  progress: (text: string) => void;
  /** The project's folder; default: the one that this program lies in. */
  projectDir?: string;
  /** Exact versions of what is installed; default: the file that comes with the program. */
  requirementsFile?: string;
  env?: NodeJS.ProcessEnv;
  platform?: NodeJS.Platform;
  run?: RunCommand;
  /** Ends what is under way; the next start begins anew. */
  signal?: AbortSignal;
}

export type PythonEnvironmentResult =
  | {
      ok: true;
      directory: string;
      /** Holds the kernelspec `python3`: the last directory of the kernel path. */
      kernelDir: string;
      /** Whether anything had to be installed. */
      changed: boolean;
    }
  | {
      ok: false;
      /** One line: what is missing, and exactly what to install or do. */
      message: string;
    };

/** Also as compiled, three folders lie between this file and the project's. */
const PROJECT_DIR = fileURLToPath(new URL('../../..', import.meta.url));
const OLDEST_MINOR = 9;
const NEWEST_MINOR = 14;

/**
 * Makes sure that the private environment exists and holds exactly what the
 * requirements file names. Instant when it does. Never rejects: what keeps it
 * from being made is the result's message.
 */
export async function ensurePythonEnvironment(
  options: PythonEnvironmentOptions,
): Promise<PythonEnvironmentResult> {
  try {
    const requirementsFile =
      options.requirementsFile ?? join(PROJECT_DIR, 'kernelspecs', 'python3', 'requirements.txt');
    const requirements = await readRequirements(requirementsFile);
    const places = environmentPlaces(options);
    for (const directory of places) {
      if (await isComplete(directory, requirements)) return success(directory, false);
    }
    return await makeEnvironment(await chooseWritable(places), requirements, options);
  } catch (error) {
    const reason = options.signal?.aborted ? 'the gateway was stopped meanwhile' : (error as Error).message;
    return { ok: false, message: `The private Python environment cannot be made: ${oneLine(reason)}` };
  }
}

async function makeEnvironment(
  directory: string,
  requirements: Requirements,
  options: PythonEnvironmentOptions,
): Promise<PythonEnvironmentResult> {
  const { progress, signal } = options;
  const context = { ...machineOf(options), run: options.run ?? runCommand, progress, signal };
  const python = await suitablePython(options.python, context, context.run);
  const onWait = () => progress('Another gateway is making the Python environment: waiting for it');
  return withLock(`${directory}.lock`, { onWait, signal }, async () => {
    if (await isComplete(directory, requirements)) return success(directory, false);
    return success(directory, await buildEnvironment(directory, requirements, { ...context, python }));
  });
}

function success(directory: string, changed: boolean): PythonEnvironmentResult {
  return { ok: true, directory, kernelDir: kernelDirOf(directory), changed };
}

/** What a package manager installs can be removed by it at any time: nothing is kept beside such a program. */
function environmentPlaces({ projectDir = PROJECT_DIR, dataDir }: PythonEnvironmentOptions): string[] {
  const ofUser = join(resolve(dataDir), 'kernelgate', 'python');
  const installed = resolve(projectDir).split(sep).includes('node_modules');
  return installed ? [ofUser] : [join(resolve(projectDir), '.kernelgate', 'python'), ofUser];
}

async function chooseWritable(places: readonly string[]): Promise<string> {
  for (const directory of places) {
    if (await canWrite(dirname(directory))) return directory;
  }
  const folders = places.map((directory) => dirname(directory)).join(' nor ');
  throw new PythonEnvironmentError(
    `cannot write to ${folders}: make one of them writable, or set JUPYTER_DATA_DIR to a folder that is`,
  );
}

async function canWrite(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/** The machine's usual Python if it is new enough, else the newest `python3.x` beside it. */
async function suitablePython(usual: PythonInfo | null, machine: Machine, run: RunCommand): Promise<string> {
  if (usual && isNewEnough(usual)) return usual.executable;
  for (let minor = NEWEST_MINOR; minor >= OLDEST_MINOR; minor -= 1) {
    const file = await findCommand(`python3.${minor}`, machine.env['PATH']);
    const info = file && (await askPython(file, machine.env, run));
    if (info && isNewEnough(info)) return info.executable;
  }
  const { major, minor, micro } = usual?.version ?? { major: 0, minor: 0, micro: 0 };
  const found = usual
    ? `${usual.executable} is Python ${major}.${minor}.${micro}, and ipykernel needs 3.${OLDEST_MINOR} or later`
    : 'there is no Python 3 on the PATH';
  throw new PythonEnvironmentError(`${found}: ${await installAdvice('python', machine)}`);
}

function isNewEnough({ version }: PythonInfo): boolean {
  return version.major > 3 || (version.major === 3 && version.minor >= OLDEST_MINOR);
}

function machineOf({ env, platform }: PythonEnvironmentOptions): Machine {
  return { env: env ?? process.env, platform: platform ?? process.platform };
}
