import { execFile } from 'node:child_process';
import { ConfigError } from './config-error.ts';
import type { Environment } from './environment.ts';
import { pythonRecorder } from './python-recorder.ts';

const patience = 30_000;

/**
 * Runs a config file with the first `python3` of the PATH.
 *
 * @returns what was assigned to `c`: an object of classes, each an object of options
 * @throws ConfigError when Python is missing, the file raises, or it takes more than half a minute
 */
export async function runPythonConfig(file: string, env: Environment): Promise<unknown> {
  const answer = parseAnswer(await runRecorder(file, env), file);
  if (answer.error === undefined) return answer.config;
  const at = answer.line ? `, line ${answer.line}` : '';
  throw new ConfigError(`${file}${at}: ${answer.error}`);
}

interface Answer {
  readonly config?: unknown;
  readonly error?: string;
  readonly line?: number | null;
}

function runRecorder(file: string, env: Environment): Promise<string> {
  const options = { env: { ...env }, timeout: patience, killSignal: 'SIGKILL', maxBuffer: 2 ** 24 } as const;
  return new Promise((resolve, reject) => {
    execFile('python3', ['-B', '-c', pythonRecorder, file], options, (error, stdout) => {
      if (error) reject(cannotRun(file, error));
      else resolve(stdout);
    });
  });
}

function cannotRun(file: string, error: Error & { code?: unknown; killed?: boolean }): ConfigError {
  if (error.code === 'ENOENT' || error.code === 'EACCES') {
    const instead = file.replace(/\.py$/, '.json');
    return new ConfigError(`${file} needs python3, which is not on the PATH: install it, or use ${instead}`);
  }
  const why = error.killed ? `did not end within ${patience / 1000} s` : 'ended Python before its end';
  return new ConfigError(`${file} ${why}`, { cause: error });
}

function parseAnswer(stdout: string, file: string): Answer {
  try {
    return JSON.parse(stdout);
  } catch (cause) {
    throw new ConfigError(`${file} ended Python before its end`, { cause });
  }
}
