/**
 * An operator's own launch command, run as a child process: it makes the
 * kernel's pod in whatever way it likes, and the pod is found by its labels.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import type { Failure, LaunchPlan } from '../../machines/ports.ts';
import { clusterText, linesOf } from './runtime-text.ts';

export interface LaunchProcessLog {
  info(context: object, text: string): void;
}

/** Lines of output that explain a launch command's failure. */
const LAST_LINES = 5;
const LONGEST_LINE = 300;
/** Milliseconds after the command's end in which the rest of its output must come: others may hold it open. */
const OUTPUT_PATIENCE = 1000;
/** Milliseconds after which a command that was killed is not waited for any more. */
const KILL_PATIENCE = 5000;

export class LaunchProcess {
  readonly #kernelId: string;
  readonly #command: string;
  readonly #child: ChildProcess;
  readonly #lastLines: string[] = [];
  /** Resolves when the command has ended, with why it failed; null: it succeeded. */
  readonly outcome: Promise<Failure | null>;
  #hasEnded = false;

  /** @param env the complete environment of the command */
  constructor(plan: LaunchPlan, argv: string[], env: Record<string, string>, log: LaunchProcessLog) {
    const [command = '', ...args] = argv;
    this.#kernelId = plan.kernelId;
    this.#command = command;
    this.#child = spawn(command, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of ['stdout', 'stderr'] as const) this.#follow(this.#child[stream], stream, log);
    this.outcome = this.#ending().finally(() => {
      this.#hasEnded = true;
    });
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Ends the command, and whatever it has started, if it still runs. Resolves when it is gone. */
  async end(): Promise<void> {
    this.#kill();
    const { promise: tooLong, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, KILL_PATIENCE);
    await Promise.race([this.outcome, tooLong]);
    clearTimeout(timer);
  }

  #kill(): void {
    const { pid, exitCode, signalCode } = this.#child;
    if (pid === undefined || exitCode !== null || signalCode !== null) return;
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It ended in this very moment.
    }
  }

  #ending(): Promise<Failure | null> {
    const { promise, resolve } = Promise.withResolvers<Failure | null>();
    const ended = (code: number | null, signal: NodeJS.Signals | null) => {
      if (code === 0) resolve(null);
      else resolve(this.#failure(signal === null ? `exited with code ${code}` : `was killed by ${signal}`));
    };
    this.#child.once('error', ({ message }) => resolve(this.#failure(`could not be started: ${message}`)));
    this.#child.once('close', ended);
    this.#child.once('exit', (code, signal) => {
      setTimeout(() => ended(code, signal), OUTPUT_PATIENCE).unref();
    });
    return promise;
  }

  #follow(output: Readable | null, stream: string, log: LaunchProcessLog): void {
    if (output === null) return;
    createInterface({ input: output }).on('line', (line) => {
      log.info(
        { kernelId: this.#kernelId, stream },
        `launch command of kernel ${this.#kernelId} ${stream}: ${line}`,
      );
      this.#lastLines.push(...linesOf(line).map((each) => each.slice(0, LONGEST_LINE).toWellFormed()));
      this.#lastLines.splice(0, this.#lastLines.length - LAST_LINES);
    });
  }

  #failure(what: string): Failure {
    const said = this.#lastLines.join(' | ');
    return {
      code: 'POD_CREATION_FAILED',
      message: `The launch command ${this.#command} ${clusterText(what)}${said === '' ? '.' : `: ${said}`}`,
      hint: `See the log of the gateway for all that it wrote about kernel ${this.#kernelId}.`,
    };
  }
}
