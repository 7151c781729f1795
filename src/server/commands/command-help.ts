/** The help on verbs, from the same table that reads their words. */
import type { Command, CommandDescription } from './command.ts';

const EXIT_STATUSES = `Exit status
    0  what was asked for was done
    1  it could not be done, or a check found something wrong
    2  the command line is wrong`;

/** One line for each verb. */
export function renderCommands(commands: Readonly<Record<string, Command>>): string {
  const lines = [
    ['serve', 'Run the gateway; the verb may be left out.'],
    ...Object.entries(commands).map(([verb, { words, summary }]) => [titleOf(verb, words), summary]),
    ['help VERB', 'Explain one of these.'],
  ];
  return table('Commands', lines);
}

export function renderCommandHelp(verb: string, { words, summary, options }: CommandDescription): string {
  const lines = Object.entries(options).map(([name, { form, doc }]) => [
    `--${name}${form === undefined ? '' : `=<${form}>`}`,
    doc,
  ]);
  return [
    `Usage: kernelgate ${titleOf(verb, words)} [options]`,
    summary,
    table('Options', [...lines, ['--help', 'Show this.']]),
    EXIT_STATUSES,
  ].join('\n\n');
}

function titleOf(verb: string, words: string): string {
  return `${verb} ${words}`.trim();
}

function table(title: string, lines: readonly (readonly string[])[]): string {
  const width = Math.max(...lines.map(([first = '']) => first.length));
  return [title, ...lines.map(([first = '', doc = '']) => `    ${first.padEnd(width)}  ${doc}`)].join('\n');
}
