import { describe, expect, test } from 'vitest';
import { runCommand } from '../../../src/adapters/kernelspecs/command-runner.ts';

const run = (code: string, options: Partial<Parameters<typeof runCommand>[2]> = {}) =>
  runCommand('/bin/sh', ['-c', code], { env: { PATH: '/usr/bin:/bin' }, timeoutMs: 30_000, ...options });

describe('a command', () => {
  test('tells its exit code and what it wrote, also line by line', async () => {
    const lines: string[] = [];
    const result = await run('echo one; echo two >&2; exit 3', { onLine: (line) => lines.push(line) });
    expect(result).toEqual({ code: 3, stdout: 'one\n', stderr: 'two\n', timedOut: false });
    expect(lines.sort()).toEqual(['one', 'two']);
  });

  test('that cannot be started is a result that says why', async () => {
    const result = await runCommand('/no/such/program', [], { env: {}, timeoutMs: 1000 });
    expect(result).toMatchObject({ code: null, stderr: expect.stringContaining('ENOENT') });
  });

  test('that takes too long is ended together with its children', async () => {
    const result = await run('sleep 60 & wait', { timeoutMs: 50 });
    expect(result).toMatchObject({ code: null, timedOut: true });
  });

  test('is ended by the signal, also by one that has been aborted before', async () => {
    const controller = new AbortController();
    const ended = run('echo started; sleep 60', {
      signal: controller.signal,
      onLine: () => controller.abort(),
    });
    expect(await ended).toMatchObject({ code: null, timedOut: false });
    expect(await run('sleep 60', { signal: controller.signal })).toMatchObject({ code: null });
  });
});
