import { existsSync } from 'node:fs';
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ensurePythonEnvironment } from '../../../src/adapters/kernelspecs/python-environment.ts';
import { fakePython } from './fake-python.ts';
import { script, write } from './fixtures.ts';

async function setUp() {
  const fake = await fakePython();
  const directory = join(fake.project, '.kernelgate', 'python');
  const ensure = (options: object = {}) => ensurePythonEnvironment({ ...fake.options(), ...options });
  return { ...fake, directory, ensure };
}

/** The message of an attempt that has to fail; it is always one line. */
async function messageOf(attempt: ReturnType<typeof ensurePythonEnvironment>): Promise<string> {
  const result = await attempt;
  if (result.ok) return expect.unreachable('the environment was made');
  expect(result.message).not.toContain('\n');
  return result.message;
}

describe('the private Python environment', () => {
  test('is made beside the project, with its progress shown, and is there at once the next time', async () => {
    const { ensure, directory, progress, calls } = await setUp();
    const kernelDir = join(directory, 'share/jupyter/kernels');
    expect(await ensure()).toEqual({ ok: true, directory, kernelDir, changed: true });
    expect(await readdir(kernelDir)).toEqual(['python3']);
    expect(progress[0]).toContain(directory);
    expect(progress).toContain('Collecting ipykernel==1');
    const before = await calls();
    const run = () => expect.unreachable('a command was run');
    expect(await ensure({ run, python: null })).toEqual({ ok: true, directory, kernelDir, changed: false });
    expect(await calls()).toEqual(before);
  });

  test('lies in Jupyter’s data directory when the project cannot be written to', async () => {
    const { ensure, root, project } = await setUp();
    await write(join(project, '.kernelgate'), 'in the way');
    expect(await ensure()).toMatchObject({ ok: true, directory: join(root, 'data/kernelgate/python') });
  });

  test('lies in Jupyter’s data directory when the project is an installed package', async () => {
    const { ensure, root } = await setUp();
    const projectDir = join(root, 'node_modules', 'kernelgate');
    expect(await ensure({ projectDir })).toMatchObject({ directory: join(root, 'data/kernelgate/python') });
  });

  test('that was left half-made is made anew', async () => {
    const { ensure, directory } = await setUp();
    await script(join(directory, 'bin/python'), 'exit 0');
    await write(join(directory, 'left-behind'), 'x');
    expect(await ensure()).toMatchObject({ ok: true, changed: true });
    expect(existsSync(join(directory, 'left-behind'))).toBe(false);
  });

  test('whose interpreter has gone is made anew', async () => {
    const { ensure, directory } = await setUp();
    await ensure();
    await rm(join(directory, 'bin/python'));
    expect(await ensure()).toMatchObject({ ok: true, changed: true });
  });

  test('is brought up to date when the requirements change, without being made anew', async () => {
    const { ensure, requirementsFile, calls } = await setUp();
    await ensure();
    await write(requirementsFile, 'ipykernel==2\n');
    expect(await ensure()).toMatchObject({ ok: true, changed: true });
    const made = await calls();
    expect([made.filter((call) => call.startsWith('venv')).length, made.length]).toEqual([1, 3]);
    expect(await ensure()).toMatchObject({ ok: true, changed: false });
  });

  test('stays in use when it cannot be brought up to date', async () => {
    const { ensure, requirementsFile, setBehaviour, progress, directory } = await setUp();
    await ensure();
    await write(requirementsFile, 'ipykernel==2\n');
    await setBehaviour({ pip: 'echo "ERROR: no such version" >&2; exit 1' });
    expect(await ensure()).toMatchObject({ ok: true, directory });
    expect(progress.at(-1)).toContain('no such version');
  });

  test('is made once when two gateways start at the same time', async () => {
    const { ensure, calls } = await setUp();
    const results = await Promise.all([ensure(), ensure()]);
    expect(results.map((result) => result.ok)).toEqual([true, true]);
    expect((await calls()).filter((call) => call.startsWith('venv'))).toHaveLength(1);
  });

  test('hands proxies and PIP variables to pip, but nothing that leads packages elsewhere', async () => {
    const { ensure, env, calls } = await setUp();
    Object.assign(env, { PIP_INDEX_URL: 'i', HTTPS_PROXY: 'p', PIP_USER: '1', PYTHONPATH: '/x' });
    await ensure();
    expect(await calls()).toContain('pip index=i proxy=p user=0 path=');
  });
});

describe('what keeps it from being made is told in one line', () => {
  test.each([
    ['apt-get', 'linux', 'apt install python3 python3-venv'],
    ['dnf', 'linux', 'dnf install python3'],
    ['apk', 'linux', 'apk add python3'],
    ['none', 'linux', "your system's package manager"],
    ['brew', 'darwin', 'brew install python3'],
    ['none', 'darwin', 'xcode-select --install'],
  ])('no Python, on a machine with %s on %s', async (command, platform, advice) => {
    const { ensure, bin } = await setUp();
    await rm(join(bin, 'python3'));
    await script(join(bin, command), '');
    const message = await messageOf(ensure({ python: null, platform }));
    expect(message).toContain('no Python 3 on the PATH');
    expect(message).toContain(advice);
  });

  test('a Python that is too old, unless a newer one lies beside it', async () => {
    const { ensure, put, calls } = await setUp();
    const python = await put('python3', 8);
    expect(await messageOf(ensure({ python }))).toMatch(/Python 3\.8\.2.*3\.9 or later/);
    await put('python3.10', 10);
    expect(await ensure({ python })).toMatchObject({ ok: true });
    expect((await calls())[0]).toContain('python3.10');
  });

  test('no venv module', async () => {
    const { ensure, bin, setBehaviour } = await setUp();
    await script(join(bin, 'apt-get'), '');
    const debian = 'The virtual environment was not created successfully because ensurepip is not available.';
    for (const complaint of [debian, 'x: No module named venv']) {
      await setBehaviour({ venv: `echo '${complaint}'; exit 1` });
      expect(await messageOf(ensure())).toContain('run `apt install python3-venv`');
    }
  });

  test.each([
    ['Failed to establish a new connection: [Errno -3] Temporary failure in name resolution', 'HTTPS_PROXY'],
    ['SSLError(SSLCertVerificationError(1, CERTIFICATE_VERIFY_FAILED))', 'PIP_CERT'],
    ['ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', 'free about'],
    [
      'ERROR: No matching distribution found for ipykernel==1',
      'No matching distribution found for ipykernel==1',
    ],
  ])('pip that fails with: %s', async (complaint, advice) => {
    const { ensure, setBehaviour, directory } = await setUp();
    await setBehaviour({ pip: `echo '${complaint}' >&2; exit 1` });
    expect(await messageOf(ensure())).toContain(advice);
    expect(existsSync(directory)).toBe(false);
  });

  test('packages that do not work', async () => {
    const { ensure, setBehaviour } = await setUp();
    await setBehaviour({ check: 'exit 1' });
    expect(await messageOf(ensure())).toContain('-m ipykernel --version');
  });

  test('no place to write to', async () => {
    const { ensure, root, project } = await setUp();
    await write(project, 'a file');
    await write(join(root, 'data'), 'a file');
    expect(await messageOf(ensure())).toMatch(/cannot write to .*project.* nor .*data/);
  });

  test('a gateway that is stopped meanwhile, which leaves nothing half-made behind', async () => {
    const { ensure, setBehaviour, project } = await setUp();
    await setBehaviour({ pip: '/bin/sleep 60' });
    const controller = new AbortController();
    const progress = (text: string) => {
      if (text.startsWith('Collecting')) controller.abort();
    };
    expect(await messageOf(ensure({ signal: controller.signal, progress }))).toContain('was stopped');
    expect(await readdir(join(project, '.kernelgate'))).toEqual([]);
  });

  test('a requirements file that is missing', async () => {
    const { ensure } = await setUp();
    expect(await messageOf(ensure({ requirementsFile: '/no/such/file' }))).toContain('/no/such/file');
  });
});
