import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryDir } from '../kernelspecs/fixtures.ts';
import { launch, planOf, startProvisioner } from './local-kernels.ts';

const WAITS = 'exec sleep 60';

describe('the connection file', () => {
  it('tells the kernel five ports of its own and a key, and no other user', async () => {
    const started = await startProvisioner();
    const { plan } = await launch(started, planOf(WAITS));
    const file = join(started.runtimeDir, `kernel-${plan.kernelId}.json`);
    const connection = JSON.parse(await readFile(file, 'utf8'));
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(connection).toEqual({
      transport: 'tcp',
      ip: '127.0.0.1',
      shell_port: expect.any(Number),
      iopub_port: expect.any(Number),
      stdin_port: expect.any(Number),
      control_port: expect.any(Number),
      hb_port: expect.any(Number),
      key: expect.stringMatching(/^[0-9a-f-]{36}$/),
      signature_scheme: 'hmac-sha256',
      kernel_name: 'a-kernel',
    });
    expect(new Set(Object.values(connection).filter(Number.isInteger)).size).toBe(5);
    expect(await started.provisioner.awaitHandshake(plan)).toEqual(connection);
  });

  it('has another key and other ports for each kernel', async () => {
    const started = await startProvisioner();
    const plans = [planOf(WAITS), planOf(WAITS)];
    for (const plan of plans) await launch(started, plan);
    const [one, other] = await Promise.all(plans.map((plan) => started.provisioner.awaitHandshake(plan)));
    expect(one?.key).not.toBe(other?.key);
    const ports = [one, other].flatMap((each) => Object.values(each ?? {}).filter(Number.isInteger));
    expect(new Set(ports).size).toBe(10);
  });

  it('lies in a directory that is made when it is missing, as are the directories for records', async () => {
    const runtimeDir = join(await temporaryDir(), 'not', 'there');
    const started = await startProvisioner({ runtimeDir });
    const { plan } = await launch(started, planOf(WAITS));
    expect(await readdir(runtimeDir)).toEqual(
      expect.arrayContaining([`kernel-${plan.kernelId}.json`, 'kernelgate']),
    );
    expect((await stat(join(runtimeDir, 'kernelgate'))).mode & 0o777).toBe(0o700);
  });
});

describe('a local kernel', () => {
  it('is started with the placeholders of its kernelspec filled in', async () => {
    const started = await startProvisioner();
    const words = [
      '-f={connection_file}',
      '{resource_dir}',
      '{kernel_id}{kernel_id}',
      '{port_range}',
      '{other}',
      '{',
      '$HOME',
    ];
    const script = 'for word in "$@"; do echo "word $word"; done; exec sleep 60';
    const { plan, says } = await launch(
      started,
      planOf(script, { words, portRange: { low: 20_000, high: 30_000 } }),
    );
    const said = [];
    for (const _word of words) said.push((await says('word ')).line.slice('word '.length));
    expect(said).toEqual([
      `-f=${join(started.runtimeDir, `kernel-${plan.kernelId}.json`)}`,
      '/resources',
      plan.kernelId + plan.kernelId,
      '20000..30000',
      '{other}',
      '{',
      '$HOME',
    ]);
  });

  it("has the plan's environment, and nothing of the gateway's but its process id", async () => {
    const started = await startProvisioner();
    const env = { PATH: '/usr/bin:/bin', KERNEL_X: 'a "b" $c' };
    const { says } = await launch(started, planOf('env | sort; echo done; exec sleep 60', { env }));
    await says('done');
    const lines = started.output.items
      .map(({ line }) => line)
      .filter((line) => !/^(PWD|SHLVL|_|OLDPWD)=/.test(line));
    expect(lines).toEqual([
      `JPY_PARENT_PID=${process.pid}`,
      'KERNEL_X=a "b" $c',
      'PATH=/usr/bin:/bin',
      'done',
    ]);
  });

  it('that is to outlive the gateway does not look for it', async () => {
    const started = await startProvisioner({ persistenceRoot: '/somewhere' });
    const { says } = await launch(started, planOf('echo "parent $JPY_PARENT_PID."; exec sleep 60'));
    expect((await says('parent')).line).toBe('parent .');
  });

  it('starts in its working directory', async () => {
    const started = await startProvisioner();
    const workingDir = await temporaryDir();
    const { says } = await launch(started, planOf('echo "in $(pwd)"; exec sleep 60', { workingDir }));
    expect((await says('in ')).line).toBe(`in ${workingDir}`);
  });

  it('is described by its process, which leads a session and a group of its own', async () => {
    const started = await startProvisioner();
    const { plan, pod, pid } = await launch(started, planOf(WAITS));
    expect(pod).toEqual({
      name: `kernel-${plan.kernelId}`,
      namespace: null,
      ip: '127.0.0.1',
      node: null,
      uid: expect.stringContaining(String(pid)),
      pid,
    });
    const fields = (await readFile(`/proc/${pid}/stat`, 'latin1')).replace(/^.*\) /, '').split(' ');
    expect(fields.slice(2, 4)).toEqual([String(pid), String(pid)]);
  });
});
