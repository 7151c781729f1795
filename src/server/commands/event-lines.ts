/** A kernel's life in lines for people. */
import type { Ending, Phase, Problem, TimelineEntry } from '../timeline/timeline-model.ts';
import { duration, moment, plain, table } from './plain-text.ts';

export interface LifeHead {
  kernel_id: string;
  kernel_name: string;
  username: string;
}

const INDENT = '    ';

export function headLine({ kernel_id, kernel_name, username }: LifeHead): string {
  return plain(`Kernel ${kernel_id}: ${kernel_name}${username === '' ? '' : ` of ${username}`}`);
}

/**
 * When, how long after the event before it, what happened, and the phase that
 * the kernel was in then; what went wrong comes below.
 */
export function entryLines(entry: TimelineEntry, before: TimelineEntry | undefined): string[] {
  const { at, label, phase, progress, failure } = entry;
  const since = before === undefined ? '' : `+${duration(secondsBetween(before.at, at))}`;
  const about = progress === undefined ? '' : ` (${plain(progress)})`;
  const line = `${moment(at)}  ${since.padStart(8)}  ${plain(phase).padEnd(24)}  ${plain(label)}${about}`;
  return [line, ...(failure === undefined ? [] : problemLines(failure))];
}

/** How long each part of the life took. */
export function phaseLines(phases: readonly Phase[]): string[] {
  if (phases.length === 0) return [];
  const rows = phases.flatMap(({ phase, to, seconds, steps }) => [
    [plain(phase), `${duration(seconds)}${to === null ? ' so far' : ''}`],
    ...steps.map((step) => [`  ${plain(step.message)}`, duration(step.seconds)]),
  ]);
  return ['', ...table([['PHASE', 'TIME'], ...rows])];
}

export function endingLines({ outcome, reason, failure, at }: Ending): string[] {
  const why = reason === null ? '' : `: ${plain(reason)}`;
  return ['', `${moment(at)}  ${plain(outcome)}${why}`, ...(failure === null ? [] : problemLines(failure))];
}

function problemLines({ code, message, hint }: Problem): string[] {
  return [`${INDENT}${plain(code)}: ${plain(message)}`, `${INDENT}${plain(hint)}`];
}

function secondsBetween(from: string, to: string): number {
  return Math.max(0, Date.parse(to) - Date.parse(from)) / 1000;
}
