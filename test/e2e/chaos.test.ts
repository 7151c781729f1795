import { readdirSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { within } from './deadline.ts';
import { GatewayProcess } from './gateway-process.ts';
import { KernelClient } from './kernel-client.ts';
import { killProcess } from './process-list.ts';
import { Random } from './random.ts';
import { describeE2e } from './suite.ts';

const RUN_MS = 25_000;
/** What one step may take on a loaded machine. Longer is a hang. */
const STEP_MS = 45_000;
const PEOPLE = 3;

/** What is being disturbed. */
interface World {
  gateway: GatewayProcess;
  random: Random;
  env: Record<string, string>;
  end: number;
  counts: Record<string, number>;
  /** What the gateways that were killed wrote. */
  log: string;
}

describeE2e('kill -9 at random moments', () => {
  it.each([
    ['without persistence', {}],
    ['with persistence', { EG_KERNEL_SESSION_PERSISTENCE: 'true' }],
  ])(
    '%s: nothing leaks, nothing hangs',
    async (title, more) => {
      const seed = Number(process.env['CHAOS_SEED'] ?? Date.now() % 1_000_000);
      console.log(`chaos ${title}: CHAOS_SEED=${seed}`);
      const env = { EG_SHUTDOWN_GRACE: '2', ...more };
      const gateway = await GatewayProcess.start({ env });
      const world: World = {
        gateway,
        random: new Random(seed),
        env,
        end: Date.now() + RUN_MS,
        counts: {},
        log: '',
      };
      try {
        const people = Array.from({ length: PEOPLE }, () => person(world));
        await Promise.all([...people, gatewayKiller(world), kernelKiller(world)]);
        console.log(`chaos ${title}: ${JSON.stringify(world.counts)}`);
        await expectOrder(world);
      } catch (error) {
        const log = join(tmpdir(), `kernelgate-chaos-${seed}.log`);
        writeFileSync(log, world.log + world.gateway.log);
        console.log(`chaos ${title}: what the gateways wrote is in ${log}`);
        throw error;
      } finally {
        world.gateway.destroy();
      }
    },
    240_000,
  );
});

/** Uses kernels as people do, and drops them as people do. Only a hang is an error: everything else is chaos. */
async function person(world: World): Promise<void> {
  while (Date.now() < world.end) await step(world, 'a person', () => visit(world));
}

async function visit(world: World): Promise<void> {
  const id = await kernelFor(world);
  const protocol = world.random.next() < 0.5 ? 'v1' : 'default';
  const client = await KernelClient.connect(world.gateway, id, { protocol });
  const msgId = client.sendExecute(world.random.pick(CODES) ?? 'pass');
  const deed = world.random.next();
  if (deed < 0.2) client.terminate();
  else if (deed < 0.3) await command(world, 'POST', `/api/kernels/${id}/restart`);
  else if (deed < 0.4) await command(world, 'POST', `/api/kernels/${id}/interrupt`);
  else if (deed < 0.6) await command(world, 'DELETE', `/api/kernels/${id}`);
  else await client.finished(msgId);
  client.terminate();
}

const CODES = [
  'print(1)',
  'for i in range(2000): print(i)',
  'import time; time.sleep(0.3)',
  'import os; os._exit(3)',
];

/** One that is there already, or a new one. */
async function kernelFor(world: World): Promise<string> {
  const { json } = await command(world, 'GET', '/api/kernels');
  const there = world.random.pick(json as { id: string }[]);
  if (there !== undefined && world.random.next() < 0.4) return there.id;
  const answer = await command(world, 'POST', '/api/kernels');
  if (answer.status !== 201) throw new Error(`no kernel: ${answer.text}`);
  return answer.json.id;
}

function command(world: World, method: string, path: string) {
  count(world, `${method} ${path.split('/').slice(0, 3).join('/')}`);
  return world.gateway.request(path, { method });
}

async function kernelKiller(world: World): Promise<void> {
  while (Date.now() < world.end) {
    await pause(world, 1_500);
    const victim = world.random.pick(world.gateway.kernelProcesses());
    if (victim === undefined) continue;
    count(world, 'kernel killed');
    killProcess(victim.pid);
  }
}

async function gatewayKiller(world: World): Promise<void> {
  while (Date.now() < world.end) {
    await pause(world, 8_000);
    count(world, 'gateway killed');
    await world.gateway.kill();
    world.log += world.gateway.log;
    world.gateway = await GatewayProcess.start({ after: world.gateway, env: world.env });
  }
}

/** In the end all kernels that are listed work, and everything can be taken down to nothing. */
async function expectOrder(world: World): Promise<void> {
  const { gateway } = world;
  const { json: kernels } = await gateway.request('/api/kernels');
  for (const { id } of kernels) {
    const client = await KernelClient.connect(gateway, id);
    // The first answer may be the error of a kernel that was dying just then; the next is its successor's.
    const first = await client.replyTo(client.sendExecute('print("there")'));
    if (first.content.status !== 'ok') count(world, 'dying at the end');
    expect((await client.execute('print("there")')).stdout).toBe('there\n');
    client.terminate();
    expect((await gateway.request(`/api/kernels/${id}`, { method: 'DELETE' })).status).toBe(204);
  }
  const { status, json } = await gateway.request('/api/kernels', { method: 'POST' });
  expect(status).toBe(201);
  await gateway.request(`/api/kernels/${json.id}`, { method: 'DELETE' });
  expect((await gateway.request('/api/kernels')).json).toEqual([]);
  expect((await gateway.stop()).code).toBe(0);
  await gateway.expectNoLeaks();
  expect(recordsOf(gateway), 'records left').toEqual([]);
}

function recordsOf(gateway: GatewayProcess): string[] {
  const all = readdirSync(join(gateway.root, 'data'), { recursive: true, encoding: 'utf8' });
  return all.filter((name) => /[0-9a-f]{8}-[0-9a-f]{4}-4/.test(name));
}

/** A step may fail in any way but by taking too long. */
async function step(world: World, who: string, deed: () => Promise<void>): Promise<void> {
  const started = Date.now();
  const failure = await within(STEP_MS, `${who}'s step`, deed()).then(
    () => null,
    (error: Error) => error,
  );
  count(world, failure === null ? 'steps done' : 'steps broken off');
  if (failure !== null && Date.now() - started >= HANG_MS) throw failure;
  // With the gateway down every step fails at once: without a pause this would be a busy loop.
  if (failure !== null) await pause(world, 500);
}

/** The client's own deadlines are 30 s: whatever waited that long was not answered at all. */
const HANG_MS = 30_000;

/** Up to `ms`; chance, not synchronisation. */
async function pause(world: World, ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms * (0.2 + 0.8 * world.random.next())));
}

function count(world: World, what: string): void {
  world.counts[what] = (world.counts[what] ?? 0) + 1;
}
