import { readdir } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { processesWith } from '../../../src/adapters/local/process-identity.ts';
import { KernelFailure } from '../../../src/machines/failure.ts';
import { FIRST_PORT, launch, never, planOf, startProvisioner } from './local-kernels.ts';

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
    const portRange = { low: FIRST_PORT + 50, high: FIRST_PORT + 53 };
    await expect(started.provisioner.createPod(planOf(WAITS, { portRange }), never)).rejects.toThrow(
      `no free port found between ${portRange.low} and ${portRange.high}`,
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
    const portRange = { low: FIRST_PORT + 60, high: FIRST_PORT + 64 };
    const abort = AbortSignal.abort();
    await expect(started.provisioner.createPod(planOf(WAITS, { portRange }), abort)).rejects.toThrow();
    const { plan } = await launch(started, planOf(WAITS, { portRange }));
    const { shell_port } = await started.provisioner.awaitHandshake(plan);
    expect(shell_port).toBeGreaterThanOrEqual(portRange.low);
    expect(shell_port).toBeLessThanOrEqual(portRange.high);
  });
});
