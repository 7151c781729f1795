/** The one-node cluster of `k3d/bare`, which runs on this machine without Docker. */
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { TestCluster } from './cluster-under-test.ts';
import { type ImageStore, PROJECT } from './images.ts';
import { addressTowards, answeringServer } from './kube-config.ts';
import { runCommand } from './run-command.ts';

const SCRIPT = join(PROJECT, 'k3d/bare/cluster');
const KUBECONFIG = join(process.env['CLUSTER_DIR'] || '/var/lib/testcluster', 'admin.kubeconfig');
const BASE_IMAGE = 'localhost/debian-base:latest';
const isRoot = process.getuid?.() === 0;

export function isBareCluster(kubeconfig: string): boolean {
  return resolve(kubeconfig) === resolve(KUBECONFIG);
}

/** Null when it does not run. */
export async function runningBareCluster(): Promise<TestCluster | null> {
  if (!existsSync(KUBECONFIG)) return null;
  return bareCluster().catch(() => null);
}

/** @throws when it can't be started */
export async function startBareCluster(): Promise<TestCluster> {
  await runCommand(SCRIPT, ['up']);
  const left = 'The cluster is left running for the next time; k3d/bare/cluster down removes it';
  return { ...(await bareCluster()), end: async () => left };
}

/** The cluster as it runs. @throws when it does not answer */
export async function bareCluster(): Promise<TestCluster> {
  const server = await answeringServer(KUBECONFIG);
  return {
    description: `the cluster of k3d/bare, ${server}`,
    kubeconfig: KUBECONFIG,
    responseIp: () => addressTowards(server),
    images: isRoot ? bareImages : null,
    end: async () => null,
  };
}

const bareImages: ImageStore = {
  // Where there is no Docker there may be no registry either: this one is made from Debian's packages.
  async baseImage() {
    await runCommand(SCRIPT, ['base-image']);
    return BASE_IMAGE;
  },
  async has(tag) {
    return (await runCommand(SCRIPT, ['images'])).split('\n').includes(tag);
  },
  async build(tag, context, buildArgs) {
    await runCommand(SCRIPT, ['build', tag, context, ...buildArgs]);
  },
};
