/** How many kernels there are, and how they are: counted when someone asks. */
import type { Registry } from 'prom-client';
import type { Kernels } from '../kernels.ts';
import { type BoundedLabels, largest } from './bounded-labels.ts';
import { type KernelSnapshot, kernelStateOf } from './kernel-state.ts';
import { type Reading, readGauge, single } from './read-metrics.ts';

export interface KernelMetricsOptions {
  kernels: Kernels;
  specLabels: BoundedLabels;
  /** How many users are named. */
  users(): number;
}

type StateLabel = 'state' | 'phase' | 'spec';

export function addKernelMetrics(registry: Registry, options: KernelMetricsOptions): void {
  const { kernels, specLabels, users } = options;
  readGauge<StateLabel>(registry, {
    name: 'kernelgate_kernels',
    help: 'Kernels by state (launching, running, restarting, ending), phase of it, and kernelspec.',
    labelNames: ['state', 'phase', 'spec'],
    read: () => byState(snapshotsOf(kernels), specLabels),
  });
  readGauge<'user'>(registry, {
    name: 'kernelgate_user_kernels',
    help: 'Kernels of the users with the most of them. Only with EG_METRICS_USERS.',
    labelNames: ['user'],
    read: () => (users() > 0 ? byUser(snapshotsOf(kernels), users()) : []),
  });
  readGauge(registry, {
    name: 'kernelgate_unresponsive_kernels',
    help: 'Running kernels that do not answer their heartbeat.',
    read: () => single(snapshotsOf(kernels).filter(isUnresponsive).length),
  });
}

function snapshotsOf(kernels: Kernels): KernelSnapshot[] {
  return kernels.ids().flatMap((id) => kernels.find(id)?.getSnapshot() ?? []);
}

function isUnresponsive(snapshot: KernelSnapshot): boolean {
  return snapshot.hasTag('running') && snapshot.context.unresponsive;
}

function byState(snapshots: KernelSnapshot[], specLabels: BoundedLabels): Iterable<Reading<StateLabel>> {
  const readings = new Map<string, Reading<StateLabel>>();
  for (const snapshot of snapshots) {
    const spec = specLabels.of(snapshot.context.plan.kernelName);
    const labels = { ...kernelStateOf(snapshot), spec };
    const key = JSON.stringify(labels);
    readings.set(key, { labels, value: (readings.get(key)?.value ?? 0) + 1 });
  }
  return readings.values();
}

function byUser(snapshots: KernelSnapshot[], limit: number): Reading<'user'>[] {
  const counts = new Map<string, number>();
  for (const { context } of snapshots) {
    const { username } = context.plan;
    counts.set(username, (counts.get(username) ?? 0) + 1);
  }
  return Array.from(largest(counts, limit), ([user, value]) => ({ labels: { user }, value }));
}
