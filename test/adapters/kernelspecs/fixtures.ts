import { chmod, mkdir, mkdtemp, realpath, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { KernelSpec, KernelSpecFile } from '../../../src/machines/ports.ts';

/** A directory that goes away with the test. */
export async function temporaryDir(): Promise<string> {
  const directory = await realpath(await mkdtemp(join(tmpdir(), 'kernelgate-')));
  onTestFinished(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export async function write(file: string, content: string | object): Promise<void> {
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, typeof content === 'string' ? content : JSON.stringify(content));
}

/** Makes a file look as if it had been written long ago: it counts as settled. */
export async function makeOld(file: string): Promise<void> {
  const longAgo = new Date('2020-01-01T00:00:00Z');
  await utimes(file, longAgo, longAgo);
}

/** Writes an executable shell script and returns its path. */
export async function script(file: string, body: string): Promise<string> {
  await write(file, `#!/bin/sh\n${body}\n`);
  await chmod(file, 0o755);
  return file;
}

export function kernelspec(resourceDir: string, spec: Partial<KernelSpecFile> = {}): KernelSpec {
  const defaults = { argv: ['python'], display_name: 'X', language: 'python', env: {}, metadata: {} };
  return {
    name: 'x',
    directoryName: 'X',
    resourceDir,
    spec: { ...defaults, interrupt_mode: 'signal', ...spec },
    resources: {},
  };
}

/** The class that a kernelspec names for a kernel in a Kubernetes pod. */
export const KUBERNETES = {
  process_proxy: { class_name: 'enterprise_gateway.services.processproxies.k8s.KubernetesProcessProxy' },
};
