/**
 * The Python that plays kernel and client in the end-to-end tests: a virtual
 * environment in `.kernelgate/test-python`, made once and kept until
 * `python/requirements.txt` changes.
 */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const PROJECT = join(import.meta.dirname, '../..');
const REQUIREMENTS = join(import.meta.dirname, 'python/requirements.txt');
const PREFIX = join(PROJECT, '.kernelgate/test-python');
/** Holds the hash of the requirements. Written last: without it the environment is half made. */
const MARKER = join(PREFIX, 'kernelgate-test-python.sha256');

const OLDEST_MINOR = 11;
const CANDIDATES = ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11'];
const INSTALL_DEADLINE_MS = 15 * 60_000;

/** An environment that can be used, or one sentence why there is none. */
export type TestPython =
  | { available: true; prefix: string; python: string }
  | { available: false; reason: string };

/** Makes the environment unless it is there; never throws for what the machine lacks. */
export async function makeTestPython(progress: (line: string) => void): Promise<TestPython> {
  const hash = createHash('sha256')
    .update(await readFile(REQUIREMENTS))
    .digest('hex');
  const made: TestPython = { available: true, prefix: PREFIX, python: join(PREFIX, 'bin/python') };
  if (await isMade(hash, made.python)) return made;

  const base = await findPython();
  if (base === null) {
    const wanted = `Python 3.${OLDEST_MINOR} or newer with its venv module`;
    return { available: false, reason: `no ${wanted} is on the PATH (on Debian: apt install python3-venv)` };
  }
  progress(`Making the Python environment of the end-to-end tests in ${PREFIX} (once, a minute or two)`);
  try {
    await build(base, hash);
    return made;
  } catch (error) {
    return { available: false, reason: `the Python environment could not be made: ${lastWords(error)}` };
  }
}

async function isMade(hash: string, python: string): Promise<boolean> {
  const marker = await readFile(MARKER, 'utf8').catch(() => '');
  if (marker !== hash) return false;
  // A moved checkout or a removed base interpreter leaves an environment that does not run.
  return run(python, ['-c', 'import ipykernel, jupyter_server']).then(
    () => true,
    () => false,
  );
}

async function findPython(): Promise<string | null> {
  for (const candidate of CANDIDATES) {
    const question = `import sys, venv, ensurepip; sys.exit(0 if sys.version_info >= (3, ${OLDEST_MINOR}) else 1)`;
    const fits = await run(candidate, ['-c', question], { timeout: 10_000 }).then(
      () => true,
      () => false,
    );
    if (fits) return candidate;
  }
  return null;
}

async function build(base: string, hash: string): Promise<void> {
  await rm(PREFIX, { recursive: true, force: true });
  await mkdir(PREFIX, { recursive: true });
  await run(base, ['-m', 'venv', PREFIX], { timeout: INSTALL_DEADLINE_MS });
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', REQUIREMENTS];
  await run(join(PREFIX, 'bin/python'), pip, { timeout: INSTALL_DEADLINE_MS });
  await writeFile(MARKER, hash);
}

function lastWords(error: unknown): string {
  const stderr = (error as { stderr?: string }).stderr?.trim();
  const text = stderr || (error instanceof Error ? error.message : String(error));
  return text.split('\n').at(-1) ?? text;
}
