/** The figures of launches in a cluster as a table for people. */
import { digits, row, spread } from '../report.ts';
import type { LaneFigures, LaunchFigures } from './launches.ts';
import type { Responsiveness } from './responsiveness.ts';

export interface ClusterReport {
  gateway: string;
  cluster: string;
  node: string;
  cpus: number;
  measures: LaunchFigures[];
  /** Measures that could not be taken, and why. */
  failures: { measure: string; reason: string }[];
}

export function formatClusterReport({
  gateway,
  cluster,
  node,
  cpus,
  measures,
  failures,
}: ClusterReport): string {
  const lines = [
    `Gateway: ${gateway}`,
    `Cluster: ${cluster}; this machine has ${cpus} CPUs, Node ${node}; medians, in brackets least and most`,
    'Seconds until the first kernel_info_reply; less is better',
    '',
    ...measures.flatMap(formatMeasure),
    ...failures.map(({ measure, reason }) => `${measure}: not measured: ${reason}`),
  ];
  return lines.join('\n').trimEnd();
}

function formatMeasure({ plan, lanes }: LaunchFigures): string[] {
  return [
    `${plan.title}, ${plan.rounds} ${plan.rounds === 1 ? 'round' : 'rounds'}`,
    row(['', plan.count === 1 ? 'kernel' : 'last', '', '', plan.count === 1 ? '' : 'middle', '', '']),
    ...lanes.flatMap((lane) => formatLane(lane, plan.count)),
    '',
  ];
}

function formatLane(figures: LaneFigures, count: number): string[] {
  const { lane, wall, kernel, against, gatewayCpu, responsiveness, failures } = figures;
  const middle = count === 1 || kernel === null ? ['', ''] : [`${digits(kernel.median)} s`, spread(kernel)];
  const value = wall === null ? ['–', '', ''] : [`${digits(wall.median)} s`, '', spread(wall)];
  const cpu = gatewayCpu === null ? '' : `${digits(gatewayCpu.median)} ms CPU of the gateway each`;
  return [
    row([lane, ...value, ...middle, cpu]),
    ...against.map((other) => formatComparison(other, count)),
    ...(responsiveness === null ? [] : formatResponsiveness(responsiveness)),
    ...summarized(failures).map((text) => `    FAILED: ${text}`),
  ];
}

function formatComparison({ lane, wall, kernel }: LaneFigures['against'][number], count: number): string {
  const middle = count === 1 ? ['', ''] : [`${digits(kernel.median)} ×`, spread(kernel)];
  return row([`  × ${lane}`, '', `${digits(wall.median)} ×`, spread(wall), ...middle, '']);
}

function formatResponsiveness({ requests, eventLoop }: Responsiveness): string[] {
  const lines = requests.map(({ path, count, p50, p99, max, failures }) => {
    const name = path === '/' ? 'a server that does nothing' : `GET ${path}`;
    return `${name}, ${count} times: ${percentiles({ p50, p99, max })}${failures > 0 ? `, ${failures} FAILED` : ''}`;
  });
  const loop = eventLoop === null ? [] : [`delay of the gateway's event loop: ${percentiles(eventLoop)}`];
  return [...lines, ...loop].map((line) => `    meanwhile ${line}`);
}

function percentiles({ p50, p99, max }: { p50: number; p99: number; max: number }): string {
  return `p50 ${digits(p50)} ms, p99 ${digits(p99)} ms, at most ${digits(max)} ms`;
}

function summarized(failures: string[]): string[] {
  const counts = new Map<string, number>();
  for (const failure of failures) {
    counts.set(failure, (counts.get(failure) ?? 0) + 1);
  }
  return [...counts].slice(0, 5).map(([failure, count]) => `${count} × ${failure}`);
}
