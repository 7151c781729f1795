/** The whole application over kernels that are not real; it listens nowhere unless asked to. */
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import pino from 'pino';
import { onTestFinished } from 'vitest';
import { createActor } from 'xstate';
import { defaultSettings, type Settings } from '../../src/adapters/config/settings.ts';
import { KernelspecStore } from '../../src/adapters/kernelspecs/kernelspec-store.ts';
import { gatewayMachine } from '../../src/machines/gateway-machine.ts';
import { connectKernelMachine } from '../../src/machines/kernel-actors.ts';
import { buildApp } from '../../src/server/app.ts';
import { followKernels } from '../../src/server/kernel-following.ts';
import { Kernels } from '../../src/server/kernels.ts';
import { userPolicy } from '../../src/server/kernelspec-access.ts';
import type { KubernetesFigures } from '../../src/server/kubernetes.ts';
import { followLives } from '../../src/server/metrics/life-following.ts';
import { Metrics } from '../../src/server/metrics/metrics.ts';
import type { Services } from '../../src/server/services.ts';
import { noSessionDocuments, Sessions } from '../../src/server/sessions.ts';
import { Timelines } from '../../src/server/timeline/timelines.ts';
import { Relays } from '../../src/server/websocket/relays.ts';
import { temporaryDir, write } from '../adapters/kernelspecs/fixtures.ts';
import { policyOf } from '../machines/samples.ts';
import { FakeWorld } from './fake-world.ts';

export const GATEWAY_USER = 'gateway-user';
export const STARTED_AT = '2025-01-02T03:04:05.678Z';

export interface TestGatewayOptions {
  settings?: Partial<Settings>;
  /** `kernel.json` by the name of its directory; by default `python3`. */
  kernelspecs?: Record<string, object>;
  /** More files beside them, by `directory/file`. */
  files?: Record<string, string>;
  /** What is known of a cluster, as if one were connected to. */
  kubernetes?: KubernetesFigures;
  /** Milliseconds, for what is timed. */
  now?: () => number;
}

const python3 = {
  argv: ['/bin/python3', '-f', '{connection_file}'],
  display_name: 'Python 3',
  language: 'python',
};

export async function testGateway({
  settings = {},
  kernelspecs = { python3 },
  files = {},
  kubernetes,
  now = () => performance.now(),
}: TestGatewayOptions = {}) {
  let current: Settings = { ...defaultSettings(), ...settings };
  const kernelDir = await temporaryDir();
  for (const [name, spec] of Object.entries(kernelspecs))
    await write(join(kernelDir, name, 'kernel.json'), spec);
  for (const [name, content] of Object.entries(files)) await write(join(kernelDir, name), content);
  const log = pino({ level: 'silent' });
  const relays = new Relays(current.wsReplayBufferSize);
  const world = new FakeWorld(relays);
  const timelines = new Timelines({
    rules: () => current,
    now: Date.now,
    failed: (error) => {
      throw error;
    },
  });
  const gateway = createActor(
    gatewayMachine.provide({ actors: { kernel: connectKernelMachine(world.ports) } }),
    {
      input: { limits: limitsOf(current), drainTimeout: 10_000 },
      inspect: timelines.inspect,
    },
  );
  const sessions = new Sessions(noSessionDocuments);
  const kernels = new Kernels({
    gateway,
    policy: () => policyOf(),
    rules: () => rulesOf(current),
    resolveArgv: async ({ spec }) => spec.argv,
    now: Date.now,
  });
  followKernels({
    gateway,
    kernels,
    relays,
    sessions,
    log,
    settings: () => current,
    cleanUp: async () => {},
  });
  const rejectedMessages = { badSignatures: 0, malformed: 0 };
  const metrics = new Metrics({
    settings: () => current,
    kernels,
    relays,
    rejectedMessages,
    kubernetes: () => kubernetes ?? null,
  });
  followLives({ gateway, kernels, lives: metrics.lives, now });
  gateway.start();
  const services: Services = {
    settings: () => current,
    kernels,
    kernelspecs: new KernelspecStore({ kernelDirs: [kernelDir], report: () => {} }),
    sessions,
    relays,
    timelines,
    metrics,
    rejectedMessages,
    startedAt: STARTED_AT,
    gatewayUser: GATEWAY_USER,
  };
  const app = await buildApp(services, log);
  await app.ready();
  onTestFinished(async () => {
    gateway.stop();
    await app.close();
  });
  return {
    app,
    world,
    gateway,
    services,
    kernelDir,
    change: (settings: Partial<Settings>) => {
      current = { ...current, ...settings };
    },
    /** The port that it listens on from now on. */
    listen: async () => {
      await app.listen({ host: '127.0.0.1', port: 0 });
      return (app.server.address() as AddressInfo).port;
    },
  };
}

function limitsOf({ maxKernels, maxKernelsPerUser }: Settings) {
  return { maxKernels: maxKernels ?? null, maxKernelsPerUser };
}

function rulesOf(settings: Settings) {
  return {
    clientEnvs: settings.clientEnvs,
    inheritedEnvs: [],
    gatewayEnv: {},
    basics: {},
    gatewayUser: GATEWAY_USER,
    users: userPolicy({ settings: () => settings }),
    mirrorWorkingDirs: false,
    rootDir: null,
    portRange: settings.portRange,
    minPortRangeSize: settings.minPortRangeSize,
    system: {},
    pods: { ...settings, parseYaml: JSON.parse },
    launchTimeout: 60_000,
  };
}
