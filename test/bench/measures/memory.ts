/** What a fresh gateway takes, and what each idle kernel with one client adds. The kernels' own memory is not in it. */
import { setTimeout as delay } from 'node:timers/promises';
import { KernelClient } from '../client/kernel-client.ts';
import { openWebSocket } from '../client/websocket-connection.ts';
import type { Cleanup } from '../processes/cleanup.ts';
import { residentBytes } from '../processes/figures.ts';
import type { Gateway } from '../processes/gateway-process.ts';

const readyTimeoutMs = 60_000;
/** Long enough for garbage of the launches to be gone; the least of what is seen meanwhile counts. */
const settleSamples = 8;
const settleIntervalMs = 500;

export interface MemoryResult {
  kernels: number;
  /** Resident bytes of the gateway before the first kernel. */
  fresh: number;
  /** The same with all kernels idle, each with one client. */
  loaded: number;
  perKernel: number;
}

/** Throws when the gateway's process is not known, or a kernel does not start. */
export async function measureMemory(
  gateway: Gateway,
  kernels: number,
  cleanup: Cleanup,
): Promise<MemoryResult> {
  const { pid } = gateway;
  if (pid === null) {
    throw new Error('The process of the gateway is not known: name it with --gateway-pid');
  }
  const fresh = await settledMemory(pid);
  for (let started = 0; started < kernels; started += 1) {
    await startIdleKernel(gateway, cleanup);
  }
  const loaded = await settledMemory(pid);
  return { kernels, fresh, loaded, perKernel: (loaded - fresh) / kernels };
}

async function startIdleKernel({ api }: Gateway, cleanup: Cleanup): Promise<void> {
  const id = await api.launchKernel();
  cleanup.add(() => api.deleteKernel(id));
  const client = new KernelClient(await openWebSocket(api.channelsUrl(id), 'default'));
  cleanup.add(() => client.close());
  await client.waitUntilReady(readyTimeoutMs);
}

async function settledMemory(pid: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < settleSamples; sample += 1) {
    await delay(settleIntervalMs);
    least = Math.min(least, await residentBytes(pid));
  }
  return least;
}
