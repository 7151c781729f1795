import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { gate, gone, isAlive, launch, planOf, startProvisioner } from './local-kernels.ts';

describe("a kernel's end is noticed", () => {
  it('with its exit code, and with what it last wrote to stderr', async () => {
    const started = await startProvisioner();
    const { wait, open } = await gate();
    const script = `${wait}; echo nothing >&2; echo Traceback: >&2; echo '  in line 1' >&2; echo; echo 'Error: no' >&2; exit 3`;
    const { events, pod } = await launch(started, planOf(script));
    await open();
    expect(await events.next()).toEqual({
      type: 'pod.gone',
      uid: pod.uid,
      failure: {
        code: 'POD_GONE',
        message: "The kernel's process exited with code 3: Traceback: | in line 1 | Error: no",
        hint: expect.stringContaining('log of the gateway'),
      },
    });
  });

  it('however soon it comes, with its last words', async () => {
    const started = await startProvisioner();
    for (let round = 0; round < 20; round += 1) {
      const { events, plan } = await launch(started, planOf('echo why >&2; exit 3'));
      expect(await events.next()).toMatchObject({
        failure: { message: "The kernel's process exited with code 3: why" },
      });
      await started.provisioner.deletePod(plan);
    }
  });

  it('when it exits without a word', async () => {
    const started = await startProvisioner();
    const { wait, open } = await gate();
    const { events } = await launch(started, planOf(`${wait}; exit 0`));
    await open();
    expect(await events.next()).toMatchObject({
      failure: { message: "The kernel's process exited with code 0." },
    });
  });

  it('with the signal that killed it', async () => {
    const started = await startProvisioner();
    const { events, pid } = await launch(started, planOf('exec sleep 60'));
    process.kill(pid, 'SIGKILL');
    expect(await events.next()).toMatchObject({
      failure: {
        message: "The kernel's process was killed by SIGKILL.",
        hint: expect.stringContaining('out of memory'),
      },
    });
  });

  it('by those who follow this kernel, and by no others', async () => {
    const started = await startProvisioner();
    const dying = await launch(started, planOf('exec sleep 60'));
    const living = await launch(started, planOf('exec sleep 60'));
    process.kill(dying.pid, 'SIGTERM');
    await dying.events.next();
    expect(living.events.items).toEqual([]);
  });

  it('and tells which of its processes it was, when the kernel is started again', async () => {
    const started = await startProvisioner();
    const plan = planOf('exec sleep 60');
    const first = await launch(started, plan);
    await started.provisioner.deletePod(plan);
    const second = await launch(started, plan);
    expect(second.pod.uid).not.toBe(first.pod.uid);
    process.kill(second.pid, 'SIGKILL');
    expect(await second.events.next()).toMatchObject({ uid: second.pod.uid });
  });
});

describe('deleting a kernel', () => {
  it('kills it, with all processes that it has started', async () => {
    const started = await startProvisioner();
    const script = "trap '' TERM INT HUP; sh -c 'sleep 60 & echo grandchild $!; wait' & wait";
    const { plan, pid, says } = await launch(started, planOf(script));
    const grandchild = Number((await says('grandchild')).line.split(' ')[1]);
    await started.provisioner.deletePod(plan);
    await gone(grandchild);
    expect(await isAlive(pid)).toBe(false);
  });

  it('kills what a kernel has left behind that died by itself', async () => {
    const started = await startProvisioner();
    const { plan, events, says } = await launch(
      started,
      planOf('sleep 60 & echo child $!; sleep 0.1; exit 1'),
    );
    const child = Number((await says('child')).line.split(' ')[1]);
    await events.next();
    expect(await isAlive(child)).toBe(true);
    await started.provisioner.deletePod(plan);
    await gone(child);
  });

  it('leaves no file', async () => {
    const started = await startProvisioner();
    const { plan } = await launch(started, planOf('echo a; echo b >&2; exec sleep 60'));
    await started.provisioner.deletePod(plan);
    expect(await readdir(started.runtimeDir, { recursive: true })).toEqual(['kernelgate']);
    await started.provisioner.close();
    expect(await readdir(started.runtimeDir)).toEqual([]);
  });

  it('of a kernel that is gone, or never was, is success', async () => {
    const started = await startProvisioner();
    const { plan } = await launch(started, planOf('exec sleep 60'));
    await started.provisioner.deletePod(plan);
    await started.provisioner.deletePod(plan);
    await started.provisioner.deletePod(planOf(''));
  });
});

describe('an interrupt', () => {
  const script =
    'trap "echo got INT" INT; trap "echo got USR1" USR1; echo ready; while :; do sleep 0.02; done';

  it.each([
    [undefined, 'got INT'],
    ['SIGUSR1', 'got USR1'],
  ])('is the signal of the kernelspec (EG_ALTERNATE_SIGINT %s)', async (signal, heard) => {
    const started = await startProvisioner();
    const env: Record<string, string> = { PATH: '/usr/bin:/bin' };
    if (signal !== undefined) env['EG_ALTERNATE_SIGINT'] = signal;
    const { plan, pod, says } = await launch(started, planOf(script, { env }));
    await says('ready');
    await started.provisioner.interrupt(plan, pod);
    expect((await says('got')).line).toBe(heard);
  });

  it('reaches the processes that the kernel has started, too', async () => {
    const started = await startProvisioner();
    const python = [
      'import os, signal, time',
      'signal.signal(signal.SIGINT, lambda *_: os.write(1, b"child got it\\n"))',
      'os.write(1, b"ready\\n")',
      'while True: time.sleep(0.02)',
    ];
    const child = `python3 -S -c '${python.join('\n')}'`;
    const { plan, pod, says } = await launch(started, planOf(`trap : INT; ${child} & wait; wait`));
    await says('ready');
    await started.provisioner.interrupt(plan, pod);
    await says('child got it');
  });

  it('fails for a kernel that has no process, or another one by now', async () => {
    const started = await startProvisioner();
    const { plan, pod } = await launch(started, planOf('exec sleep 60'));
    await expect(started.provisioner.interrupt(plan, { ...pod, uid: 'another' })).rejects.toThrow(
      'no process to interrupt',
    );
    await started.provisioner.deletePod(plan);
    await expect(started.provisioner.interrupt(plan, pod)).rejects.toThrow('no process to interrupt');
  });
});

describe('when the gateway ends at once', () => {
  it('all its kernels are killed, with their files', async () => {
    const started = await startProvisioner();
    const kernels = [
      await launch(started, planOf('exec sleep 60')),
      await launch(started, planOf('exec sleep 60')),
    ];
    started.provisioner.killAllNow();
    expect(await readdir(started.runtimeDir, { recursive: true })).toEqual(['kernelgate']);
    for (const { pid } of kernels) await gone(pid);
  });

  it('kernels that are to outlive it run on', async () => {
    const started = await startProvisioner({ persistenceRoot: '/somewhere' });
    const { pid } = await launch(started, planOf('exec sleep 60'));
    started.provisioner.killAllNow();
    expect(await isAlive(pid)).toBe(true);
  });
});
