/** From asking for a kernel to its first kernel_info_reply: through the gateway, and as a bare process. */
import { DirectConnection } from '../client/direct-connection.ts';
import { KernelClient, type KernelConnection } from '../client/kernel-client.ts';
import { openWebSocket } from '../client/websocket-connection.ts';
import type { Gateway } from '../processes/gateway-process.ts';
import { prepareKernel } from '../processes/kernel-process.ts';
import { type Summary, summarize } from './statistics.ts';

const replyTimeoutMs = 120_000;

export interface LaunchResult {
  /** Seconds of a bare process start, and of a launch through the gateway. */
  direct: Summary;
  gateway: Summary;
  ratio: Summary;
}

/** Launches one kernel each way in turns; one round more than `rounds`, the first does not count. */
export async function measureLaunch(
  gateway: Gateway,
  directory: string,
  rounds: number,
): Promise<LaunchResult> {
  const direct: number[] = [];
  const launched: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const bare = await launchDirectly(directory);
    const through = await launchThrough(gateway);
    if (round > 0) {
      direct.push(bare);
      launched.push(through);
    }
  }
  const ratios = launched.map((seconds, round) => seconds / (direct[round] ?? Number.NaN));
  return { direct: summarize(direct), gateway: summarize(launched), ratio: summarize(ratios) };
}

async function launchDirectly(directory: string): Promise<number> {
  const prepared = await prepareKernel(directory);
  const started = performance.now();
  const kernel = prepared.start();
  try {
    return await untilReply(started, new DirectConnection(prepared.connection));
  } finally {
    await kernel.stop();
  }
}

async function launchThrough({ api }: Gateway): Promise<number> {
  const started = performance.now();
  const id = await api.launchKernel();
  try {
    return await untilReply(started, await openWebSocket(api.channelsUrl(id), 'default'));
  } finally {
    await api.deleteKernel(id);
  }
}

/** Asks a connected kernel for its kernel_info, and closes the connection. Returns seconds since `started`. */
export async function untilReply(started: number, connection: KernelConnection): Promise<number> {
  const client = new KernelClient(connection);
  try {
    await client.kernelInfo(replyTimeoutMs);
    return (performance.now() - started) / 1000;
  } finally {
    client.close();
  }
}
