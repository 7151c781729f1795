/** The shipped launcher as a process of this machine, as a pod would run it. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { eventually, within } from '../e2e/deadline.ts';
import { testPython } from '../e2e/gateway-process.ts';

export const LAUNCHER = join(import.meta.dirname, '../../kernelspecs/launchers/python/launch_ipykernel.py');
const EXIT_MS = 20_000;

export interface LauncherOptions {
  env?: Record<string, string>;
  args?: string[];
  /** Words before the interpreter, such as another program that starts it. */
  wrapper?: string[];
}

export class LauncherProcess {
  /** Home, working directory and TMPDIR of the kernel. */
  readonly home = mkdtempSync(join(tmpdir(), 'kernelgate-launcher-'));
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | null>;
  #output = '';
  #errors = '';

  /** Ended with the test. */
  constructor({ env = {}, args = [], wrapper = [] }: LauncherOptions) {
    const [program = '', ...words] = [...wrapper, testPython(), LAUNCHER, ...args];
    this.#child = spawn(program, words, {
      cwd: this.home,
      env: {
        PATH: process.env['PATH'] ?? '',
        LANG: 'C.UTF-8',
        HOME: this.home,
        TMPDIR: this.home,
        PYTHONDONTWRITEBYTECODE: '1',
        PYTHONUNBUFFERED: '1',
        ...env,
      },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#output += text;
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.#errors += text;
    });
    this.#exit = new Promise((resolve) => this.#child.once('close', resolve));
    onTestFinished(() => this.#destroy());
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  get stdout(): string {
    return this.#output;
  }

  get stderr(): string {
    return this.#errors;
  }

  /** The lines that the launcher itself has written. */
  get lines(): string[] {
    return this.#errors.split('\n').filter((line) => line.startsWith('launch_ipykernel: '));
  }

  /** Exit status, once it has ended and all that it wrote is here; null when a signal ended it. */
  exited(): Promise<number | null> {
    return within(EXIT_MS, "the launcher's end", this.#exit).catch((error) => {
      throw new Error(`${error.message}; it wrote:\n${this.#errors}`);
    });
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async wrote(pattern: RegExp): Promise<void> {
    await eventually(EXIT_MS, `${pattern} in what it writes`, () =>
      pattern.test(this.#output + this.#errors),
    );
  }

  async #destroy(): Promise<void> {
    if (this.#child.exitCode === null) this.#child.kill('SIGTERM');
    await this.exited().catch(() => this.#child.kill('SIGKILL'));
    rmSync(this.home, { recursive: true, force: true });
  }
}

/** Whether a process runs; one that only waits to be reaped does not. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
