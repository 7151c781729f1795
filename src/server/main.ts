/** The composition root: makes the adapters, hands them to the machines, and both to the application. */
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { createActor, waitFor } from 'xstate';
import { ZmqChannels } from '../adapters/channels/zmq-channels.ts';
import type { ConfigInputs, LoadedSettings } from '../adapters/config/load-settings.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { watchSettings } from '../adapters/config/watch-settings.ts';
import { resolveArgv } from '../adapters/kernelspecs/argv-resolver.ts';
import { type JupyterPaths, jupyterPaths, kernelDirs } from '../adapters/kernelspecs/jupyter-paths.ts';
import { KernelspecStore } from '../adapters/kernelspecs/kernelspec-store.ts';
import { kernelPython, nativeKernel, offerPythonKernel } from '../adapters/kernelspecs/python-kernel.ts';
import { type PythonInfo, probePython } from '../adapters/kernelspecs/python-probe.ts';
import { parseClientYaml } from '../adapters/kubernetes/client-yaml.ts';
import { hostBasics } from '../adapters/local/host-basics.ts';
import { LocalProvisioner } from '../adapters/local/local-provisioner.ts';
import { DocumentStore } from '../adapters/persistence/document-store.ts';
import { FileKernelRecords, noKernelRecords } from '../adapters/persistence/kernel-records.ts';
import { gatewayMachine } from '../machines/gateway-machine.ts';
import { connectKernelMachine } from '../machines/kernel-actors.ts';
import type { KernelPolicy } from '../machines/kernel-state.ts';
import type { LaunchRules } from '../machines/launch-plan.ts';
import { isInCluster, processProxyOf } from '../machines/launch-target.ts';
import { buildApp } from './app.ts';
import type { App } from './fastify-app.ts';
import { followKernels } from './kernel-following.ts';
import { Kernels } from './kernels.ts';
import { userPolicy } from './kernelspec-access.ts';
import { KubernetesKernels } from './kubernetes.ts';
import { listen } from './listening.ts';
import { levelOf } from './logging.ts';
import { followLives } from './metrics/life-following.ts';
import { Metrics } from './metrics/metrics.ts';
import type { Services } from './services.ts';
import { noSessionDocuments, Sessions, validSession } from './sessions.ts';
import { Timelines } from './timeline/timelines.ts';
import { Relays } from './websocket/relays.ts';

/** Automatic restarts in a row, and how long a kernel must run for the next death to begin a new row: jupyter_client's values. */
const RESTART_LIMIT = 5;
const STABLE_AFTER = 10_000;
/** Milliseconds that leaving may take beyond a kernel's own grace. */
const DRAIN_MARGIN = 10_000;
/** Milliseconds in which clients can take their leave once all kernels are gone. */
const FAREWELL = 1000;
/** What a timer can hold, 24 days; whoever asks for longer means never. */
const LONGEST_TIMER = 2 ** 31 - 1;

export interface GatewayOptions {
  loaded: LoadedSettings;
  /** What the settings were made from: their files are watched. */
  inputs: ConfigInputs;
  log: Logger;
  /** Hears one line for each step of the start that takes time. */
  progress(text: string): void;
}

export interface Gateway {
  app: App;
  services: Services;
  /** What keeps a Python kernel from being offered, and what to do about it; null when nothing does. */
  pythonProblem: string | null;
  /** Calls back whenever a kernel was launched, or has ended. */
  onKernelChange(callback: () => void): void;
  /** Listens. @returns the address, without the base URL */
  start(): Promise<string>;
  /** Lets kernels run on when they are persisted, ends them otherwise; then stops. */
  stop(): Promise<void>;
  /** The last thing before the process ends, whatever the reason. */
  killAllNow(): void;
}

export async function createGateway({ loaded, inputs, log, progress }: GatewayOptions): Promise<Gateway> {
  let { settings } = loaded;
  const current = () => settings;
  const python = await probePython();
  const paths = jupyterPaths({ python });
  const root = settings.sessionPersistence ? settings.persistenceRoot || paths.dataDir : null;
  const { kernelspecs, pythonProblem } = await openKernelspecs(settings, paths, python, log, progress);
  const { records, sessions } = openPersistence(root, log);
  const relays = new Relays(settings.wsReplayBufferSize, (kernelId, error) => {
    channels.rejected.malformed += 1;
    log.warn({ kernelId }, `a message of kernel ${kernelId} could not be sent to a client: ${error.message}`);
  });
  const local = new LocalProvisioner({
    runtimeDir: paths.runtimeDir,
    persistenceRoot: root,
    log: {
      output: ({ kernelId, stream, line }) =>
        log.info({ kernelId, stream }, `kernel ${kernelId} ${stream}: ${line}`),
      info: (context, text) => log.info(context, text),
      warn: (context, text) => log.warn(context, text),
    },
  });
  const channels = new ZmqChannels({
    maxSockets: settings.zmqMaxSockets ?? undefined,
    ioThreads: settings.zmqIoThreads,
    sink: relays,
    log,
    disconnected: (kernelId) => void local.examine(kernelId),
  });
  const kubernetes = new KubernetesKernels({
    settings: current,
    persistenceRoot: root,
    isKnown: (kernelId) => kernels.ids().includes(kernelId),
    log,
  });
  const kernelMachine = connectKernelMachine({
    provisionerOf: (plan) => (isInCluster(plan.provisioner) ? kubernetes.provisioner : local),
    channels,
    records,
  });
  const timelines = new Timelines({
    rules: current,
    now: Date.now,
    failed: (error) =>
      log.error({ err: error }, 'an event is missing from the timeline by a fault of the gateway'),
  });
  const gateway = createActor(gatewayMachine.provide({ actors: { kernel: kernelMachine } }), {
    input: { limits: limitsOf(settings), drainTimeout: settings.shutdownGrace * 1000 + DRAIN_MARGIN },
    inspect: timelines.inspect,
  });
  const gatewayUser = userInfo().username;
  const kernels = new Kernels({
    gateway,
    policy: () => policyOf(settings),
    rules: (argv) => launchRules(current, gatewayUser, argv),
    resolveArgv: async (kernelspec) =>
      resolveArgv(kernelspec, {
        searchPath: process.env['PATH'],
        python: await kernelPython(kernelspecs, python),
      }),
    now: Date.now,
  });
  followKernels({
    gateway,
    kernels,
    relays,
    sessions,
    log,
    settings: current,
    cleanUp: async (kernelId) => {
      await Promise.all([local.deletePod({ kernelId }), kubernetes.cleanUp(kernelId)]);
    },
  });
  const metrics = new Metrics({
    settings: current,
    kernels,
    relays,
    rejectedMessages: channels.rejected,
    kubernetes: () => kubernetes.figures(),
  });
  followLives({ gateway, kernels, lives: metrics.lives, now: () => performance.now() });
  gateway.start();

  const services: Services = {
    settings: current,
    kernels,
    kernelspecs,
    sessions,
    relays,
    timelines,
    metrics,
    rejectedMessages: channels.rejected,
    startedAt: new Date().toISOString(),
    gatewayUser,
  };
  const app = await buildApp(services, log);
  const kept = await records.loadAll();
  await local.prepare(new Set(kept.map((record) => record.plan.kernelId)));
  for (const record of kept) kernels.adopt(record);
  if (await needsCluster(kernelspecs)) await kubernetes.start();
  await kernels.settled();
  await sessions.adopt((kernelId) => kernels.find(kernelId) !== undefined);

  const reloading = watchSettings(inputs, loaded, {
    onProblem: (problem) => log.error(`the settings stay as they were: ${problem.message}`),
    onWarning: (warning) => log.warn(warning),
  }).subscribe((next) => {
    settings = next;
    log.level = levelOf(next);
    gateway.send({ type: 'limits.changed', limits: limitsOf(next) });
    gateway.send({ type: 'policy.changed', policy: policyOf(next) });
    log.info('the settings were read anew');
  });

  return {
    app,
    services,
    pythonProblem,
    onKernelChange(callback) {
      gateway.on('kernel.added', callback);
      gateway.on('kernel.removed', callback);
    },
    async start() {
      const port = await listen(app, settings.ip, settings.port, settings.portRetries);
      const host = settings.ip === '0.0.0.0' || settings.ip === '' ? '127.0.0.1' : settings.ip;
      return `${settings.certfile ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`;
    },
    async stop() {
      reloading.unsubscribe();
      gateway.send({ type: 'drain', leave: root !== null });
      await waitFor(gateway, (snapshot) => snapshot.status !== 'active');
      kernelspecs.close();
      await closeApp(app);
      await Promise.all([local.close(), kubernetes.close()]);
    },
    killAllNow: () => local.killAllNow(),
  };
}

/** Whether kernels of a cluster are on offer. */
async function needsCluster(kernelspecs: KernelspecStore): Promise<boolean> {
  const specs = await kernelspecs.list();
  return specs.some((spec) => isInCluster(processProxyOf(spec).className));
}

/** Clients that don't take their leave in time are left without. */
async function closeApp(app: App): Promise<void> {
  const timer = setTimeout(() => {
    for (const client of app.websocketServer.clients) client.terminate();
    app.server.closeAllConnections();
  }, FAREWELL);
  await app.close();
  clearTimeout(timer);
}

async function openKernelspecs(
  settings: Settings,
  paths: JupyterPaths,
  python: PythonInfo | null,
  log: Logger,
  progress: (text: string) => void,
): Promise<{ kernelspecs: KernelspecStore; pythonProblem: string | null }> {
  const kernelspecs = new KernelspecStore({
    kernelDirs: kernelDirs(paths.dataPath),
    report: ({ reason, ...problem }) => log.warn(problem, `${problem.file} can't be used: ${reason}`),
    cacheEnabled: settings.kernelspecCacheEnabled,
    nativeKernel: settings.ensureNativeKernel ? await nativeKernel(python) : null,
  });
  const made = await offerPythonKernel(kernelspecs, {
    python,
    dataDir: paths.dataDir,
    progress,
  });
  return { kernelspecs, pythonProblem: made === null || made.ok ? null : made.message };
}

function openPersistence(root: string | null, log: Logger) {
  if (root === null) return { records: noKernelRecords, sessions: new Sessions(noSessionDocuments) };
  const report = ({ file, setAsideAs, error }: { file: string; setAsideAs: string; error: Error }) =>
    log.error(
      { file, setAsideAs },
      `${file} is damaged (${error.message}) and was set aside as ${setAsideAs}`,
    );
  const documents = new DocumentStore({
    directory: join(root, 'jupyter_sessions'),
    validate: validSession,
    report,
  });
  return { records: new FileKernelRecords(root, report), sessions: new Sessions(documents) };
}

function limitsOf({ maxKernels, maxKernelsPerUser }: Settings) {
  return { maxKernels: maxKernels ?? null, maxKernelsPerUser };
}

function policyOf(settings: Settings): KernelPolicy {
  return {
    kernelInfoTimeout: settings.kernelInfoTimeout * 1000,
    shutdownGrace: settings.shutdownGrace * 1000,
    restartLimit: RESTART_LIMIT,
    stableAfter: STABLE_AFTER,
    cullIdleTimeout: settings.cullIdleTimeout * 1000 > LONGEST_TIMER ? 0 : settings.cullIdleTimeout * 1000,
    cullInterval: settings.cullInterval * 1000,
    cullBusy: settings.cullBusy,
    cullConnected: settings.cullConnected,
  };
}

function launchRules(settings: () => Settings, gatewayUser: string, argv: string[]): LaunchRules {
  const now = settings();
  return {
    clientEnvs: now.clientEnvs,
    inheritedEnvs: now.inheritedEnvs,
    gatewayEnv: process.env,
    basics: argv[0] === undefined ? {} : hostBasics(argv[0]),
    gatewayUser,
    users: userPolicy({ settings }),
    mirrorWorkingDirs: now.mirrorWorkingDirs,
    rootDir: now.rootDir,
    portRange: now.portRange,
    minPortRangeSize: now.minPortRangeSize,
    system: {
      EG_MIN_PORT_RANGE_SIZE: String(now.minPortRangeSize),
      EG_MAX_PORT_RANGE_RETRIES: String(now.maxPortRangeRetries),
      EG_IMPERSONATION_ENABLED: now.impersonationEnabled ? 'True' : 'False',
    },
    launchTimeout: now.kernelLaunchTimeout * 1000,
    pods: { ...now, parseYaml: parseClientYaml },
  };
}
