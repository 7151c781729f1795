import { actionFlags } from './command-line.ts';
import type { Setting } from './option.ts';
import { traitOf } from './option-names.ts';
import { settingOptions } from './settings.ts';
import { plainOf } from './show-value.ts';

const width = 88;

/** What `--help` prints, or `--help-all` with every option. Ends in a newline. */
export function renderHelp(all: boolean): string {
  const settings = settingOptions.map(([, setting]) => setting);
  const short = settings.flatMap((one) =>
    one.flag ? [entry(`--${one.flag}=<${one.codec.form}>`, one.doc, one)] : [],
  );
  const blocks = ['Options', ...flagEntries(), ...short];
  if (all)
    blocks.push(...groupsOf(settings).flatMap(([group, members]) => [group, ...members.map(longEntry)]));
  else blocks.push('--help-all shows every option.');
  return `${blocks.join('\n\n')}\n`;
}

/** Settings under the headings of their groups, in the order of the table. */
export function groupsOf(settings: readonly Setting<unknown>[]): [string, Setting<unknown>[]][] {
  return [...Map.groupBy(settings, ({ group }) => group)];
}

function flagEntries(): string[] {
  const actions = Object.entries(actionFlags).map(([name, doc]) => entry(`--${name}`, doc));
  return [
    ...actions,
    entry('-y', 'Overwrite an existing file without asking.'),
    entry('--debug', 'The same as --log-level=DEBUG.'),
    entry(
      '--config=<path>',
      'The config file (.py or .json), in place of those on the config path of Jupyter.',
    ),
  ];
}

function longEntry(setting: Setting<unknown>): string {
  return entry(`--${traitOf(setting)}=<${setting.codec.form}>`, setting.doc, setting);
}

function entry(title: string, doc: string, setting?: Setting<unknown>): string {
  const lines = wrapped(doc);
  if (setting) {
    const env = setting.env?.[0];
    lines.push(
      `Default: ${plainOf(setting.codec.toJson(setting.fallback))}${env ? `; environment: ${env}` : ''}`,
    );
  }
  return [title, ...lines.map((line) => `    ${line}`)].join('\n');
}

function wrapped(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || line.length + word.length + 5 > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}
