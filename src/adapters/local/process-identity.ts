/**
 * Tells one process from a later one that was given the same id. On Linux from
 * /proc, elsewhere from `ps`, as POSIX describes it.
 */
import { execFile } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
const isLinux = process.platform === 'linux';

/** What stays the same over a process's life and differs for the next one with its id. Null: no such process, or a zombie. */
export async function processIdentity(pid: number): Promise<string | null> {
  return isLinux ? identityFromProc(pid) : identityFromPs(pid);
}

/** Fields behind the command's name, which may hold anything: state is the 3rd, the start time the 22nd (proc_pid_stat(5)). */
async function identityFromProc(pid: number): Promise<string | null> {
  try {
    const [stat, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'latin1'),
      readFile('/proc/sys/kernel/random/boot_id', 'latin1'),
    ]);
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    const state = fields[0];
    return state === 'Z' || state === 'X' ? null : `${boot.trim()}/${fields[19]}`;
  } catch {
    return null;
  }
}

async function identityFromPs(pid: number): Promise<string | null> {
  try {
    const { stdout } = await run('ps', ['-o', 'stat=,lstart=', '-p', String(pid)]);
    const [state, ...start] = stdout.trim().split(/\s+/);
    return state === undefined || state.startsWith('Z') ? null : start.join(' ');
  } catch {
    return null;
  }
}

/** The processes that have `text` in their command line. */
export async function processesWith(text: string): Promise<number[]> {
  return isLinux ? searchProc(text) : searchPs(text);
}

async function searchProc(text: string): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const matches = await Promise.all(
    pids.map(async (pid) => (await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')).includes(text)),
  );
  return pids.filter((pid, index) => matches[index] && pid !== process.pid);
}

async function searchPs(text: string): Promise<number[]> {
  const { stdout } = await run('ps', ['-axww', '-o', 'pid=,command=']);
  return stdout
    .split('\n')
    .filter((line) => line.includes(text))
    .map((line) => Number.parseInt(line, 10))
    .filter((pid) => pid !== process.pid);
}

/** Signals all processes of a group. False: there are none any more. */
export function signalGroup(groupId: number, signal: NodeJS.Signals): boolean {
  return signalled(-groupId, signal);
}

/** Kills a process, and its group when it leads one. */
export function killNow(pid: number): void {
  signalGroup(pid, 'SIGKILL');
  signalled(pid, 'SIGKILL');
}

function signalled(target: number, signal: NodeJS.Signals): boolean {
  try {
    process.kill(target, signal);
    return true;
  } catch (error) {
    // Gone, or another user's by now.
    if (['ESRCH', 'EPERM'].includes((error as NodeJS.ErrnoException).code ?? '')) return false;
    throw error;
  }
}
