/** Everything at once, at random: people, deaths of pods, kernels and gateways; and order when it is over. */
import { writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { within } from '../deadline.ts';
import type { GatewayProcess } from '../gateway-process.ts';
import { KernelClient } from '../kernel-client.ts';
import { Random } from '../random.ts';
import { clusterApi } from './cluster-api.ts';
import { kernelIdsOf, startClusterGateway } from './gateway-on-cluster.ts';
import { nothingLeftOf, shutDown } from './kernel-in-pod.ts';
import { leftOf } from './leftovers.ts';
import { describeCluster } from './suite.ts';

const RUN_MS = 60_000;
/** What one step may take on a loaded machine. Longer is a hang. */
const STEP_MS = 90_000;
/** A request or a client that waited that long was not answered at all. */
const HANG_MS = 60_000;
const PEOPLE = 3;
const ENV = {
  EG_KERNEL_SESSION_PERSISTENCE: 'true',
  EG_SHUTDOWN_GRACE: '2',
  EG_KERNEL_LAUNCH_TIMEOUT: '50',
  EG_RECONCILE_INTERVAL: '5',
};
/** The light kernels take these for text, which they print; the others run them. */
const CODES = ['print(1)', 'import time; time.sleep(0.3)', 'import os; os._exit(3)'];

/** What is being disturbed. */
interface World {
  gateway: GatewayProcess;
  /** Settles when the gateway that was killed last has its successor. */
  back: Promise<unknown>;
  /** Those that were killed. */
  former: GatewayProcess[];
  random: Random;
  end: number;
  counts: Record<string, number>;
}

describeCluster('random deaths of pods, kernels and gateways', () => {
  it('end with kernels that work, and nothing else', async () => {
    const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);
    console.log(`chaos in the cluster: CHAOS_SEED=${seed}`);
    const gateway = await startClusterGateway({ env: ENV });
    const random = new Random(seed);
    const world: World = {
      gateway,
      back: Promise.resolve(),
      former: [],
      random,
      end: Date.now() + RUN_MS,
      counts: {},
    };
    try {
      const people = Array.from({ length: PEOPLE }, () => person(world));
      await Promise.all([...people, gatewayKiller(world), podKiller(world)]);
      console.log(`chaos in the cluster: ${JSON.stringify(world.counts)}`);
      await expectOrder(world);
    } catch (error) {
      const log = join(tmpdir(), `kernelgate-cluster-chaos-${seed}.log`);
      writeFileSync(log, [...world.former, world.gateway].map((each) => each.log).join('\n'));
      console.log(`chaos in the cluster: what the gateways wrote is in ${log}`);
      throw error;
    } finally {
      world.gateway.destroy();
    }
  }, 600_000);
});

/** Uses kernels as people do, and drops them as people do. Only a hang is an error: everything else is chaos. */
async function person(world: World): Promise<void> {
  while (Date.now() < world.end) await step(world, () => visit(world));
}

async function visit(world: World): Promise<void> {
  const id = await kernelFor(world);
  const protocol = world.random.next() < 0.5 ? 'v1' : 'default';
  const client = await KernelClient.connect(world.gateway, id, { protocol });
  const msgId = client.sendExecute(world.random.pick(CODES) ?? 'pass');
  const deed = world.random.next();
  if (deed < 0.2) client.terminate();
  else if (deed < 0.35) await command(world, 'POST', `/api/kernels/${id}/restart`);
  else if (deed < 0.45) await command(world, 'POST', `/api/kernels/${id}/interrupt`);
  else if (deed < 0.6) await command(world, 'DELETE', `/api/kernels/${id}`);
  else await client.finished(msgId);
  client.terminate();
}

/** One that is there already, or a new one. */
async function kernelFor(world: World): Promise<string> {
  const { json } = await command(world, 'GET', '/api/kernels');
  const there = world.random.pick(json as { id: string }[]);
  if (there !== undefined && world.random.next() < 0.5) return there.id;
  const name = world.random.pick(['light', 'light', 'python_kubernetes', 'old_launcher']);
  const answer = await command(world, 'POST', '/api/kernels', { name });
  if (answer.status !== 201) throw new Error(`no kernel: ${answer.text}`);
  return answer.json.id;
}

function command(world: World, method: string, path: string, body?: object) {
  count(world, `${method} ${path.split('/').slice(0, 3).join('/')}`);
  return world.gateway.request(path, { method, body });
}

async function podKiller(world: World): Promise<void> {
  const { core } = await clusterApi();
  while (Date.now() < world.end) {
    await pause(world, 8_000);
    const pods = (await leftOf(idsOf(world))).filter(({ kind }) => kind === 'Pod');
    const { name = '', namespace = '' } = world.random.pick(pods)?.metadata ?? {};
    if (name === '') continue;
    count(world, 'pod deleted');
    const gracePeriodSeconds = world.random.next() < 0.5 ? 0 : 2;
    // It may have gone by itself meanwhile.
    await core.deleteNamespacedPod({ name, namespace, gracePeriodSeconds }).catch(() => {});
  }
}

async function gatewayKiller(world: World): Promise<void> {
  while (Date.now() < world.end) {
    await pause(world, 30_000);
    count(world, 'gateway killed');
    world.back = replaceGateway(world);
    await world.back;
  }
}

async function replaceGateway(world: World): Promise<void> {
  await world.gateway.kill();
  world.former.push(world.gateway);
  world.gateway = await startClusterGateway({ env: ENV, after: world.gateway });
}

/** In the end all kernels that are listed work, nothing belongs to others, and everything can be taken down to nothing. */
async function expectOrder(world: World): Promise<void> {
  const { gateway } = world;
  const { json } = await gateway.request('/api/kernels');
  const listed = (json as { id: string }[]).map(({ id }) => id);
  const working = (await Promise.all(listed.map((id) => worksOrIsGone(gateway, id)))).flat();
  console.log(
    `chaos in the cluster: of ${listed.length} kernels in the end, ${working.length} were not dying`,
  );
  await nothingLeftOf(...idsOf(world).filter((id) => !working.includes(id)));
  for (const id of working) expect(await shutDown(gateway, id)).toBe(204);
  expect((await gateway.request('/api/kernels')).json).toEqual([]);
  await nothingLeftOf(...working);
  expect((await gateway.stop()).code).toBe(0);
}

/** A kernel that was listed while it died of the last blow is not there any more: then that is so for good. */
async function worksOrIsGone(gateway: GatewayProcess, id: string): Promise<string[]> {
  try {
    const client = await KernelClient.connect(gateway, id);
    // The first answer may be the error of a kernel that was dying just then; the next is its successor's.
    await client.replyTo(client.sendExecute('pass'), HANG_MS);
    const { reply } = await client.finished(client.sendExecute('pass'), HANG_MS);
    expect(reply.content.status, JSON.stringify(reply.content)).toBe('ok');
    client.terminate();
    return [id];
  } catch (error) {
    const { status } = await gateway.request(`/api/kernels/${id}`);
    if (status !== 404) throw error;
    return [];
  }
}

function idsOf({ former, gateway }: World): string[] {
  return [...former, gateway].flatMap(kernelIdsOf);
}

/** A step may fail in any way but by taking too long. */
async function step(world: World, deed: () => Promise<void>): Promise<void> {
  const began = Date.now();
  const failure = await within(STEP_MS, "a person's step", deed()).then(
    () => null,
    (error: Error) => error,
  );
  count(world, failure === null ? 'steps done' : `broken off: ${failure.message.slice(0, 60)}`);
  if (failure !== null && Date.now() - began >= HANG_MS) throw failure;
  if (failure === null) return;
  await world.back;
  // Without a pause this would be a busy loop while there is nothing to connect to.
  await pause(world, 500);
}

/** Up to `ms`; chance, not synchronisation. */
async function pause(world: World, ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms * (0.2 + 0.8 * world.random.next())));
}

function count(world: World, what: string): void {
  world.counts[what] = (world.counts[what] ?? 0) + 1;
}
