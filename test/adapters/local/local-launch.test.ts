import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { processesWith } from '../../../src/adapters/local/process-identity.ts';
import { KernelFailure } from '../../../src/machines/failure.ts';
import { temporaryDir } from '../kernelspecs/fixtures.ts';
import { launch, never, planOf, startProvisioner } from './local-kernels.ts';

const WAITS = 'exec sleep 60';

/** All files of the runtime directory, at any depth. */
async function filesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map(({ name }) => name);
}

async function failureOf(attempt: Promise<unknown>) {
  const error = await attempt.then(
    () => null,
    (caught) => caught,
  );
  return error instanceof KernelFailure ? error.failure : error;
}

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

describe('a launch is refused', () => {
  it.each(['/no/such/file', '/etc/passwd', ''])('when %j can not be executed', async (command) => {
    const { provisioner } = await startProvisioner();
    const failure = await failureOf(provisioner.check(planOf('', { argv: [command] })));
    expect(failure).toMatchObject({
      code: 'LAUNCH_REFUSED',
      message: `kernelspec a-kernel: argv[0] ${command} can't be executed.`,
    });
  });

  it.each(['/no/such/directory', '/etc/passwd'])('when %s is no directory to work in', async (workingDir) => {
    const { provisioner } = await startProvisioner();
    const failure = await failureOf(provisioner.check(planOf('', { workingDir })));
    expect(failure).toMatchObject({ code: 'LAUNCH_REFUSED', message: expect.stringContaining(workingDir) });
  });

  it('not when everything is there', async () => {
    const { provisioner } = await startProvisioner();
    await expect(provisioner.check(planOf(WAITS, { workingDir: '/' }))).resolves.toBeUndefined();
  });
});

describe('a launch that fails leaves nothing behind', () => {
  it('when the process can not be started; and it says why', async () => {
    const { provisioner, runtimeDir } = await startProvisioner();
    const failure = await failureOf(provisioner.createPod(planOf('', { argv: ['/no/such/file'] }), never));
    expect(failure).toMatchObject({
      code: 'POD_CREATION_FAILED',
      message: expect.stringMatching(/^Kernel a-kernel could not be started: .*ENOENT/),
      hint: expect.stringContaining('/resources'),
    });
    expect(await filesIn(runtimeDir)).toEqual([]);
  });

  it('when the port range is full', async () => {
    const started = await startProvisioner();
    const portRange = { low: 31_000, high: 31_003 };
    await expect(started.provisioner.createPod(planOf(WAITS, { portRange }), never)).rejects.toThrow(
      'no free port found between 31000 and 31003',
    );
    expect(await filesIn(started.runtimeDir)).toEqual([]);
  });

  it.each(['before it began', 'while it was under way'])('when it was aborted %s', async (when) => {
    const { provisioner, runtimeDir } = await startProvisioner();
    const plan = planOf(WAITS);
    const abort = new AbortController();
    if (when.startsWith('before')) abort.abort();
    const attempt = provisioner.createPod(plan, abort.signal);
    abort.abort();
    await expect(attempt).rejects.toThrow();
    expect(await filesIn(runtimeDir)).toEqual([]);
    expect(await processesWith(plan.kernelId)).toEqual([]);
  });

  it('and the next one with the same ports succeeds', async () => {
    const started = await startProvisioner();
    const portRange = { low: 31_010, high: 31_014 };
    const abort = AbortSignal.abort();
    await expect(started.provisioner.createPod(planOf(WAITS, { portRange }), abort)).rejects.toThrow();
    const { plan } = await launch(started, planOf(WAITS, { portRange }));
    const { shell_port } = await started.provisioner.awaitHandshake(plan);
    expect(shell_port).toBeGreaterThanOrEqual(31_010);
    expect(shell_port).toBeLessThanOrEqual(31_014);
  });
});
