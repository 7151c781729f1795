/** What a process has spent so far: from /proc on Linux, from ps elsewhere. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);
/** USER_HZ: the unit of /proc/{pid}/stat, 100 on every Linux architecture that Node supports. */
const ticksPerSecond = 100;

/** CPU seconds of all threads, user and system, since the process started. */
export async function cpuSeconds(pid: number): Promise<number> {
  if (process.platform !== 'linux') {
    return parseClock(await ps(pid, 'time'));
  }
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The command's name stands in brackets and may hold spaces; utime and stime are fields 14 and 15.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) / ticksPerSecond;
}

/** Resident memory in bytes, shared pages included. */
export async function residentBytes(pid: number): Promise<number> {
  if (process.platform !== 'linux') {
    return Number(await ps(pid, 'rss')) * 1024;
  }
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

async function ps(pid: number, column: string): Promise<string> {
  const { stdout } = await run('ps', ['-o', `${column}=`, '-p', String(pid)]);
  return stdout.trim();
}

/** `[hours:]minutes:seconds` as ps writes it. */
function parseClock(text: string): number {
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
}
