import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { KernelOutput, type OutputLine } from '../../../src/adapters/local/kernel-output.ts';
import { PortAllocation } from '../../../src/adapters/local/port-allocation.ts';
import { KernelFailure } from '../../../src/machines/failure.ts';
import { Mailbox } from '../channels/mailbox.ts';
import { temporaryDir } from '../kernelspecs/fixtures.ts';
import { gone, launch, never, planOf, startProvisioner } from './local-kernels.ts';

it('a kernel is followed though another, that was never followed, is removed at the same time', async () => {
  const lines = new Mailbox<OutputLine>();
  const output = new KernelOutput(await temporaryDir(), (line) => lines.push(line));
  for (const stream of ['stdout', 'stderr'] as const) await writeFile(output.path('a', stream), '');
  const following = output.follow('a', 'start');
  await output.release('b');
  await following;
  await new Promise((resolve) => setTimeout(resolve, 50));
  await appendFile(output.path('a', 'stdout'), 'heard\n');
  await vi.waitFor(() => expect(lines.items).toHaveLength(1));
  await output.release('a');
});

it('what an adopted kernel has left behind is killed with it', async () => {
  const runtimeDir = await temporaryDir();
  const former = await startProvisioner({ runtimeDir, persistenceRoot: '/x' });
  const { plan, pod, pid, says } = await launch(former, planOf('sleep 60 & echo child $!; wait'));
  const child = Number((await says('child')).line.split(' ')[1]);
  await former.provisioner.detachPod(plan);
  const next = await startProvisioner({ runtimeDir, persistenceRoot: '/x', adoptable: [plan.kernelId] });
  await next.provisioner.adoptPod(plan, pod);
  process.kill(pid, 'SIGKILL');
  await gone(pid);
  await next.provisioner.examine(plan.kernelId);
  await next.provisioner.deletePod(plan);
  await gone(child);
});

it('a full port range is a failure of the launch', async () => {
  const started = await startProvisioner();
  const portRange = { low: 31_000, high: 31_003 };
  const error = await started.provisioner.createPod(planOf('', { portRange }), never).catch((each) => each);
  expect(error).toBeInstanceOf(KernelFailure);
  expect((error as KernelFailure).failure).toMatchObject({
    code: 'POD_CREATION_FAILED',
    hint: expect.stringContaining('EG_PORT_RANGE'),
  });
});

it('the last free port of a range is found', async () => {
  const allocation = new PortAllocation();
  allocation.adopt(Array.from({ length: 999 }, (_, index) => 25_000 + index));
  expect(await allocation.allocate(1, '127.0.0.1', { low: 25_000, high: 25_999 })).toEqual([25_999]);
});

it('a process record that is JSON, but no record, does not keep the gateway from starting', async () => {
  const runtimeDir = await temporaryDir();
  await mkdir(join(runtimeDir, 'kernelgate'));
  await writeFile(join(runtimeDir, 'kernelgate', 'process-x.json'), '{}');
  await startProvisioner({ runtimeDir });
});

it('an unknown EG_ALTERNATE_SIGINT interrupts by SIGINT', async () => {
  const started = await startProvisioner();
  const env = { PATH: '/usr/bin:/bin', EG_ALTERNATE_SIGINT: 'SIGNOPE' };
  const { plan, pod, says } = await launch(
    started,
    planOf('trap "echo got INT" INT; echo ready; while :; do sleep 0.02; done', { env }),
  );
  await says('ready');
  await started.provisioner.interrupt(plan, pod);
  await says('got INT');
});
