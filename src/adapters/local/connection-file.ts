/** Jupyter's connection file: how a local kernel is told its ports and key. */
import { randomUUID } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { ConnectionInfo, LaunchPlan } from '../../machines/ports.ts';

export const LOOPBACK = '127.0.0.1';
export const PORT_NAMES = ['shell_port', 'iopub_port', 'stdin_port', 'control_port', 'hb_port'] as const;

/** Readable by this user only: whoever has the key can run code in the kernel. */
export async function writeConnectionFile(path: string, plan: LaunchPlan, ports: number[]): Promise<void> {
  const connection: ConnectionInfo = {
    transport: 'tcp',
    ip: LOOPBACK,
    shell_port: ports[0] as number,
    iopub_port: ports[1] as number,
    stdin_port: ports[2] as number,
    control_port: ports[3] as number,
    hb_port: ports[4] as number,
    key: randomUUID(),
    signature_scheme: 'hmac-sha256',
    kernel_name: plan.kernelName,
  };
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rm(path, { force: true });
  await writeFile(path, JSON.stringify(connection, null, 2), { mode: 0o600, flag: 'wx' });
}
