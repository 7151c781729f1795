/** Charts within a Markdown page: each in the Mermaid block below a comment that names it. */
import type { AnyStateMachine } from 'xstate';
import { chartDefinition } from './chart-definition.ts';
import { toMermaid } from './chart-mermaid.ts';

const CHART = /(<!-- chart: (\w+) -->\n\n```mermaid\n)[\s\S]*?(```)/g;

/** The page with its charts as the machines are now. @throws Error when it names a machine that is not given */
export function withCharts(page: string, machines: readonly AnyStateMachine[]): string {
  return page.replace(CHART, (_block, opening: string, id: string, closing: string) => {
    const machine = machines.find((each) => each.id === id);
    if (machine === undefined) throw new Error(`there is no machine for the chart "${id}"`);
    return `${opening}${toMermaid(chartDefinition(machine))}\n${closing}`;
  });
}
