import { spawnSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';

const BOOTSTRAP = join(import.meta.dirname, '../../images/kernel-py/bootstrap-kernel.sh');

describe('bootstrap-kernel.sh', () => {
  it.each(['python', 'Python', 'PYTHON'])('becomes the launcher for the language %s', (language) => {
    const { status, stdout } = bootstrap({ KERNEL_ID: 'id', KERNEL_LANGUAGE: language });
    expect(stdout).toMatch(/^same process, launching .*\/python\/scripts\/launch_ipykernel\.py$/m);
    expect(status).toBe(42);
  });

  it.each([
    [{ KERNEL_LANGUAGE: 'python' }, 'KERNEL_ID is missing; the gateway sets it for each pod.'],
    [{ KERNEL_ID: 'id' }, 'KERNEL_LANGUAGE is missing; set it to python in the image or in the kernelspec.'],
    [
      { KERNEL_ID: 'id', KERNEL_LANGUAGE: 'scala' },
      'KERNEL_LANGUAGE: this image launches python, but not "scala"; choose another.',
    ],
  ])('refuses %j with one line', (env, line) => {
    const { status, stderr } = bootstrap(env);
    expect(stderr).toBe(`bootstrap-kernel: ${line}\n`);
    expect(status).toBe(1);
  });

  it('says that an image has no Python', () => {
    const { status, stderr } = bootstrap({ KERNEL_ID: 'id', KERNEL_LANGUAGE: 'python' }, []);
    expect(stderr).toBe('bootstrap-kernel: neither python nor python3 is on the PATH of this image.\n');
    expect(status).toBe(1);
  });
});

/** Runs it in an image of its own, as it were, whose interpreters only say what they are to run. */
function bootstrap(env: Record<string, string>, interpreters = ['python3']) {
  const image = mkdtempSync(join(tmpdir(), 'kernelgate-bootstrap-'));
  onTestFinished(() => rmSync(image, { recursive: true, force: true }));
  mkdirSync(join(image, 'bin'));
  mkdirSync(join(image, 'python/scripts'), { recursive: true });
  writeFileSync(join(image, 'python/scripts/launch_ipykernel.py'), '');
  for (const name of interpreters) {
    const path = join(image, 'bin', name);
    writeFileSync(path, '#!/bin/sh\n[ $$ = "$SHELL_PID" ] && echo "same process, launching $1"\nexit 42\n');
    chmodSync(path, 0o755);
  }
  // The shell becomes the script, so that SHELL_PID is the script's own.
  const start = `SHELL_PID=$$ PATH=${join(image, 'bin')} exec ${BOOTSTRAP}`;
  return spawnSync('/bin/sh', ['-c', start], {
    env: { ...env, KERNEL_LAUNCHERS_DIR: image },
    encoding: 'utf8',
  });
}
