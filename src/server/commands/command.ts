/** What every verb of the command line has in common. */

/**
 * Exit statuses: 0 when what was asked for was done, 1 when it could not be or
 * when a check found something wrong, 2 when the command line itself is wrong.
 */
export type ExitStatus = 0 | 1 | 2;

/** Ends a command. The message is one line: what is wrong, and what to do about it. */
export class CommandError extends Error {
  readonly code = 'COMMAND_FAILED';
  override readonly name = 'CommandError';
  readonly exitStatus: ExitStatus;

  constructor(message: string, exitStatus: ExitStatus = 1, options?: ErrorOptions) {
    super(message.replace(/\p{Cc}+/gu, ' ').trim(), options);
    this.exitStatus = exitStatus;
  }
}

export interface CommandOption {
  /** What stands for its value; absent for one that takes none. */
  form?: string;
  doc: string;
}

export interface CommandDescription {
  summary: string;
  /** Words after the verb, as in `DIR`; those in brackets may be left out. */
  words: string;
  options: Readonly<Record<string, CommandOption>>;
}

/** A command line that fits its description. */
export interface CommandWords {
  words: string[];
  values: ReadonlyMap<string, string>;
  flags: ReadonlySet<string>;
}

/** All that a command has of the world around it. */
export interface Surroundings {
  env: Readonly<Record<string, string | undefined>>;
  write(text: string): void;
  /** Remarks that are no part of the result. */
  remark(text: string): void;
  /** Somebody sees what is written: it can be drawn over. Null when it goes into a file or a pipe. */
  screen(): { columns: number; rows: number } | null;
  now(): number;
  /** Ends what would go on. */
  signal: AbortSignal;
}

export type RunCommand = (given: CommandWords, surroundings: Surroundings) => Promise<ExitStatus>;

export interface Command extends CommandDescription {
  /** Loaded only when it is used: the gateway itself needs none of them. */
  load(): Promise<RunCommand>;
}
