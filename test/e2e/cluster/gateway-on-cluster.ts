/**
 * Gateways outside of the cluster whose kernels run inside. What their kernels
 * leave behind fails the test file, and is removed.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished } from 'vitest';
import { eventually } from '../deadline.ts';
import { type GatewayOptions, GatewayProcess, unusedPort } from '../gateway-process.ts';
import { testCluster } from './cluster-api.ts';
import { type KernelImages, PROJECT } from './images.ts';
import { leftOf, namesOf, remove } from './leftovers.ts';

/** A shipped kernelspec as a test wants it. */
export interface ClusterSpec {
  /** Folder in `kernelspecs/`; `python_kubernetes` when absent. */
  like?: string;
  image: keyof KernelImages | (string & {});
  /** Added to that of the shipped one. */
  env?: Record<string, string>;
  /** Added to `metadata.process_proxy.config`. */
  config?: Record<string, unknown>;
  /** Written over the shipped files, by path in the folder, such as `scripts/kernel-pod.yaml.j2`. */
  files?: Record<string, string>;
}

export interface ClusterGatewayOptions extends Omit<GatewayOptions, 'kernelspecs'> {
  /** Beside `python_kubernetes`, `old_launcher` and `light`. */
  clusterSpecs?: Record<string, ClusterSpec>;
}

const SPECS: Record<string, ClusterSpec> = {
  python_kubernetes: { image: 'kernelPy' },
  old_launcher: { image: 'oldLauncher' },
  light: { image: 'light' },
};
const UUID = /[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}/g;
/** Milliseconds in which a namespace is gone with all that is in it. */
const REMOVAL_MS = 60_000;

/** All gateways of this test file. */
const started: GatewayProcess[] = [];
const specDirectories: string[] = [];

/** A gateway; the caller ends it, with `destroy` at the latest. */
export async function startClusterGateway(options: ClusterGatewayOptions = {}): Promise<GatewayProcess> {
  const { kubeconfig, responseIp } = testCluster();
  const { clusterSpecs, ...rest } = options;
  const gateway = await GatewayProcess.start({
    ...rest,
    env: {
      KUBECONFIG: kubeconfig,
      EG_RESPONSE_IP: responseIp,
      EG_RESPONSE_PORT: String(await unusedPort()),
      EG_DEFAULT_KERNEL_NAME: 'python_kubernetes',
      // Nodes of tests are small, and busy with other tests.
      EG_KERNEL_LAUNCH_TIMEOUT: '120',
      JUPYTER_PATH: makeSpecs({ ...SPECS, ...clusterSpecs }),
      ...options.env,
    },
  });
  started.push(gateway);
  return gateway;
}

/** A gateway of one test, ended with it. */
export async function ownClusterGateway(options: ClusterGatewayOptions = {}): Promise<GatewayProcess> {
  const gateway = await startClusterGateway(options);
  onTestFinished(() => gateway.destroy());
  return gateway;
}

/** One gateway that the tests of a block share, stopped in order after them. */
export function sharedClusterGateway(options: ClusterGatewayOptions = {}): {
  readonly current: GatewayProcess;
} {
  let gateway: GatewayProcess | undefined;
  beforeAll(async () => {
    gateway = await startClusterGateway(options);
  });
  afterAll(async () => {
    try {
      await gateway?.stop();
      await gateway?.expectNoLeaks();
    } finally {
      gateway?.destroy();
    }
  });
  return {
    get current() {
      if (gateway === undefined) throw new Error('the gateway of this block did not start');
      return gateway;
    },
  };
}

/** Kernels that the gateway's log tells of. */
export function kernelIdsOf(gateway: GatewayProcess): string[] {
  return [...new Set(gateway.log.match(UUID) ?? [])];
}

/** A directory for JUPYTER_PATH with these kernelspecs. */
export function makeSpecs(specs: Record<string, ClusterSpec>): string {
  const directory = mkdtempSync(join(tmpdir(), 'kernelgate-e2e-specs-'));
  specDirectories.push(directory);
  for (const [name, spec] of Object.entries(specs)) makeSpec(join(directory, 'kernels', name), spec);
  return directory;
}

function makeSpec(
  home: string,
  { like = 'python_kubernetes', image, env, config, files }: ClusterSpec,
): void {
  cpSync(join(PROJECT, 'kernelspecs', like), home, { recursive: true });
  for (const [path, text] of Object.entries(files ?? {})) {
    mkdirSync(join(home, path, '..'), { recursive: true });
    writeFileSync(join(home, path), text);
  }
  const file = join(home, 'kernel.json');
  const spec = JSON.parse(readFileSync(file, 'utf8'));
  const proxy = spec.metadata.process_proxy;
  const { images } = testCluster();
  proxy.config = { ...proxy.config, image_name: images[image as keyof KernelImages] ?? image, ...config };
  spec.env = { ...spec.env, ...env };
  writeFileSync(file, JSON.stringify(spec));
}

// A gateway that was killed leaves its kernels: a test that kills one lets another take them over, or removes them.
afterAll(async () => {
  for (const gateway of started) gateway.destroy();
  for (const directory of specDirectories) rmSync(directory, { recursive: true, force: true });
  const ids = started.flatMap(kernelIdsOf);
  await eventually(REMOVAL_MS, 'the end of all kernels', async () => (await leftOf(ids)).length === 0).catch(
    () => {},
  );
  const left = await leftOf(ids);
  if (left.length > 0) await remove(left);
  expect(namesOf(left), 'left in the cluster').toBe('');
}, 3 * REMOVAL_MS);
