/**
 * Measures a gateway against the same client straight on ZeroMQ: see README.md.
 *
 *     npm run bench -- --help
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Lane,
  openBridgeLane,
  openDirectLane,
  openGatewayLane,
  webSocketProtocols,
} from './measures/lanes.ts';
import { measureLaunch } from './measures/launch.ts';
import { measureMemory } from './measures/memory.ts';
import { measureTraffic } from './measures/traffic.ts';
import { type Workload, workloads } from './measures/workloads.ts';
import { type BenchOptions, OptionError, parseOptions, usage } from './options.ts';
import { Cleanup } from './processes/cleanup.ts';
import { GatewayApi } from './processes/gateway-api.ts';
import { type Gateway, startGateway } from './processes/gateway-process.ts';
import { type BenchReport, formatReport } from './report.ts';

/** One run: which processes it started, what it found. */
interface Run {
  options: BenchOptions;
  /** For connection files and the gateway's own files; removed in the end. */
  directory: string;
  cleanup: Cleanup;
  report: BenchReport;
}

async function bench(run: Run): Promise<void> {
  const { options, report } = run;
  const wanted = workloads(options.quick).filter(({ name }) => options.only.includes(name));
  await attempt(run, 'memory', async (cleanup) => {
    const gateway = await obtainGateway(run, cleanup);
    report.memory = await measureMemory(gateway, options.kernels, cleanup);
  });
  await attempt(run, 'launch', async (cleanup) => {
    const gateway = await obtainGateway(run, cleanup);
    report.launch = await measureLaunch(gateway, run.directory, options.rounds);
  });
  if (wanted.length > 0) {
    await guarded(run, 'traffic', (cleanup) => runTraffic(run, wanted, cleanup));
  }
}

async function runTraffic(run: Run, wanted: Workload[], cleanup: Cleanup): Promise<void> {
  const lanes = await openLanes(run, cleanup);
  for (const workload of wanted) {
    progress(workload.title);
    run.report.traffic.push(await measureTraffic(workload, lanes, run.options.rounds));
  }
}

async function openLanes(run: Run, cleanup: Cleanup): Promise<Lane[]> {
  const gateway = await obtainGateway(run, cleanup);
  const lanes = [await openDirectLane(run.directory, cleanup)];
  for (const protocol of webSocketProtocols) {
    lanes.push(await openGatewayLane(gateway, protocol, cleanup));
    if (run.options.bridge) {
      lanes.push(await openBridgeLane(run.directory, protocol, cleanup));
    }
  }
  return lanes;
}

/** A gateway for one measure: a fresh one, unless one that runs already was named. */
async function obtainGateway({ options, directory }: Run, cleanup: Cleanup): Promise<Gateway> {
  if (options.url !== null) {
    const api = new GatewayApi(options.url, options.kernelName);
    return { api, pid: options.gatewayPid, stop: async () => {} };
  }
  const gateway = await startGateway(options.gatewayCommand, directory);
  cleanup.add(() => gateway.stop());
  return gateway;
}

async function attempt(
  run: Run,
  measure: 'memory' | 'launch',
  take: (cleanup: Cleanup) => Promise<void>,
): Promise<void> {
  if (run.options.only.includes(measure)) {
    progress(measure);
    await guarded(run, measure, take);
  }
}

/** A measure that fails is reported, and hinders no other; its processes end with it. */
async function guarded(run: Run, measure: string, take: (cleanup: Cleanup) => Promise<void>): Promise<void> {
  const cleanup = new Cleanup();
  const finish = run.cleanup.add(() => cleanup.run());
  try {
    await take(cleanup);
  } catch (error) {
    run.report.failures.push({ measure, reason: error instanceof Error ? error.message : String(error) });
  } finally {
    await finish();
  }
}

function progress(what: string): void {
  process.stderr.write(`measuring: ${what}\n`);
}

function emptyReport(options: BenchOptions): BenchReport {
  return {
    gateway: options.url ?? options.gatewayCommand.join(' '),
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpus: availableParallelism(),
    rounds: options.rounds,
    traffic: [],
    memory: null,
    launch: null,
    failures: [],
  };
}

async function main(options: BenchOptions): Promise<void> {
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
  const report = emptyReport(options);
  try {
    await bench({ options, directory, cleanup, report });
  } finally {
    await cleanup.run();
  }
  if (interrupted) {
    // Its processes were taken from under it: what it found means nothing.
    return;
  }
  console.log(options.json ? JSON.stringify(report, null, 2) : formatReport(report));
  process.exitCode = isComplete(report) ? 0 : 1;
}

function isComplete({ failures, traffic }: BenchReport): boolean {
  const figures = traffic.flatMap((result) => result.figures);
  return failures.length === 0 && figures.every(({ failure, lost }) => failure === null && lost === 0);
}

try {
  const options = parseOptions(process.argv.slice(2));
  await (options.help ? console.log(usage) : main(options));
} catch (error) {
  console.error(error instanceof OptionError ? error.message : error);
  process.exitCode = 1;
}
