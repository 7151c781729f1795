/**
 * What the benchmark asks of a client process, over Node's channel between
 * parent and child: one task at a time, one result for each.
 */
import type { FloodResult, KernelClient } from './kernel-client.ts';

export type ClientTask =
  | {
      kind: 'round-trips';
      /** At most so many, and no new one after `maxSeconds`. */
      count: number;
      maxSeconds: number;
    }
  | { kind: 'flood'; code: string; timeoutSeconds: number };

export type ClientResult =
  | { kind: 'ready' }
  | { kind: 'round-trips'; seconds: number[] }
  | ({
      kind: 'flood';
      /** What this client's own process spent meanwhile. */
      cpuSeconds: number;
    } & FloodResult)
  | { kind: 'failed'; reason: string };

const readyTimeoutMs = 60_000;
const roundTripTimeoutMs = 10_000;

/** Makes this process a client: connects, says `ready`, then does tasks until its parent leaves. */
export async function serveTasks(connect: () => Promise<KernelClient>): Promise<void> {
  process.on('disconnect', () => process.exit());
  try {
    const client = await connect();
    await client.waitUntilReady(readyTimeoutMs);
    process.on('message', (task) => void perform(client, task as ClientTask).then(tell));
    tell({ kind: 'ready' });
  } catch (error) {
    tell({ kind: 'failed', reason: String(error) });
  }
}

async function perform(client: KernelClient, task: ClientTask): Promise<ClientResult> {
  try {
    return task.kind === 'flood' ? await flood(client, task) : await roundTrips(client, task);
  } catch (error) {
    return { kind: 'failed', reason: String(error) };
  }
}

async function roundTrips(
  client: KernelClient,
  { count, maxSeconds }: ClientTask & { kind: 'round-trips' },
): Promise<ClientResult> {
  const seconds: number[] = [];
  const end = Date.now() + maxSeconds * 1000;
  while (seconds.length < count && (seconds.length === 0 || Date.now() < end)) {
    seconds.push(await client.roundTrip(roundTripTimeoutMs));
  }
  return { kind: 'round-trips', seconds };
}

async function flood(
  client: KernelClient,
  { code, timeoutSeconds }: ClientTask & { kind: 'flood' },
): Promise<ClientResult> {
  const before = process.cpuUsage();
  const result = await client.flood(code, timeoutSeconds * 1000);
  const { user, system } = process.cpuUsage(before);
  return { kind: 'flood', cpuSeconds: (user + system) / 1e6, ...result };
}

function tell(result: ClientResult): void {
  process.send?.(result);
}
