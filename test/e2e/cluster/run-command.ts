/** Commands that the cluster's set-up runs, without a shell. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** A command that ended with an error; its message holds the last line that the command wrote. */
export class CommandError extends Error {
  constructor(command: string, lastLine: string, options?: ErrorOptions) {
    super(`${command} failed: ${lastLine}`, options);
    this.name = 'CommandError';
  }
}

/** @returns its stdout @throws CommandError */
export async function runCommand(
  program: string,
  args: readonly string[],
  options: { timeout?: number; env?: NodeJS.ProcessEnv } = {},
): Promise<string> {
  try {
    const { stdout } = await run(program, args, { maxBuffer: 2 ** 26, ...options });
    return stdout;
  } catch (error) {
    const { stderr = '', message } = error as Error & { stderr?: string };
    const text = stderr.trim() || message;
    throw new CommandError([program, ...args].join(' '), text.split('\n').at(-1) ?? text, { cause: error });
  }
}

/** As root, if this user may without being asked for a password. @throws CommandError */
export function runAsRoot(program: string, args: readonly string[]): Promise<string> {
  if (process.getuid?.() === 0) return runCommand(program, args);
  return runCommand('sudo', ['-n', program, ...args]);
}
