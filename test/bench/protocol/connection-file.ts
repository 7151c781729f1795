/** Jupyter's connection file: which sockets a kernel binds, and its key. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';

export interface ConnectionFile {
  transport: 'tcp' | 'ipc';
  ip: string;
  shell_port: number;
  iopub_port: number;
  stdin_port: number;
  control_port: number;
  hb_port: number;
  signature_scheme: 'hmac-sha256';
  key: string;
  kernel_name: string;
}

export type ChannelName = 'shell' | 'iopub' | 'stdin' | 'control' | 'hb';

/** ZeroMQ address of one of the kernel's sockets. */
export function channelAddress(connection: ConnectionFile, channel: ChannelName): string {
  const port = connection[`${channel}_port`];
  return connection.transport === 'ipc' ? `ipc://${connection.ip}-${port}` : `tcp://${connection.ip}:${port}`;
}

/** Throws when the file cannot be read or names another signature scheme. */
export async function readConnectionFile(path: string): Promise<ConnectionFile> {
  const connection = JSON.parse(await readFile(path, 'utf8')) as ConnectionFile;
  if (connection.signature_scheme !== 'hmac-sha256') {
    throw new Error(`signature_scheme ${connection.signature_scheme} of ${path} must be hmac-sha256`);
  }
  return connection;
}

/** Writes a connection file with five free ports of the loopback interface. */
export async function writeConnectionFile(path: string): Promise<ConnectionFile> {
  const [shell = 0, iopub = 0, stdin = 0, control = 0, hb = 0] = await freePorts(5);
  const connection: ConnectionFile = {
    transport: 'tcp',
    ip: '127.0.0.1',
    shell_port: shell,
    iopub_port: iopub,
    stdin_port: stdin,
    control_port: control,
    hb_port: hb,
    signature_scheme: 'hmac-sha256',
    key: randomUUID(),
    kernel_name: 'synthetic',
  };
  await writeFile(path, JSON.stringify(connection), { mode: 0o600 });
  return connection;
}

/** Ports that were free a moment ago; all are held until the last is known, so that no two are the same. */
export async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(Array.from({ length: count }, listenAnywhere));
  const ports = servers.map((server) => (server.address() as { port: number }).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

/** A free port below those that systems hand out by themselves, so that none of the connections made meanwhile takes it. */
export async function quietPort(): Promise<number> {
  while (true) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    try {
      const server = await listen(port);
      await new Promise((resolve) => server.close(resolve));
      return port;
    } catch {
      // Taken.
    }
  }
}

function listenAnywhere(): Promise<Server> {
  return listen(0);
}

async function listen(port: number): Promise<Server> {
  const server = createServer().listen(port, '127.0.0.1');
  await once(server, 'listening');
  return server;
}
