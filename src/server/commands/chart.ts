/** `kernelgate chart`: the statecharts by which kernels and the gateway live, made from the machines themselves. */
import { suggestion } from '../../adapters/config/option-names.ts';
import { type ChartDefinition, chartDefinition } from '../../machines/chart-definition.ts';
import { toMermaid } from '../../machines/chart-mermaid.ts';
import { charts } from '../timeline/charts.ts';
import { CommandError, type RunCommand } from './command.ts';

const FORMATS: Readonly<Record<string, (chart: ChartDefinition) => string>> = {
  json: (chart) => JSON.stringify(chart, null, 2),
  mermaid: toMermaid,
};

export const chart: RunCommand = async ({ words: [name = 'kernel'], values }, { write }) => {
  const machine = charts.find(({ id }) => id === name);
  if (machine === undefined) {
    throw unknown(
      'its name',
      name,
      charts.map(({ id }) => id),
    );
  }
  const format = values.get('format') ?? 'mermaid';
  const print = Object.hasOwn(FORMATS, format) ? FORMATS[format] : undefined;
  if (print === undefined) throw unknown('--format', format, Object.keys(FORMATS));
  write(`${print(chartDefinition(machine))}\n`);
  return 0;
};

function unknown(what: string, given: string, known: readonly string[]): CommandError {
  const must = `chart: ${what} is ${JSON.stringify(given)}, must be ${known.join(' or ')}`;
  return new CommandError(`${must}${suggestion(given, known)}`, 2);
}
