import { describe, expect, it, vi } from 'vitest';
import type { LaunchPlan } from '../../../src/machines/ports.ts';
import { temporaryDir } from '../kernelspecs/fixtures.ts';
import { FIRST_PORT, gone, isAlive, launch, planOf, startProvisioner } from './local-kernels.ts';

const PERSISTENT = { persistenceRoot: '/somewhere' };

/** A kernel that one gateway has started and left, and another gateway's provisioner. */
async function left(script: string, { until, ...plan }: Partial<LaunchPlan> & { until?: string } = {}) {
  const runtimeDir = await temporaryDir();
  const former = await startProvisioner({ ...PERSISTENT, runtimeDir });
  const kernel = await launch(former, planOf(script, plan));
  const connection = await former.provisioner.awaitHandshake(kernel.plan);
  if (until !== undefined) await former.output.next(({ line }) => line === until);
  await former.provisioner.detachPod(kernel.plan);
  const next = await startProvisioner({ ...PERSISTENT, runtimeDir, adoptable: [kernel.plan.kernelId] });
  const watched = next.provisioner.podEvents(kernel.plan.kernelId);
  return { ...kernel, former, next, connection, watched };
}

describe('a kernel that was left running', () => {
  it('runs on, and its first gateway hears no more of it', async () => {
    const { former, pid, events, plan } = await left('exec sleep 60');
    expect(await isAlive(pid)).toBe(true);
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    await former.provisioner.examine(plan.kernelId);
    expect(events.items).toEqual([]);
  });

  it('is adopted as the same pod, with the same connection', async () => {
    const { next, plan, pod, connection } = await left('exec sleep 60');
    expect(await next.provisioner.adoptPod(plan, pod)).toEqual({ pod });
    expect(await next.provisioner.awaitHandshake(plan)).toEqual(connection);
  });

  it('is interrupted and deleted by the gateway that has adopted it', async () => {
    const script = 'trap "echo got it" INT; echo ready; while :; do sleep 0.02; done';
    const { next, plan, pod, pid } = await left(script, { until: 'ready' });
    await next.provisioner.adoptPod(plan, pod);
    await next.provisioner.interrupt(plan, pod);
    await next.output.next(({ line }) => line === 'got it');
    await next.provisioner.deletePod(plan);
    expect(await isAlive(pid)).toBe(false);
  });

  it('keeps its ports: they are given to no other kernel', async () => {
    const portRange = { low: FIRST_PORT + 70, high: FIRST_PORT + 79 };
    const { next, plan, pod, connection } = await left('exec sleep 60', { portRange });
    await next.provisioner.adoptPod(plan, pod);
    const other = await launch(next, planOf('exec sleep 60', { portRange }));
    const given = Object.values(await next.provisioner.awaitHandshake(other.plan)).filter(Number.isInteger);
    const taken = Object.values(connection).filter(Number.isInteger);
    expect([...given, ...taken].toSorted()).toEqual(
      Array.from({ length: 10 }, (_, index) => portRange.low + index),
    );
  });

  it('is heard from where it is adopted on', async () => {
    const script = 'trap "echo after" USR1; echo before; while :; do sleep 0.02; done';
    const { next, plan, pod } = await left(script, { until: 'before' });
    await next.provisioner.adoptPod(plan, pod);
    process.kill(pod.pid as number, 'SIGUSR1');
    expect((await next.output.next()).line).toBe('after');
  });

  it('is known to have died when it is looked at', async () => {
    const { next, plan, pod, pid, watched } = await left('exec sleep 60');
    await next.provisioner.adoptPod(plan, pod);
    const news = vi.fn();
    watched.subscribe(news);
    process.kill(pid, 'SIGKILL');
    await next.provisioner.examine(plan.kernelId);
    expect(news.mock.calls).toEqual([
      [
        {
          type: 'pod.gone',
          uid: pod.uid,
          failure: expect.objectContaining({
            code: 'POD_GONE',
            message: expect.stringContaining('its exit status is unknown'),
          }),
        },
      ],
    ]);
  });
});

describe('a kernel is not adopted', () => {
  it('when its process is gone', async () => {
    const { next, plan, pod, pid } = await left('exec sleep 60');
    process.kill(pid, 'SIGKILL');
    await gone(pid);
    expect(await next.provisioner.adoptPod(plan, pod)).toEqual({ pod: null, failure: null });
  });

  it('when another process has got its process id', async () => {
    const { next, plan, pod, pid } = await left('exec sleep 60');
    expect(await next.provisioner.adoptPod(plan, { ...pod, uid: `${pid}@another boot/1` })).toEqual({
      pod: null,
      failure: null,
    });
  });

  it('when it has never had a process', async () => {
    const { next, plan, pod } = await left('exec sleep 60');
    expect(await next.provisioner.adoptPod(plan, { ...pod, pid: null })).toEqual({
      pod: null,
      failure: null,
    });
  });
});

it('a kernel of our own that lives is not examined: its exit is told by itself', async () => {
  const started = await startProvisioner();
  const { plan, events } = await launch(started, planOf('exec sleep 60'));
  await started.provisioner.examine(plan.kernelId);
  await started.provisioner.examine('unknown');
  expect(events.items).toEqual([]);
});
