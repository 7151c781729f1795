import { describe, expect, it } from 'vitest';
import { waitFor } from 'xstate';
import type { Failure } from '../../../src/machines/failure.ts';
import { testGateway } from '../test-gateway.ts';
import { scrape } from './scrape.ts';

type Gateway = Awaited<ReturnType<typeof testGateway>>;

const EXITED: Failure = { code: 'CONTAINER_EXITED', message: 'It has exited.', hint: '' };
const OUT_OF_MEMORY: Failure = { code: 'OUT_OF_MEMORY', message: 'Out of memory.', hint: '' };
const NO_IMAGE: Failure = { code: 'IMAGE_PULL_FAILED', message: 'No such image.', hint: '' };

async function launch({ app }: Gateway, body: object = {}): Promise<string> {
  const response = await app.inject({ method: 'POST', url: '/api/kernels', payload: JSON.stringify(body) });
  return response.json().id;
}

function kernel({ services }: Gateway, id: string) {
  return services.kernels.get(id);
}

async function runsAgain(gateway: Gateway, id: string): Promise<void> {
  await waitFor(kernel(gateway, id), (snapshot) => snapshot.hasTag('running'));
}

async function ends(gateway: Gateway, id: string): Promise<void> {
  await waitFor(kernel(gateway, id), (snapshot) => snapshot.status !== 'active');
}

/** A clock that stands still unless it is told to go on. */
function clock() {
  let milliseconds = 5000;
  return { now: () => milliseconds, pass: (seconds: number) => (milliseconds += seconds * 1000) };
}

describe('kernels', () => {
  it('are counted by state, phase and kernelspec', async () => {
    const gateway = await testGateway();
    await launch(gateway);
    await launch(gateway);
    const running = await scrape(gateway);
    expect(running.value('kernelgate_kernels', { state: 'running', phase: 'idle', spec: 'python3' })).toBe(2);
    gateway.world.isSilent = true;
    void launch(gateway).catch(() => {});
    await waitFor(gateway.gateway, ({ context }) => Object.keys(context.usernames).length === 3);
    const launching = await scrape(gateway);
    expect(launching.sum('kernelgate_kernels', { state: 'launching' })).toBe(1);
  });

  it('that are gone are not counted any more', async () => {
    const gateway = await testGateway();
    const id = await launch(gateway);
    await gateway.app.inject({ method: 'DELETE', url: `/api/kernels/${id}` });
    const { sum, value } = await scrape(gateway);
    expect(sum('kernelgate_kernels')).toBe(0);
    expect(value('kernelgate_kernels_ended_total', { outcome: 'stopped' })).toBe(1);
    expect(value('kernelgate_culls_total')).toBe(0);
  });

  it('of the users with the most of them are named when the operator wants it', async () => {
    const gateway = await testGateway();
    for (const user of ['bob', 'alice', 'alice', 'carol', 'carol', 'dave']) {
      await launch(gateway, { env: { KERNEL_USERNAME: user } });
    }
    expect((await scrape(gateway)).sum('kernelgate_user_kernels')).toBe(0);
    gateway.change({ metricsUsers: 2 });
    const { samples } = await scrape(gateway);
    const counts = samples.filter(({ name }) => name === 'kernelgate_user_kernels');
    expect(counts.map(({ labels, value }) => [labels['user'], value])).toEqual([
      ['alice', 2],
      ['carol', 2],
      ['other', 2],
    ]);
  });

  it('that were idle for too long are counted as culled', async () => {
    const gateway = await testGateway();
    const id = await launch(gateway);
    gateway.gateway.send({ type: 'policy.changed', policy: { cullIdleTimeout: 1 } });
    await ends(gateway, id);
    const { value } = await scrape(gateway);
    expect(value('kernelgate_culls_total')).toBe(1);
    expect(value('kernelgate_kernels_ended_total', { outcome: 'stopped' })).toBe(1);
  });

  it('that do not answer their heartbeat are told', async () => {
    const gateway = await testGateway();
    const id = await launch(gateway);
    kernel(gateway, id).send({ type: 'heartbeat.lost' });
    expect((await scrape(gateway)).value('kernelgate_unresponsive_kernels')).toBe(1);
    kernel(gateway, id).send({ type: 'heartbeat.restored' });
    expect((await scrape(gateway)).value('kernelgate_unresponsive_kernels')).toBe(0);
  });
});

describe('a launch', () => {
  it('is timed as a whole and by phase, in seconds', async () => {
    const { now, pass } = clock();
    const gateway = await testGateway({ now });
    gateway.world.isSilent = true;
    const launched = launch(gateway);
    await waitFor(gateway.gateway, ({ context }) => Object.keys(context.usernames).length === 1);
    const [id = ''] = gateway.services.kernels.ids();
    await waitFor(kernel(gateway, id), (snapshot) => snapshot.matches({ connected: 'awaitingKernelInfo' }));
    pass(4);
    gateway.world.answer(id);
    await launched;
    const { value } = await scrape(gateway);
    expect(value('kernelgate_launches_total', { spec: 'python3' })).toBe(1);
    expect(value('kernelgate_launch_duration_seconds_sum', { spec: 'python3' })).toBe(4);
    expect(value('kernelgate_launch_duration_seconds_bucket', { spec: 'python3', le: '3' })).toBe(0);
    expect(value('kernelgate_launch_duration_seconds_bucket', { spec: 'python3', le: '5' })).toBe(1);
    const phase = { phase: 'awaitingKernelInfo' };
    expect(value('kernelgate_launch_phase_duration_seconds_sum', phase)).toBe(4);
    expect(value('kernelgate_launch_phase_duration_seconds_count', { phase: 'podCreating' })).toBe(1);
  });

  it('that fails is counted by its code, and not timed', async () => {
    const gateway = await testGateway();
    gateway.world.refusal = NO_IMAGE;
    await launch(gateway);
    const { value, sum } = await scrape(gateway);
    expect(value('kernelgate_launch_failures_total', { code: 'IMAGE_PULL_FAILED' })).toBe(1);
    expect(sum('kernelgate_launch_failures_total')).toBe(1);
    expect(value('kernelgate_kernels_ended_total', { outcome: 'failed' })).toBe(1);
    expect(sum('kernelgate_launch_duration_seconds_count')).toBe(0);
  });

  it('that can not even be begun is counted as a failure too', async () => {
    const yarn = { process_proxy: { class_name: 'a.b.YarnClusterProcessProxy' } };
    const spec = { argv: ['x'], display_name: 'x', language: 'x', metadata: yarn };
    const gateway = await testGateway({ kernelspecs: { spark: spec } });
    await launch(gateway, { name: 'spark' });
    const { value } = await scrape(gateway);
    expect(value('kernelgate_launch_failures_total', { code: 'LAUNCH_REFUSED' })).toBe(1);
    expect(value('kernelgate_launches_total', { spec: 'spark' })).toBeUndefined();
  });

  it('that is refused is counted by the code of the answer, for sessions too', async () => {
    const gateway = await testGateway({ settings: { maxKernels: 0 } });
    await launch(gateway);
    await launch(gateway, { name: 'nope' });
    const body = { path: 'a.ipynb', name: '', type: 'notebook', kernel: { name: 'python3' } };
    await gateway.app.inject({ method: 'POST', url: '/api/sessions', payload: JSON.stringify(body) });
    const { value, sum } = await scrape(gateway);
    expect(value('kernelgate_launch_refusals_total', { code: 'MAX_KERNELS' })).toBe(2);
    expect(value('kernelgate_launch_refusals_total', { code: 'UNKNOWN_KERNELSPEC' })).toBe(1);
    expect(sum('kernelgate_launch_failures_total')).toBe(0);
  });

  it('every code has a series from the start, so that its first increase is seen', async () => {
    const { value } = await scrape(await testGateway());
    expect(value('kernelgate_kernel_deaths_total', { code: 'OUT_OF_MEMORY', restarted: 'false' })).toBe(0);
    expect(value('kernelgate_launch_failures_total', { code: 'HANDSHAKE_FAILED' })).toBe(0);
  });
});

describe('a kernel', () => {
  it('that dies and is restarted counts as a death and a restart, and its new pod is timed', async () => {
    const gateway = await testGateway();
    const id = await launch(gateway);
    gateway.world.dies(id, EXITED);
    await runsAgain(gateway, id);
    const { value } = await scrape(gateway);
    expect(value('kernelgate_kernel_deaths_total', { code: 'CONTAINER_EXITED', restarted: 'true' })).toBe(1);
    expect(value('kernelgate_restarts_total', { trigger: 'death' })).toBe(1);
    expect(value('kernelgate_launch_phase_duration_seconds_count', { phase: 'podCreating' })).toBe(2);
    expect(value('kernelgate_launch_duration_seconds_count')).toBe(1);
  });

  it('that is restarted on request counts as no death', async () => {
    const gateway = await testGateway();
    const id = await launch(gateway);
    await gateway.app.inject({ method: 'POST', url: `/api/kernels/${id}/restart` });
    const { value, sum } = await scrape(gateway);
    expect(value('kernelgate_restarts_total', { trigger: 'request' })).toBe(1);
    expect(sum('kernelgate_kernel_deaths_total')).toBe(0);
  });

  it('that dies for good counts as a death by its code', async () => {
    const gateway = await testGateway();
    const id = await launch(gateway);
    const gone = ends(gateway, id);
    gateway.world.dies(id, OUT_OF_MEMORY);
    await gone;
    const { value, sum } = await scrape(gateway);
    expect(value('kernelgate_kernel_deaths_total', { code: 'OUT_OF_MEMORY', restarted: 'false' })).toBe(1);
    expect(value('kernelgate_kernels_ended_total', { outcome: 'dead' })).toBe(1);
    expect(sum('kernelgate_restarts_total')).toBe(0);
  });

  it('whose restart fails counts as one death and one failed restart', async () => {
    const gateway = await testGateway();
    const id = await launch(gateway);
    const gone = ends(gateway, id);
    gateway.world.refuseRestarts(NO_IMAGE);
    gateway.world.dies(id, EXITED);
    await gone;
    const { value, sum } = await scrape(gateway);
    expect(sum('kernelgate_kernel_deaths_total')).toBe(1);
    expect(value('kernelgate_restart_failures_total', { code: 'IMAGE_PULL_FAILED' })).toBe(1);
    expect(sum('kernelgate_launch_failures_total')).toBe(0);
  });

  it('that could not be interrupted is a problem, not an end', async () => {
    const gateway = await testGateway();
    const id = await launch(gateway);
    gateway.world.interruptsFail = true;
    await gateway.app.inject({ method: 'POST', url: `/api/kernels/${id}/interrupt` });
    const { value, sum } = await scrape(gateway);
    expect(value('kernelgate_kernel_problems_total', { problem: 'interrupt.failed' })).toBe(1);
    expect(sum('kernelgate_kernels_ended_total')).toBe(0);
  });
});
