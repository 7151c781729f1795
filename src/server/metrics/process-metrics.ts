/** The process itself: what every program of Node's tells, by the names that ready-made dashboards know. */
import { performance } from 'node:perf_hooks';
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client';
import { version } from '../version.ts';
import { readCounter, single } from './read-metrics.ts';

/** Milliseconds between two looks at how late the event loop is. */
const LAG_RESOLUTION = 20;

export function addProcessMetrics(registry: Registry): void {
  new Gauge({
    name: 'kernelgate_build_info',
    help: 'Always 1; its label is the version of the gateway.',
    labelNames: ['version'],
    registers: [registry],
  }).set({ version }, 1);
  readCounter(registry, {
    name: 'kernelgate_event_loop_active_seconds_total',
    help: 'Time in which the event loop was at work; its rate is the share of the one core that it can use.',
    read: () => single(performance.eventLoopUtilization().active / 1000),
  });
}

/** Looks at the event loop many times a second: to be begun when someone wants to know. */
export function observeProcess(registry: Registry): void {
  collectDefaultMetrics({ register: registry, eventLoopMonitoringPrecision: LAG_RESOLUTION });
}
