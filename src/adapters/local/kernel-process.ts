/** A kernel's process: its command line, its start, and what its end means. */
import type { ChildProcess } from 'node:child_process';
import { type Failure, oneLine } from '../../machines/failure.ts';
import type { LaunchPlan } from '../../machines/ports.ts';

/** Placeholders that Jupyter and Enterprise Gateway define; all others stay as they are. */
export function substituted(plan: LaunchPlan, connectionFile: string): string[] {
  const values: Record<string, string> = {
    connection_file: connectionFile,
    resource_dir: plan.resourceDir,
    kernel_id: plan.kernelId,
    port_range: `${plan.portRange.low}..${plan.portRange.high}`,
  };
  return plan.argv.map((word) => word.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole));
}

export function spawned(child: ChildProcess): Promise<number> {
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('spawn', () => resolve(child.pid as number));
  });
}

/** Asked for before the process has had time to end. */
export function exitOf(child: ChildProcess): Promise<string> {
  return new Promise((resolve) => {
    child.once('exit', (code, signal) =>
      resolve(signal === null ? `exited with code ${code}` : `was killed by ${signal}`),
    );
  });
}

export function deathOf(kernelId: string, what: string, lastLines: string[]): Failure {
  // One that was killed from outside had no last words: what it wrote is about something else.
  const said = (what.includes('SIGKILL') ? [] : lastLines)
    .slice(-3)
    .map((line) => line.trim())
    .join(' | ');
  return {
    code: 'POD_GONE',
    message: oneLine(`The kernel's process ${what}${said === '' ? '.' : `: ${said}`}`),
    hint: what.includes('SIGKILL')
      ? `Something outside killed it; when that was not you, the machine may have run out of memory.`
      : `See the log of the gateway for all that kernel ${kernelId} wrote.`,
  };
}
