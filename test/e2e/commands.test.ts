import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { eventually, within } from './deadline.ts';
import { ownGateway, sharedGateway } from './gateway-process.ts';
import { launchKernel } from './kernel-client.ts';
import { scriptSpec } from './kernelspecs.ts';
import { describeE2e, UNKNOWN_ID } from './suite.ts';

const PROGRAM = join(import.meta.dirname, '../../src/server/cli.ts');

interface Outcome {
  code: number | null;
  output: string;
  errors: string;
}

/** A `kernelgate` of its own, as typed into a shell that knows nothing but the path and `env`. */
class Shell {
  readonly outcome: Outcome = { code: null, output: '', errors: '' };
  readonly ended: Promise<Outcome>;
  readonly #child: ChildProcess;

  constructor(words: readonly string[], env: Record<string, string> = {}) {
    this.#child = spawn(process.execPath, [PROGRAM, ...words], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.outcome.output += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.outcome.errors += text;
    });
    this.ended = new Promise((resolve) => {
      this.#child.once('close', (code) => resolve(Object.assign(this.outcome, { code })));
    });
    onTestFinished(() => void this.#child.kill('SIGKILL'));
  }

  async written(pattern: RegExp): Promise<void> {
    await eventually(20_000, `${pattern} in the output`, () => pattern.test(this.outcome.output));
  }
}

function kernelgate(words: readonly string[], env: Record<string, string> = {}): Promise<Outcome> {
  return within(20_000, `the end of kernelgate ${words.join(' ')}`, new Shell(words, env).ended);
}

describeE2e('kernelgate on the command line', () => {
  const gateway = sharedGateway({
    kernelspecs: (python) => ({
      exits_at_once: scriptSpec(python, 'import sys; sys.exit("libmagic.so.7 is missing")'),
    }),
  });

  it('lists the kernels of a running gateway, and tells the life of one', async () => {
    const id = await launchKernel(gateway.current);
    const env = { EG_PORT: String(gateway.current.port) };
    const { code, output } = await kernelgate(['kernels'], env);
    expect(code).toBe(0);
    expect(output).toMatch(new RegExp(`^${id} +python3 .*connected`, 'm'));
    const told = await kernelgate(['events', id], env);
    expect(told.code).toBe(0);
    expect(told.output).toMatch(/launching\.checking[\s\S]*channels\.ready[\s\S]*\nPHASE/);
  });

  it('says why a launch failed', async () => {
    await gateway.current.request('/api/kernels', { method: 'POST', body: { name: 'exits_at_once' } });
    const words = ['--url', gateway.current.url];
    const { output } = await kernelgate(['kernels', '--all', ...words]);
    const [id = ''] = /^\S+(?= +exits_at_once .*libmagic\.so\.7)/m.exec(output) ?? [];
    expect((await kernelgate(['events', id, ...words])).output).toMatch(/POD_GONE: .*libmagic\.so\.7/);
  });

  it('shows changes as they happen, and follows a kernel to its end', async () => {
    const words = ['--url', gateway.current.url];
    const watch = new Shell(['kernels', '--watch', ...words]);
    const id = await launchKernel(gateway.current);
    await watch.written(new RegExp(`kernel=${id} .*phase=connected`));
    const life = new Shell(['events', id, '--follow', ...words]);
    await life.written(/channels\.ready/);
    await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
    await watch.written(new RegExp(`kernel=${id} .*phase=stopped`));
    const { code, output } = await within(10_000, 'the end of the life', life.ended);
    expect(code).toBe(0);
    expect(output).toMatch(/stopped: shutdown\n$/);
  });

  it('explains in one line what it can not do', async () => {
    const { code, errors } = await kernelgate(['events', UNKNOWN_ID, '--url', gateway.current.url]);
    expect(code).toBe(1);
    expect(errors).toContain(`Kernel does not exist: ${UNKNOWN_ID}`);
    expect(errors.trim().split('\n')).toHaveLength(1);
    expect(await kernelgate(['kernls'])).toMatchObject({ code: 2, output: '' });
  });

  it('asks a gateway that has a token and a base address of its own', async () => {
    const guarded = await ownGateway({ env: { EG_AUTH_TOKEN: 'hush-77', EG_BASE_URL: '/base' } });
    const refused = await kernelgate(['kernels', '--url', guarded.url]);
    expect(refused).toMatchObject({ code: 1, errors: expect.stringContaining('requires a token') });
    const env = { EG_PORT: String(guarded.port), EG_BASE_URL: '/base', EG_AUTH_TOKEN: 'hush-77' };
    expect(await kernelgate(['kernels'], env)).toMatchObject({ code: 0, output: 'There are no kernels.\n' });
    await guarded.stop();
  });
});

it.each([['help'], ['help', 'kernels'], ['events', '--help'], ['chart']])(
  'kernelgate %s needs no gateway',
  async (...words) => {
    const { code, output, errors } = await kernelgate(words);
    expect({ code, errors }).toEqual({ code: 0, errors: '' });
    expect(output).toMatch(/Usage: kernelgate|stateDiagram/);
  },
);
