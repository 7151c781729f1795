/** What gateways that were killed leave behind, as the next one finds it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { processIdentity } from '../../../src/adapters/local/process-identity.ts';
import type { ProcessRecord } from '../../../src/adapters/local/process-records.ts';
import { temporaryDir } from '../kernelspecs/fixtures.ts';
import { gone, isAlive, startProvisioner } from './local-kernels.ts';

const KERNEL_ID = '01234567-89ab-4def-8123-456789abcdef';

/** A process in a group of its own, as a kernel is. */
async function startProcess(...words: string[]): Promise<ChildProcess & { pid: number }> {
  const child = spawn('/bin/sh', ['-c', 'while :; do sleep 60; done', 'kernel', ...words], {
    detached: true,
  });
  await once(child, 'spawn');
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return child as ChildProcess & { pid: number };
}

/** The id of a process that ran a moment ago. */
async function endedPid(): Promise<number> {
  const child = spawn('/bin/true');
  await once(child, 'exit');
  return child.pid as number;
}

/** A runtime directory with a kernel in it whose gateway was killed. */
async function leftBehind(record: Partial<ProcessRecord> = {}) {
  const runtimeDir = await temporaryDir();
  const connectionFile = join(runtimeDir, `kernel-${KERNEL_ID}.json`);
  const kernel = await startProcess('-f', connectionFile);
  const whole: ProcessRecord = {
    kernelId: KERNEL_ID,
    connectionFile,
    pid: kernel.pid,
    identity: await processIdentity(kernel.pid),
    gateway: { pid: await endedPid(), identity: 'an earlier process' },
    persistenceRoot: null,
    ...record,
  };
  const records = join(runtimeDir, 'kernelgate');
  await mkdir(records);
  await writeFile(join(records, `process-${KERNEL_ID}.json`), JSON.stringify(whole));
  for (const stream of ['stdout', 'stderr'])
    await writeFile(join(records, `kernel-${KERNEL_ID}.${stream}`), 'text');
  await writeFile(connectionFile, '{}');
  const names = async () =>
    (await readdir(runtimeDir, { recursive: true })).filter((name) => name.includes(KERNEL_ID));
  return { runtimeDir, records, connectionFile, kernel, names };
}

describe('a new gateway ends kernels that a killed one has left', () => {
  it('with all their files, and says so', async () => {
    const { runtimeDir, kernel, names } = await leftBehind();
    const { log } = await startProvisioner({ runtimeDir });
    await gone(kernel.pid);
    expect(await names()).toEqual([]);
    expect(log.items).toEqual([
      `removed kernel ${KERNEL_ID}, which a gateway that was killed had left behind`,
    ]);
  });

  it('when it was killed before it could write down the process id', async () => {
    const { runtimeDir, kernel, names } = await leftBehind({ pid: null, identity: null });
    await startProvisioner({ runtimeDir });
    await gone(kernel.pid);
    expect(await names()).toEqual([]);
  });

  it('when the connection file is not among its words', async () => {
    const kernel = await startProcess();
    const { runtimeDir } = await leftBehind({ pid: kernel.pid, identity: await processIdentity(kernel.pid) });
    await startProvisioner({ runtimeDir });
    await gone(kernel.pid);
  });

  it('when only processes are left that the kernel has started', async () => {
    const leader = spawn('/bin/sh', ['-c', 'sleep 60 & echo $!'], { detached: true });
    const [text] = await once(leader.stdout, 'data');
    await once(leader, 'exit');
    const child = Number(String(text));
    expect(await isAlive(child)).toBe(true);
    const { runtimeDir } = await leftBehind({ pid: leader.pid as number, identity: 'long gone' });
    await startProvisioner({ runtimeDir });
    await gone(child);
  });

  it('when they were to outlive their gateway, but the next one does not know them', async () => {
    const { runtimeDir, kernel } = await leftBehind({ persistenceRoot: '/somewhere' });
    await startProvisioner({ runtimeDir, persistenceRoot: '/somewhere' });
    await gone(kernel.pid);
  });
});

it('a new gateway removes records that were written halfway, unless their writer is alive', async () => {
  const { runtimeDir, records } = await leftBehind();
  const living = await startProcess();
  const names = [await endedPid(), living.pid].map((pid) => `process-${KERNEL_ID}.json.${pid}`);
  for (const name of names) await writeFile(join(records, name), '{');
  await startProvisioner({ runtimeDir });
  expect(await readdir(records)).toEqual(names.slice(1));
});

describe('a new gateway leaves alone', () => {
  it('a process that was given the process id of a kernel that is gone', async () => {
    const innocent = await startProcess();
    const { runtimeDir, names } = await leftBehind({ pid: innocent.pid, identity: 'an earlier process' });
    await startProvisioner({ runtimeDir });
    expect(await names()).toEqual([]);
    expect(await isAlive(innocent.pid)).toBe(true);
  });

  it('kernels that it is going to adopt', async () => {
    const { runtimeDir, kernel, names } = await leftBehind({ persistenceRoot: '/somewhere' });
    await startProvisioner({ runtimeDir, persistenceRoot: '/somewhere', adoptable: [KERNEL_ID] });
    expect(await isAlive(kernel.pid)).toBe(true);
    expect(await names()).toHaveLength(4);
  });

  it.each([null, '/here'])(
    'kernels that a gateway with another persistence root may adopt (its own is %s)',
    async (persistenceRoot) => {
      const { runtimeDir, kernel, names } = await leftBehind({ persistenceRoot: '/there' });
      await startProvisioner({ runtimeDir, persistenceRoot });
      expect(await isAlive(kernel.pid)).toBe(true);
      expect(await names()).toHaveLength(4);
    },
  );

  it('kernels of a gateway that runs', async () => {
    const gateway = { pid: process.pid, identity: (await processIdentity(process.pid)) as string };
    const { runtimeDir, kernel, names } = await leftBehind({ gateway });
    await startProvisioner({ runtimeDir });
    expect(await isAlive(kernel.pid)).toBe(true);
    expect(await names()).toHaveLength(4);
  });

  it('records that it can not read', async () => {
    const { runtimeDir, records, kernel } = await leftBehind();
    await writeFile(join(records, `process-${KERNEL_ID}.json`), '{"kernelId":');
    await startProvisioner({ runtimeDir });
    expect(await isAlive(kernel.pid)).toBe(true);
    expect(existsSync(join(records, `process-${KERNEL_ID}.json`))).toBe(true);
  });
});
