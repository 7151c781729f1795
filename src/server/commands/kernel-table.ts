/** Kernels as rows for a terminal. */
import type { KernelRow } from '../timeline/timeline-model.ts';
import { duration, plain, table } from './plain-text.ts';

/** What is shown of a kernel; a gateway without a timeline knows less. */
export type ShownKernel = Pick<
  KernelRow,
  'id' | 'name' | 'username' | 'phase' | 'connections' | 'node' | 'progress' | 'last_problem'
> & {
  since: string | null;
  last_activity: string;
};

const TITLES = ['ID', 'SPEC', 'USER', 'PHASE', 'SINCE', 'IDLE', 'CLIENTS', 'NODE', 'LAST PROBLEM'];

/** @param now milliseconds since 1970 */
export function kernelTable(kernels: readonly ShownKernel[], now: number): string[] {
  if (kernels.length === 0) return ['There are no kernels.'];
  return table([TITLES, ...kernels.map((kernel) => cellsOf(kernel, now))]);
}

/** One kernel in one line, without what changes by itself. */
export function kernelLine({ id, name, username, phase, connections, node, ...more }: ShownKernel): string {
  const parts = [
    `kernel=${id} spec=${name} user=${username || '-'} phase=${phase} clients=${connections}`,
    ...(node === null ? [] : [`node=${node}`]),
    ...(more.progress === null ? [] : [more.progress]),
    ...(more.last_problem === null ? [] : [`problem: ${more.last_problem.message}`]),
  ];
  return plain(parts.join(' '));
}

function cellsOf(kernel: ShownKernel, now: number): string[] {
  const { id, name, username, phase, since, last_activity, connections, node, last_problem } = kernel;
  return [
    id,
    name,
    username || '-',
    phase,
    since === null ? '-' : ago(since, now),
    ago(last_activity, now),
    String(connections),
    node ?? '-',
    last_problem?.message ?? '-',
  ].map(plain);
}

function ago(iso: string, now: number): string {
  const milliseconds = Date.parse(iso);
  return Number.isNaN(milliseconds) ? '-' : duration(Math.max(0, now - milliseconds) / 1000);
}
