/** Runs a command as a terminal or a pipe would see it. */
import { onTestFinished } from 'vitest';
import type { Surroundings } from '../../../src/server/commands/command.ts';
import { CommandError } from '../../../src/server/commands/command.ts';
import { runCommand } from '../../../src/server/commands/run-command.ts';

export const NOW = Date.parse('2025-01-02T03:04:05.000Z');

export interface Outcome {
  status: number;
  output: string;
  /** The one line of an error; empty when there is none. */
  error: string;
}

/** A command that goes on until the test is over. */
export class CommandRun {
  output = '';
  remarks: string[] = [];
  readonly ended: Promise<Outcome>;
  readonly #listeners = new Set<() => void>();

  constructor(words: readonly string[], { env = {}, screen = () => null }: Partial<Surroundings> = {}) {
    const controller = new AbortController();
    onTestFinished(() => controller.abort());
    const surroundings: Surroundings = {
      env,
      screen,
      now: () => NOW,
      signal: controller.signal,
      remark: (text) => this.remarks.push(text),
      write: (text) => {
        this.output += text;
        for (const listener of this.#listeners) listener();
      },
    };
    this.ended = runCommand(words, surroundings).then(
      (status) => ({ status, output: this.output, error: '' }),
      (error: unknown) => {
        if (!(error instanceof CommandError)) throw error;
        return { status: error.exitStatus, output: this.output, error: error.message };
      },
    );
  }

  /** Resolves once the output holds `pattern`. */
  async written(pattern: RegExp): Promise<void> {
    if (pattern.test(this.output)) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const listener = () => pattern.test(this.output) && resolve();
    this.#listeners.add(listener);
    await promise;
    this.#listeners.delete(listener);
  }
}

export function run(words: readonly string[], surroundings: Partial<Surroundings> = {}): Promise<Outcome> {
  return new CommandRun(words, surroundings).ended;
}
