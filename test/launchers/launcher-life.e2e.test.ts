import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from '../e2e/deadline.ts';
import { describeE2e } from '../e2e/suite.ts';
import { askSigned } from './comm-client.ts';
import { launch, launchIpykernel, SIGNAL_KERNEL, startLauncher } from './launch.ts';
import { isAlive } from './launcher-process.ts';

const REGISTER = 'import atexit\natexit.register(lambda: open("farewell", "w").write("done"))';
const AS_PROCESS_1 = ['unshare', '--pid', '--fork', '--mount-proc', '--kill-child'];

describeE2e("a launcher's life", () => {
  it.each(['SIGTERM', 'shutdown on the comm port', 'shutdown_request'] as const)(
    'ends with status 0 after %s, and the exit handlers of the kernel have run',
    async (way) => {
      const { launcher, told, kernel } = await launchIpykernel();
      await kernel.execute(REGISTER);
      if (way === 'SIGTERM') launcher.signal('SIGTERM');
      else if (way === 'shutdown_request') await kernel.shutDown();
      else expect(await askSigned(told, { shutdown: 1 })).toEqual({ ok: true });
      expect(await launcher.exited()).toBe(0);
      expect(readFileSync(join(launcher.home, 'farewell'), 'utf8')).toBe('done');
      expect(isAlive(told.pid)).toBe(false);
    },
  );

  it('ends a kernel in order that is at work', async () => {
    const { launcher, kernel } = await launchIpykernel();
    await kernel.execute(REGISTER);
    void kernel.execute('print("now", flush=True)\nwhile True: pass').catch(() => {});
    await kernel.printed('now');
    launcher.signal('SIGTERM');
    expect(await launcher.exited()).toBe(0);
    expect(existsSync(join(launcher.home, 'farewell'))).toBe(true);
  });

  it('ends with the status of a kernel that has ended by itself', async () => {
    const { launcher, kernel } = await launchIpykernel();
    void kernel.execute('import os; os._exit(7)').catch(() => {});
    expect(await launcher.exited()).toBe(7);
  });

  it('ends with the status of a kernel that a signal has ended, and names the signal', async () => {
    const { launcher, told } = await launch({ args: ['--', ...SIGNAL_KERNEL] });
    process.kill(told.pid, 'SIGKILL');
    expect(await launcher.exited()).toBe(128 + 9);
    expect(launcher.lines).toEqual([expect.stringContaining('signal 9 (Killed)')]);
  });

  it('ends with status 1 when the command of another kernel cannot be run', async () => {
    const { launcher } = await startLauncher({ args: ['--', '/no/such/kernel'] });
    expect(await launcher.exited()).toBe(1);
    expect(launcher.lines).toEqual([
      expect.stringContaining('"/no/such/kernel" cannot be run: No such file or directory'),
    ]);
  });

  it('gives the connection file to its owner alone, and removes it at the end', async () => {
    const { launcher } = await launch({ args: ['--', ...SIGNAL_KERNEL] });
    await launcher.wrote(/connection file .+\.json/);
    const file = /connection file (.+\.json)/.exec(launcher.stdout)?.[1] ?? '';
    expect(statSync(file).mode & 0o777).toBe(0o600);
    launcher.signal('SIGTERM');
    expect(await launcher.exited()).toBe(0);
    expect(readdirSync(launcher.home).filter((name) => name.endsWith('.json'))).toEqual([]);
  });

  it('shows a cell neither its secrets nor its own directory', async () => {
    const { kernel } = await launchIpykernel();
    const names = await kernel.evaluate('sorted(__import__("os").environ)');
    expect(names).toContain('KERNEL_ID');
    expect(names).not.toContain('KERNEL_LAUNCH_TOKEN');
    expect(names).not.toContain('KERNEL_GATEWAY_KEY');
    const path = (await kernel.evaluate('__import__("sys").path')) as string[];
    expect(path).toContain('');
    expect(path.filter((entry) => entry.includes('launchers'))).toEqual([]);
  });

  it('ends a kernel whose launcher was killed', async () => {
    const { launcher, told } = await launchIpykernel();
    launcher.signal('SIGKILL');
    await eventually(10_000, "the kernel's end", () => !isRunning(told.pid));
  });
});

describeE2e('a launcher that is process 1', () => {
  it.skipIf(!canBeProcess1())(
    'is interrupted, reaps orphans, keeps the statuses of its own children, and ends',
    async () => {
      const { launcher, told, kernel } = await launchIpykernel({ wrapper: AS_PROCESS_1 });
      const running = kernel.execute('import time\nprint("now", flush=True)\ntime.sleep(100)');
      await kernel.printed('now');
      expect(await askSigned(told, { signum: 2 })).toEqual({ ok: true });
      expect(await running).toMatchObject({ ename: 'KeyboardInterrupt' });

      await kernel.execute('import subprocess\nsubprocess.run("true & true &", shell=True)');
      await eventually(10_000, 'no zombies', async () => (await kernel.evaluate(ZOMBIES)) === 0);
      expect(await kernel.evaluate('__import__("subprocess").run("exit 5", shell=True).returncode')).toBe(5);
      expect(await kernel.evaluate('__import__("os").getppid()')).toBe(1);

      await kernel.execute(REGISTER);
      expect(await askSigned(told, { shutdown: 1 })).toEqual({ ok: true });
      expect(await launcher.exited()).toBe(0);
      expect(existsSync(join(launcher.home, 'farewell'))).toBe(true);
    },
  );
});

/** A process that only waits to be reaped has ended. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

const ZOMBIES =
  'len([1 for f in __import__("glob").glob("/proc/[0-9]*/stat") if open(f).read().split(") ")[1][0] == "Z"])';

function canBeProcess1(): boolean {
  const [program = '', ...words] = [...AS_PROCESS_1, 'true'];
  try {
    execFileSync(program, words, { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
