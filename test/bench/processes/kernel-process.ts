/** Synthetic kernels: started straight as processes, or described to a gateway as a kernelspec. */
import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ConnectionFile, writeConnectionFile } from '../protocol/connection-file.ts';
import { programPath, stopProcess } from './child.ts';

export const syntheticKernelName = 'synthetic';

const kernelArgv = [process.execPath, programPath('synthetic-kernel.ts')] as const;

export interface KernelProcess {
  connectionFile: string;
  connection: ConnectionFile;
  /** Its exit code, once it ended; null after a signal. */
  ended: Promise<number | null>;
  stop: () => Promise<void>;
}

export interface PreparedKernel {
  connectionFile: string;
  connection: ConnectionFile;
  start: () => KernelProcess;
}

/** Writes a kernel's connection file into `directory`; the kernel starts when told to. */
export async function prepareKernel(directory: string): Promise<PreparedKernel> {
  const connectionFile = join(directory, `kernel-${randomUUID()}.json`);
  const connection = await writeConnectionFile(connectionFile);
  const start = () => {
    const [node, program] = kernelArgv;
    const child: ChildProcess = spawn(node, [program, connectionFile], { stdio: 'inherit' });
    const ended = once(child, 'exit').then(([code]) => code as number | null);
    return { connectionFile, connection, ended, stop: () => stopProcess(child) };
  };
  return { connectionFile, connection, start };
}

/** Writes the kernelspec `synthetic` under `jupyterPath`, which a gateway takes as its JUPYTER_PATH. */
export async function writeKernelspec(jupyterPath: string): Promise<void> {
  const directory = join(jupyterPath, 'kernels', syntheticKernelName);
  await mkdir(directory, { recursive: true });
  const spec = {
    argv: [...kernelArgv, '{connection_file}'],
    display_name: 'Synthetic',
    language: 'synthetic',
    interrupt_mode: 'message',
    metadata: {},
  };
  await writeFile(join(directory, 'kernel.json'), JSON.stringify(spec, null, 2));
}
