/** What a run has in the cluster and beside it, and how it gets rid of it. */
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { OptionError } from '../options.ts';
import { programPath } from '../processes/child.ts';
import type { Cleanup } from '../processes/cleanup.ts';
import { type Gateway, startGateway } from '../processes/gateway-process.ts';
import { quietPort } from '../protocol/connection-file.ts';
import { DirectApi } from './direct-api.ts';
import type { BenchCluster } from './lanes.ts';
import { LaunchListener } from './launch-listener.ts';
import type { ClusterBenchOptions } from './options.ts';
import { benchLabel } from './pod-model.ts';
import { loopFigureFile } from './responsiveness.ts';

const clearTimeoutMs = 300_000;
/** Milliseconds for the node to settle after pods are gone. */
const settleMs = 1000;
const kernelspec = join(import.meta.dirname, '../../../kernelspecs/python_kubernetes');

/** The two kernelspecs, by the image they run. */
export type SpecName = 'python' | 'light';

export interface Gateways {
  /** Each kernel in a namespace of its own, which is the default. */
  own: Gateway;
  /** All kernels in the benchmark's namespace. */
  shared: Gateway;
  /** Selectors of what they make. */
  labels: string[];
}

/** A namespace for all that has none of its own. */
export async function openCluster(options: ClusterBenchOptions, cleanup: Cleanup): Promise<BenchCluster> {
  const api = await DirectApi.connect();
  const listener = await LaunchListener.listen(options.responseIp ?? (await addressTowards(api.server)));
  cleanup.add(() => listener.close());
  const run = randomBytes(4).toString('hex');
  const sharedNamespace = `kernelgate-bench-${run}`;
  await api.createNamespace(sharedNamespace, { [benchLabel]: run });
  cleanup.add(async () => {
    for (const name of await api.namespaces(`${benchLabel}=${run}`)) {
      await api.deleteNamespace(name);
    }
  });
  while (!(await api.namespaceIsReady(sharedNamespace))) {
    await delay(50);
  }
  return { api, listener, run, sharedNamespace };
}

export async function openGateways(
  options: ClusterBenchOptions,
  directory: string,
  { api, listener, sharedNamespace }: BenchCluster,
  cleanup: Cleanup,
): Promise<Gateways> {
  const specs = await writeSpecs(options, directory);
  const labels: string[] = [];
  const start = async (more: Record<string, string>) => {
    const port = await quietPort();
    const gateway = await startGateway(options.gatewayCommand, directory, {
      JUPYTER_PATH: specs,
      EG_RESPONSE_IP: listener.ip,
      EG_RESPONSE_PORT: String(port),
      EG_KERNEL_LAUNCH_TIMEOUT: '180',
      NODE_OPTIONS: `--import ${pathToFileURL(programPath('cluster/event-loop-probe.ts'))}`,
      ...more,
    });
    const label = `kernelgate-gateway=${listener.ip.replaceAll(':', '-')}-${port}`;
    labels.push(label);
    cleanup.add(async () => {
      await gateway.stop();
      await rm(loopFigureFile(gateway.pid ?? 0), { force: true });
      for (const name of await api.namespaces(label)) {
        await api.deleteNamespace(name);
      }
    });
    return gateway;
  };
  const own = await start({});
  const shared = await start({ EG_SHARED_NAMESPACE: 'true', EG_NAMESPACE: sharedNamespace });
  return { own, shared, labels };
}

/** The shipped kernelspec, with each image. Returns a directory for JUPYTER_PATH. */
async function writeSpecs({ image, lightImage }: ClusterBenchOptions, directory: string): Promise<string> {
  const path = join(directory, 'specs');
  const images: Record<SpecName, string> = { python: image, light: lightImage };
  for (const [name, chosen] of Object.entries(images)) {
    const home = join(path, 'kernels', name);
    await mkdir(home, { recursive: true });
    await cp(kernelspec, home, { recursive: true });
    const file = join(home, 'kernel.json');
    const spec = JSON.parse(await readFile(file, 'utf8'));
    spec.metadata.process_proxy.config.image_name = chosen;
    await writeFile(file, JSON.stringify(spec));
  }
  return path;
}

/** This machine's address on the way to the API server, which pods reach unless it is a loopback. */
async function addressTowards(server: string): Promise<string> {
  const { hostname, port } = new URL(server);
  const socket = connect(Number(port || 443), hostname.replace(/^\[|\]$/g, ''));
  await once(socket, 'connect');
  const address = socket.localAddress ?? '';
  socket.destroy();
  if (address === '' || address.startsWith('127.') || address === '::1') {
    throw new OptionError('--response-ip: must be named, since the API server is at a loopback address');
  }
  return address;
}

/** Until nothing of the launches is left; the shared namespace stays. */
export async function cleared(cluster: BenchCluster, labels: string[]): Promise<void> {
  const deadline = Date.now() + clearTimeoutMs;
  while ((await leftIn(cluster, labels)).length > 0) {
    if (Date.now() > deadline) {
      throw new Error(`what was launched is not gone after ${clearTimeoutMs / 1000} s`);
    }
    await delay(200);
  }
  await delay(settleMs);
}

async function leftIn({ api, run, sharedNamespace }: BenchCluster, labels: string[]): Promise<string[]> {
  const selectors = [`${benchLabel}=${run}`, ...labels];
  const pods = await Promise.all(selectors.map((selector) => api.pods(selector)));
  const namespaces = await Promise.all(selectors.map((selector) => api.namespaces(selector)));
  return [
    ...pods.flat().map(({ metadata }) => metadata?.name ?? ''),
    ...namespaces.flat().filter((name) => name !== sharedNamespace),
  ];
}
