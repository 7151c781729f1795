/** Child processes: the way all of them are ended, and the one in which all of them are asked. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** Asks a process to end, and makes it end after `graceMs`. */
export async function stopProcess(child: ChildProcess, graceMs = 3000): Promise<void> {
  if (hasEnded(child)) {
    return;
  }
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), graceMs);
  await ended;
  clearTimeout(timer);
}

export function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

/** Starts one of the benchmark's own programs, under this very Node, with a channel to it. */
export function forkProgram(name: string, args: string[]): ChildProcess {
  return fork(programPath(name), args, { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
}

/** Absolute path of `test/bench/{name}`. */
export function programPath(name: string): string {
  return fileURLToPath(new URL(`../${name}`, import.meta.url));
}

/** The next message of a forked program. Throws when it ends, or says nothing in time. */
export async function nextMessage<T>(child: ChildProcess, what: string, timeoutMs: number): Promise<T> {
  const abort = new AbortController();
  const timer = setTimeout(
    () => abort.abort(new Error(`${what} took over ${timeoutMs / 1000} s`)),
    timeoutMs,
  );
  const onExit = () => abort.abort(new Error(`${what}: the process ended`));
  child.once('exit', onExit);
  try {
    const [message] = await once(child, 'message', { signal: abort.signal });
    return message as T;
  } catch (error) {
    throw abort.signal.aborted ? abort.signal.reason : error;
  } finally {
    clearTimeout(timer);
    child.off('exit', onExit);
  }
}
