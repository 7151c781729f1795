/** The benchmark's figures as a table for people. */
import type { LaunchResult } from './measures/launch.ts';
import type { MemoryResult } from './measures/memory.ts';
import type { Summary } from './measures/statistics.ts';
import type { TrafficFigure, TrafficResult } from './measures/traffic.ts';

export interface BenchReport {
  /** What was measured: the command or the address. */
  gateway: string;
  node: string;
  platform: string;
  cpus: number;
  rounds: number;
  traffic: TrafficResult[];
  memory: MemoryResult | null;
  launch: LaunchResult | null;
  /** Measures that could not be taken, and why. */
  failures: { measure: string; reason: string }[];
}

const widths = [24, 14, 10, 20, 10, 20, 0];

const leftAligned = new Set([0, 3, 5, 6]);

export function formatReport(report: BenchReport): string {
  const lines = [
    `Gateway: ${report.gateway}`,
    `${report.platform}, ${report.cpus} CPUs, Node ${report.node}, ${report.rounds} rounds; medians, in brackets least and most`,
    '',
    ...report.traffic.flatMap(formatTraffic),
    ...formatCpu(report.traffic),
    ...(report.memory === null ? [] : formatMemory(report.memory)),
    ...(report.launch === null ? [] : formatLaunch(report.launch)),
    ...report.failures.map(({ measure, reason }) => `${measure}: not measured: ${reason}`),
  ];
  return lines.join('\n').trimEnd();
}

function formatTraffic({ workload, figures }: TrafficResult): string[] {
  const better = workload.unit === 'ms' ? 'less is better' : 'more is better';
  const rows = figures.map((figure) => {
    return row([
      laneName(figure),
      `${digits(figure.value.median)} ${shortUnit[workload.unit]}`,
      ...ratioCells(figure, figure.ratio),
      ...bridgeCells(figure.bridgeRatio),
      remark(figure),
    ]);
  });
  return [header(`${workload.title} (${better})`, figures), ...rows, ''];
}

const shortUnit = { ms: 'ms', 'messages/s': 'msg/s', 'MB/s': 'MB/s' } as const;

function header(title: string, figures: TrafficFigure[]): string {
  const bridged = figures.some(({ lane }) => lane === 'bridge');
  return `${title}\n${row(['', '', '× direct', '', bridged ? '× bridge' : '', ''])}`;
}

/** CPU for each message is told for the many small ones: for large ones it is the copying that counts. */
function formatCpu(traffic: TrafficResult[]): string[] {
  const stream = traffic.find(({ workload }) => workload.name === 'stream');
  const figures = stream?.figures.filter(({ cpuPerMessage }) => cpuPerMessage !== null) ?? [];
  if (figures.length === 0) {
    return [];
  }
  const rows = figures.map((figure) => {
    const own = figure.lane === 'direct' ? 'direct (client itself)' : laneName(figure);
    const spent = `${digits(figure.cpuPerMessage?.median ?? Number.NaN)} µs`;
    return row([own, spent, ...ratioCells(figure, figure.cpuRatio), '', '']);
  });
  return [header('CPU for each stream message (less is better)', []), ...rows, ''];
}

function formatMemory({ kernels, fresh, loaded, perKernel }: MemoryResult): string[] {
  return [
    'resident memory of the gateway (less is better)',
    row(['fresh', megabytes(fresh), '', '', '', '']),
    row([`${kernels} idle kernels`, megabytes(loaded), '', '', '', '']),
    row(['each idle kernel', megabytes(perKernel), '', '', '', '']),
    '',
  ];
}

function formatLaunch({ direct, gateway, ratio }: LaunchResult): string[] {
  return [
    'launch, until the first kernel_info_reply (less is better)',
    row(['', '', '× direct', '', '', '']),
    row(['direct (bare process)', `${digits(direct.median * 1000)} ms`, '', '', '', '']),
    row([
      'gateway',
      `${digits(gateway.median * 1000)} ms`,
      `${digits(ratio.median)} ×`,
      spread(ratio),
      '',
      '',
    ]),
    '',
  ];
}

function laneName({ lane, protocol }: TrafficFigure): string {
  return lane === 'direct' ? 'direct' : `${lane}, ${protocol}`;
}

function ratioCells({ lane }: TrafficFigure, ratio: Summary | null): [string, string] {
  return lane === 'direct' || ratio === null ? ['', ''] : [`${digits(ratio.median)} ×`, spread(ratio)];
}

function bridgeCells(ratio: Summary | null): [string, string] {
  return ratio === null ? ['', ''] : [`${digits(ratio.median)} ×`, spread(ratio)];
}

export function spread({ min, max }: Summary): string {
  return `(${digits(min)} … ${digits(max)})`;
}

function remark({ lost, failure }: TrafficFigure): string {
  const losses = lost > 0 ? `${lost} messages lost` : '';
  return [losses, failure ?? ''].filter(Boolean).join('; ');
}

export function row(cells: string[]): string {
  return `  ${cells.map((cell, index) => pad(cell, index)).join('')}`.trimEnd();
}

function pad(cell: string, index: number): string {
  const width = widths[index] ?? 0;
  return leftAligned.has(index) ? `${cell} `.padEnd(width) : `${cell.padStart(width)} `;
}

function megabytes(bytes: number): string {
  return `${digits(bytes / 2 ** 20)} MB`;
}

/** Three significant digits, never an exponent. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) {
    return '–';
  }
  return Math.abs(value) >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(3)));
}
