/** Small shell scripts that run as kernels, under a provisioner that ends with the test. */
import { randomUUID } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import type { OutputLine } from '../../../src/adapters/local/kernel-output.ts';
import { LocalProvisioner } from '../../../src/adapters/local/local-provisioner.ts';
import { processIdentity } from '../../../src/adapters/local/process-identity.ts';
import type { LaunchPlan, Pod, PodEvent } from '../../../src/machines/ports.ts';
import { Mailbox } from '../channels/mailbox.ts';
import { temporaryDir } from '../kernelspecs/fixtures.ts';

export const never = new AbortController().signal;

/** The first of 100 ports that neither other kernels nor outgoing connections use, nor tests of another process. */
export const FIRST_PORT = 61_000 + (process.pid % 40) * 100;

/** A plan to run a shell script; its words are in `$1`, `$2` and so on. */
export function planOf(
  script: string,
  { words = [] as string[], ...more }: Partial<LaunchPlan> & { words?: string[] } = {},
): LaunchPlan {
  return {
    kernelId: randomUUID(),
    kernelName: 'a-kernel',
    provisioner: '',
    resourceDir: '/resources',
    argv: ['/bin/sh', '-c', script, 'kernel', ...words],
    env: { PATH: '/usr/bin:/bin' },
    username: 'someone',
    language: 'sh',
    interruptMode: 'signal',
    workingDir: null,
    portRange: { low: 0, high: 0 },
    proxyConfig: {},
    headers: {},
    ownNamespace: null,
    launchTimeout: 30_000,
    ...more,
  };
}

export interface ProvisionerOptions {
  runtimeDir?: string;
  persistenceRoot?: string | null;
  adoptable?: string[];
}

/** A provisioner that is prepared, and what it says. */
export async function startProvisioner(options: ProvisionerOptions = {}) {
  const { runtimeDir = await temporaryDir(), persistenceRoot = null, adoptable = [] } = options;
  const output = new Mailbox<OutputLine>();
  const log = new Mailbox<string>();
  const provisioner = new LocalProvisioner({
    runtimeDir,
    persistenceRoot,
    log: {
      output: (line) => output.push(line),
      info: (_context, text) => log.push(text),
      warn: (_context, text) => log.push(text),
    },
  });
  await provisioner.prepare(new Set(adoptable));
  return { provisioner, runtimeDir, output, log };
}

type Started = Awaited<ReturnType<typeof startProvisioner>>;

/** Launches a kernel that is gone with the test at the latest. */
export async function launch({ provisioner, output }: Started, plan: LaunchPlan) {
  const events = new Mailbox<PodEvent>();
  const subscription = provisioner.podEvents(plan.kernelId).subscribe((event) => events.push(event));
  const pod = await provisioner.createPod(plan, never);
  onTestFinished(async () => {
    subscription.unsubscribe();
    killGroup(pod);
    await provisioner.deletePod(plan);
  });
  /** Its next line that begins so. */
  const says = (start: string) =>
    output.next(({ kernelId, line }) => kernelId === plan.kernelId && line.startsWith(start));
  return { plan, pod, events, says, pid: pod.pid as number };
}

export function killGroup({ pid }: Pod): void {
  try {
    process.kill(-(pid as number), 'SIGKILL');
  } catch {
    // It is gone already.
  }
}

/** A kernel that waits until the test lets it go on. */
export async function gate() {
  const file = join(await temporaryDir(), 'open');
  return {
    wait: `while [ ! -e ${file} ]; do sleep 0.02; done`,
    open: () => writeFile(file, ''),
  };
}

export async function isAlive(pid: number): Promise<boolean> {
  return (await processIdentity(pid)) !== null;
}

/** Resolves when the process is gone. */
export async function gone(pid: number): Promise<void> {
  await vi.waitFor(async () => {
    if (await isAlive(pid)) throw new Error(`process ${pid} is still there`);
  });
}
