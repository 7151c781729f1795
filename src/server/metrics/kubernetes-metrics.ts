/** How the gateway gets on with the cluster. Nothing is told before a kernel has needed one. */
import type { Registry } from 'prom-client';
import type { WatchFigures } from '../../adapters/kubernetes/watch-sharing.ts';
import type { KubernetesFigures } from '../kubernetes.ts';
import { type Reading, type ReadMetric, readCounter, readGauge } from './read-metrics.ts';

/** `unknownKernel` in the gateway is `unknown_kernel` in a label. */
const CAPITAL = /[A-Z]/g;

export function addKubernetesMetrics(registry: Registry, figures: () => KubernetesFigures | null): void {
  const read = <Label extends string>(
    readings: (figures: KubernetesFigures) => Iterable<Reading<Label>>,
  ): ReadMetric<Label>['read'] => {
    return () => {
      const now = figures();
      return now === null ? [] : readings(now);
    };
  };
  readCounter<'outcome'>(registry, {
    name: 'kernelgate_handshakes_total',
    help: 'Answers of launchers at the response port: accepted, or why they were refused.',
    labelNames: ['outcome'],
    read: read(({ handshakes }) =>
      Object.entries(handshakes).map(([outcome, value]) => ({
        labels: { outcome: outcome.replace(CAPITAL, (capital) => `_${capital.toLowerCase()}`) },
        value,
      })),
    ),
  });
  readCounter<'verb' | 'status'>(registry, {
    name: 'kernelgate_kubernetes_requests_total',
    help: 'Requests to the Kubernetes API, by verb and HTTP status (or unreachable, timeout, cancelled).',
    labelNames: ['verb', 'status'],
    read: read(({ cluster }) => byVerb(cluster.calls)),
  });
  readCounter(registry, {
    name: 'kernelgate_reconciler_removals_total',
    help: 'Kernels of which something was left behind in the cluster, and has been removed.',
    read: read(({ removals }) => [{ value: removals }]),
  });
  readCounter<'kind'>(registry, {
    name: 'kernelgate_watch_restarts_total',
    help: 'Interruptions of the watches by a fault, by kind of the objects watched.',
    labelNames: ['kind'],
    read: read(({ cluster }) => byKind(cluster.watches, restartsOf)),
  });
  readGauge<'kind'>(registry, {
    name: 'kernelgate_watch_last_event_timestamp_seconds',
    help: 'When the Kubernetes API last told something on a watch; it does at least once a minute.',
    labelNames: ['kind'],
    read: read(({ cluster }) => byKind(cluster.watches, lastEventOf)),
  });
}

function byVerb(calls: KubernetesFigures['cluster']['calls']): Reading<'verb' | 'status'>[] {
  return Object.entries(calls).flatMap(([verb, statuses]) =>
    Object.entries(statuses).map(([status, value]) => ({ labels: { verb, status }, value })),
  );
}

/** The name of a watch begins with the kind; its selection would be one label value too many. */
function byKind(
  watches: WatchFigures[],
  figureOf: (watches: WatchFigures[]) => number | null,
): Reading<'kind'>[] {
  const kinds = Map.groupBy(watches, ({ watch }) => watch.split(' ', 1)[0] as string);
  return [...kinds].flatMap(([kind, members]) => {
    const value = figureOf(members);
    return value === null ? [] : [{ labels: { kind }, value }];
  });
}

function restartsOf(watches: WatchFigures[]): number {
  return watches.reduce((sum, { watchRestarts }) => sum + watchRestarts, 0);
}

/** Of the one that has heard nothing for longest; null when none has heard anything yet. */
function lastEventOf(watches: WatchFigures[]): number | null {
  const times = watches.flatMap(({ lastEventAt }) => lastEventAt ?? []);
  return times.length === 0 ? null : Math.min(...times) / 1000;
}
