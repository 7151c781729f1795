/** What tests of a kernel's life do with a kernel in its pod, and where its end is seen. */
import { once } from 'node:events';
import { createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { KubernetesObject } from '@kubernetes/client-node';
import { onTestFinished } from 'vitest';
import { eventually } from '../deadline.ts';
import type { GatewayProcess } from '../gateway-process.ts';
import type { KernelClient } from '../kernel-client.ts';
import { testCluster } from './cluster-api.ts';
import { leftOf, namesOf } from './leftovers.ts';

/** Milliseconds in which a namespace is gone with all that is in it. */
const REMOVAL_MS = 90_000;

/** Cells that end only when they are interrupted, by what they are busy with. */
export const ENDLESS = {
  'a busy loop': 'while True: pass',
  'a sleep': 'import time; time.sleep(100_000)',
  'something awaited': 'import asyncio; await asyncio.sleep(100_000)',
} as const;

/** Ends neither for a shutdown_request nor for SIGTERM. */
export const STUBBORN = [
  'import signal',
  'async def deaf(*arguments): pass',
  'kernel = get_ipython().kernel',
  'for handlers in (kernel.shell_handlers, kernel.control_handlers): handlers["shutdown_request"] = deaf',
  'import asyncio; asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, lambda: None)',
  'signal.signal(signal.SIGTERM, signal.SIG_IGN)',
].join('\n');

/** Runs code in front of which `at work` is printed, and waits for these words: an interrupt before is lost. */
export async function startCell(client: KernelClient, code: string): Promise<string> {
  const msgId = client.sendExecute(`print("at work", flush=True)\n${code}`);
  await client.message(
    'the first output of the cell',
    ({ header, parent_header }) => header.msg_type === 'stream' && parent_header.msg_id === msgId,
  );
  return msgId;
}

/** Shuts a kernel down over HTTP. @returns the status of the answer */
export async function shutDown(gateway: GatewayProcess, id: string): Promise<number> {
  return (await gateway.request(`/api/kernels/${id}`, { method: 'DELETE' })).status;
}

/** Waits until nothing in the cluster carries the id of any of these kernels. */
export async function nothingLeftOf(...ids: string[]): Promise<void> {
  let left: KubernetesObject[] = [];
  await eventually(REMOVAL_MS, 'the end of all that was made', async () => {
    left = await leftOf(ids);
    return left.length === 0;
  }).catch((error: Error) => {
    throw new Error(`${error.message}; left: ${namesOf(left)}`, { cause: error });
  });
}

/** Waits until no pod carries the id of any of these kernels, whatever becomes of their namespaces. */
export async function noPodLeftOf(...ids: string[]): Promise<void> {
  await eventually(REMOVAL_MS, 'the end of the pods', async () => {
    return (await leftOf(ids)).every(({ kind }) => kind !== 'Pod');
  });
}

/** Where kernels tell the test that they have come to their exit handlers. */
export interface Farewells {
  /** Registers an exit handler that says `word`. */
  codeFor(word: string): string;
  /** Words that have come. */
  heard: string[];
}

/** Open until the test ends. */
export async function farewells(): Promise<Farewells> {
  const { responseIp } = testCluster();
  const heard: string[] = [];
  const server = createServer((socket: Socket) => {
    text(socket).then(
      (word) => heard.push(word),
      () => {},
    );
  }).listen(0, responseIp);
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const { port } = server.address() as { port: number };
  return {
    heard,
    codeFor: (word) =>
      `import atexit, socket; atexit.register(lambda: socket.create_connection(("${responseIp}", ${port}), 5).sendall(b"${word}"))`,
  };
}

/** A place in a cell where the kernel waits for the test, whatever becomes of the gateway. */
export interface Barrier {
  /** Waits. */
  code: string;
  /** Lets through all who wait, and all who come later. */
  open(): void;
}

/** Closed again when the test ends. */
export async function barrier(): Promise<Barrier> {
  const { responseIp } = testCluster();
  const waiting = new Set<Socket>();
  let isOpen = false;
  const server = createServer((socket) => {
    socket.on('error', () => {});
    if (isOpen) socket.end('.');
    else waiting.add(socket);
  }).listen(0, responseIp);
  await once(server, 'listening');
  onTestFinished(() => {
    for (const socket of waiting) socket.destroy();
    server.close();
  });
  const { port } = server.address() as { port: number };
  return {
    code: `import socket; socket.create_connection(("${responseIp}", ${port})).recv(1)`,
    open() {
      isOpen = true;
      for (const socket of waiting) socket.end('.');
    },
  };
}
