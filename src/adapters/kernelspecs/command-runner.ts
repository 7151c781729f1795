/** Runs short commands of the machine (Python, pip) and says how they ended. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

export interface RunOptions {
  /** The whole environment of the child. */
  env: NodeJS.ProcessEnv;
  /** Milliseconds after which the command and its children are killed. */
  timeoutMs: number;
  /** Called with every complete line of stdout and stderr, while the command runs. */
  onLine?: (line: string) => void;
  signal?: AbortSignal;
}

export interface RunResult {
  /** Exit code; null when the command could not be started or was ended by a signal. */
  code: number | null;
  stdout: string;
  /** What the command wrote to stderr; for one that could not be started, why. */
  stderr: string;
  timedOut: boolean;
}

/** Never rejects: a command that cannot be started is a result with `code: null`. */
export type RunCommand = (file: string, args: readonly string[], options: RunOptions) => Promise<RunResult>;

/** Enough for a traceback or a resolver's complaint; the rest of a chatty command is let go. */
const OUTPUT_LIMIT = 256 * 1024;

export const runCommand: RunCommand = (file, args, options) =>
  new Promise((resolve) => {
    const child = spawn(file, [...args], {
      env: options.env,
      stdio: ['ignore', 'pipe', 'pipe'],
      // A group of its own: pip's children end with it.
      detached: true,
    });
    const output = { stdout: '', stderr: '' };
    let timedOut = false;
    let startError = '';
    const endGroup = () => killGroup(child.pid);
    const timer = setTimeout(() => {
      timedOut = true;
      endGroup();
    }, options.timeoutMs);
    options.signal?.addEventListener('abort', endGroup, { once: true });
    process.once('exit', endGroup);
    if (options.signal?.aborted) endGroup();

    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        output[name] = (output[name] + text).slice(-OUTPUT_LIMIT);
      });
      if (options.onLine) createInterface({ input: child[name] }).on('line', options.onLine);
    }
    const finish = (code: number | null) => {
      clearTimeout(timer);
      options.signal?.removeEventListener('abort', endGroup);
      process.off('exit', endGroup);
      resolve({ code, stdout: output.stdout, stderr: startError || output.stderr, timedOut });
    };
    child.on('error', (error) => {
      startError = error.message;
      if (child.pid === undefined) finish(null);
    });
    child.on('close', finish);
  });

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended in the meantime.
  }
}
