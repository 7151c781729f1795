import type { Option, Refused, Setting, WithoutEffect } from './option.ts';
import { traitOf } from './option-names.ts';
import { optionTable } from './option-table.ts';
import { groupsOf } from './render-help.ts';
import { settingOptions } from './settings.ts';
import { plainOf } from './show-value.ts';

const introduction = `# Configuration

<!-- Made by \`node src/adapters/config/write-docs.ts\` from the option table: edit that, not this page. -->

Every option can be set in three ways. The command line wins over config files, and these win over the environment:

\`\`\`sh
kernelgate serve --port=9000 --EnterpriseGatewayApp.max_kernels=20
\`\`\`

\`\`\`json
{ "EnterpriseGatewayApp": { "port": 9000, "max_kernels": 20 } }
\`\`\`

\`\`\`sh
EG_PORT=9000 EG_MAX_KERNELS=20 kernelgate serve
\`\`\`

**Command line.** \`--Class.option=value\`, or one of the short forms below. The names of ancestor classes work as well
(\`MappingKernelManager\` for \`RemoteMappingKernelManager\`), and so does \`RemoteKernelManager\`. Lists are written
\`a,b\` or \`"['a','b']"\`, or by repeating the option. \`--help\` and \`--help-all\` show the options, \`--show-config\`
and \`--show-config-json\` the settings in force and where each comes from, and \`--generate-config\` writes a config
file to start from.

**Config files.** The file of \`--config\`, or else each \`jupyter_enterprise_gateway_config.json\` and \`.py\` in
\`JUPYTER_CONFIG_PATH\`, in \`JUPYTER_CONFIG_DIR\` (\`~/.jupyter\`), in \`etc/jupyter\` of the active Python environment
(before the user's directory when that is a virtual environment), in \`/usr/local/etc/jupyter\` and in \`/etc/jupyter\`.
What comes first in this list wins; in one directory, \`.json\` wins over \`.py\`. A \`.py\` file is run by \`python3\`.
With \`dynamic_config_interval\`, changed files count without a restart for the options that are marked as live.

**Environment.** A variable that is set to nothing counts as not set where nothing is no value (numbers, true or false,
paths). The older names, \`KG_\` in place of \`EG_\` among them, work and are warned about.

A value that is not allowed stops the start with one line that says what is. Times are in seconds, sizes in bytes.
`;

/** The text of `docs/configuration.md`. */
export function renderMarkdown(): string {
  const groups = groupsOf(settingOptions.map(([, setting]) => setting)).map(
    ([group, members]) => `## ${group}\n\n${settingsTable(members)}`,
  );
  return `${[introduction.trimEnd(), ...groups, ...otherSections()].join('\n\n')}\n`;
}

function settingsTable(members: readonly Setting<unknown>[]): string {
  const rows = members.map((one) => [
    `${code(traitOf(one))}${one.flag ? `<br>${code(`--${one.flag}`)}` : ''}`,
    environmentOf(one),
    code(plainOf(one.codec.toJson(one.fallback))),
    one.reloadable ? 'yes' : '',
    `${one.doc} Must be ${one.codec.allowed}.`,
  ]);
  return table(['Option', 'Environment', 'Default', 'Live', 'Meaning'], rows);
}

function otherSections(): string[] {
  const others: Option[] = Object.values(optionTable);
  const refused = others.flatMap((one) => (one.effect === 'refused' ? [reason(one)] : []));
  const ignored = others.flatMap((one) => (one.effect === 'none' ? [reason(one)] : []));
  return [
    '## Options of Enterprise Gateway that stop the start',
    'Somebody relies on what these do, and Kernelgate does not do it. Only values that ask for nothing special are accepted.',
    refused.join('\n'),
    '## Options of Enterprise Gateway without effect',
    'These are accepted, with a warning.',
    ignored.join('\n'),
  ];
}

function reason(option: WithoutEffect | Refused): string {
  const traits = option.traits.map(({ classes, name }) => `${classes[0]}.${name}`);
  return `- ${[...(option.env ?? []), ...traits].map(code).join(', ')}: ${option.why}`;
}

function environmentOf({ env = [], deprecatedEnv = [] }: Option): string {
  const old = deprecatedEnv.length > 0 ? [`(older: ${deprecatedEnv.map(code).join(', ')})`] : [];
  return [...env.map(code), ...old].join('<br>');
}

/** Columns are padded, as the formatter of this project wants them. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const line = (row: readonly string[], fill = ' ') =>
    `| ${widths.map((width, column) => (row[column] ?? '').padEnd(width, fill)).join(' | ')} |`;
  const [first = [], ...others] = cells;
  return [line(first), line([], '-'), ...others.map((row) => line(row))].join('\n');
}

function code(text: string): string {
  return `\`${text}\``;
}
