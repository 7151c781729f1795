/**
 * An operator's own launch command, run as a child process: it makes the
 * kernel's pod in whatever way it likes, and the pod is found by its labels.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { oneLine } from '../../machines/failure.ts';
import type { Failure, LaunchPlan } from '../../machines/ports.ts';

export interface LaunchProcessLog {
  info(context: object, text: string): void;
}

/** Lines of output that explain a launch command's failure. */
const LAST_LINES = 5;
const LONGEST_LINE = 300;

export class LaunchProcess {
  readonly #kernelId: string;
  readonly #child: ChildProcess;
  readonly #lastLines: string[] = [];
  /** Resolves with why the command failed; never when it succeeds. */
  readonly failed: Promise<Failure>;

  /** @param env the complete environment of the command */
  constructor(plan: LaunchPlan, argv: string[], env: Record<string, string>, log: LaunchProcessLog) {
    this.#kernelId = plan.kernelId;
    const [command = '', ...args] = argv;
    this.#child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of ['stdout', 'stderr'] as const) this.#follow(this.#child[stream], stream, log);
    this.failed = new Promise((resolve) => {
      this.#child.once('error', (error) =>
        resolve(this.#failure(command, `could not be started: ${error.message}`)),
      );
      this.#child.once('close', (code, signal) => {
        if (code === 0) return;
        resolve(
          this.#failure(command, signal === null ? `exited with code ${code}` : `was killed by ${signal}`),
        );
      });
    });
  }

  /** Ends the command, and whatever it has started, if it still runs. */
  end(): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It ended in this very moment.
    }
  }

  #follow(output: Readable | null, stream: string, log: LaunchProcessLog): void {
    if (output === null) return;
    createInterface({ input: output }).on('line', (line) => {
      log.info(
        { kernelId: this.#kernelId, stream },
        `launch command of kernel ${this.#kernelId} ${stream}: ${line}`,
      );
      this.#lastLines.push(line.trim().slice(0, LONGEST_LINE));
      if (this.#lastLines.length > LAST_LINES) this.#lastLines.shift();
    });
  }

  #failure(command: string, what: string): Failure {
    const said = this.#lastLines.filter((line) => line !== '').join(' | ');
    return {
      code: 'POD_CREATION_FAILED',
      message: oneLine(`The launch command ${command} ${what}${said === '' ? '.' : `: ${said}`}`),
      hint: `See the log of the gateway for all that it wrote about kernel ${this.#kernelId}.`,
    };
  }
}
