/**
 * Measures launches in a cluster against the same pods made by the API alone: see README.md.
 *
 *     npm run bench:cluster -- --help
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Pod } from '@kubernetes/client-node';
import { type BenchCluster, bareLane, gatewayLane, type LaunchLane } from './cluster/lanes.ts';
import { type LaunchPlan, measureLaunches } from './cluster/launches.ts';
import {
  type ClusterBenchOptions,
  clusterUsage,
  type LaunchMeasure,
  launchMeasures,
  parseClusterOptions,
} from './cluster/options.ts';
import { type ClusterReport, formatClusterReport } from './cluster/report.ts';
import { cleared, type Gateways, openCluster, openGateways, type SpecName } from './cluster/setup.ts';
import { OptionError } from './options.ts';
import { Cleanup } from './processes/cleanup.ts';
import { GatewayApi } from './processes/gateway-api.ts';

interface Run {
  options: ClusterBenchOptions;
  directory: string;
  cleanup: Cleanup;
  cluster: BenchCluster;
  gateways: Gateways;
  report: ClusterReport;
}

async function bench(run: Run): Promise<void> {
  const { options } = run;
  for (const measure of launchMeasures.filter((name) => options.only.includes(name))) {
    try {
      await measureOne(run, measure);
    } catch (error) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error);
      run.report.failures.push({ measure, reason });
    }
  }
}

async function measureOne(run: Run, measure: LaunchMeasure): Promise<void> {
  const spec = measure === 'light-burst' ? 'light' : 'python';
  const model = await modelOf(run, spec);
  const lanes = lanesOf(run, spec, model, measure.endsWith('burst'));
  const plan = planOf(run.options, measure);
  run.report.measures.push(
    await measureLaunches(plan, lanes, () => cleared(run.cluster, run.gateways.labels), progress),
  );
}

function planOf(options: ClusterBenchOptions, measure: LaunchMeasure): LaunchPlan {
  const { rounds, burstRounds, burst, lightBurst, image, lightImage } = options;
  switch (measure) {
    case 'one':
      return { title: `One launch of ${image}`, count: 1, rounds, warmUp: true, watched: false };
    case 'ten':
      return { title: `Ten at once of ${image}`, count: 10, rounds, warmUp: false, watched: false };
    case 'burst':
      return {
        title: `${burst} at once of ${image}`,
        count: burst,
        rounds: burstRounds,
        warmUp: false,
        watched: true,
      };
    case 'light-burst':
      return {
        title: `${lightBurst} at once of ${lightImage}`,
        count: lightBurst,
        rounds: burstRounds,
        warmUp: false,
        watched: true,
      };
  }
}

/** Bursts go to the gateway as it is by default. */
function lanesOf({ cluster, gateways }: Run, spec: SpecName, model: V1Pod, isBurst: boolean): LaunchLane[] {
  const { own, shared } = gateways;
  const sharedLane = gatewayLane(
    'gateway, shared namespace',
    new GatewayApi(shared.api.url, spec),
    shared.pid,
  );
  return [
    bareLane(cluster, model, false),
    bareLane(cluster, model, true),
    ...(isBurst ? [] : [sharedLane]),
    gatewayLane('gateway, own namespaces', new GatewayApi(own.api.url, spec), own.pid),
  ];
}

/** A pod as the gateway makes it. */
async function modelOf(run: Run, spec: SpecName): Promise<V1Pod> {
  const api = new GatewayApi(run.gateways.own.api.url, spec);
  const id = await api.launchKernel();
  try {
    const [pod] = await run.cluster.api.pods(`kernel_id=${id}`);
    if (pod === undefined) {
      throw new Error(`kernel ${id} has no pod`);
    }
    return pod;
  } finally {
    await api.deleteKernel(id);
    await cleared(run.cluster, run.gateways.labels);
  }
}

function progress(what: string): void {
  process.stderr.write(`${what}\n`);
}

async function main(options: ClusterBenchOptions): Promise<void> {
  let interrupted = false;
  const cleanup = new Cleanup();
  const directory = await mkdtemp(join(tmpdir(), 'gateway-bench-'));
  cleanup.add(() => rm(directory, { recursive: true, force: true }));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      interrupted = true;
      void cleanup.run().then(() => process.exit(1));
    });
  }
  let report: ClusterReport;
  try {
    const cluster = await openCluster(options, cleanup);
    report = {
      gateway: options.gatewayCommand.join(' '),
      cluster: cluster.api.server,
      node: process.version,
      cpus: availableParallelism(),
      measures: [],
      failures: [],
    };
    const gateways = await openGateways(options, directory, cluster, cleanup);
    await bench({ options, directory, cleanup, cluster, gateways, report });
  } finally {
    await cleanup.run();
  }
  if (interrupted) {
    // Its pods were taken from under it: what it found means nothing.
    return;
  }
  console.log(options.json ? JSON.stringify(report, null, 2) : formatClusterReport(report));
  process.exitCode = isComplete(report) ? 0 : 1;
}

function isComplete({ failures, measures }: ClusterReport): boolean {
  const lanes = measures.flatMap((measure) => measure.lanes);
  return failures.length === 0 && lanes.every((lane) => lane.failures.length === 0);
}

try {
  const options = parseClusterOptions(process.argv.slice(2));
  await (options.help ? console.log(clusterUsage) : main(options));
  // Connections to the API server are kept open.
  process.exit();
} catch (error) {
  console.error(error instanceof OptionError ? error.message : error);
  process.exit(1);
}
