/** The cluster that KUBECONFIG names: anybody's. */
import { join } from 'node:path';
import { bareCluster, isBareCluster } from './bare-cluster.ts';
import type { TestCluster } from './cluster-under-test.ts';
import { addressOfHost, buildInDocker } from './docker.ts';
import { type ImageStore, PROJECT } from './images.ts';
import { addressTowards, answeringServer, isLoopback, loadKubeConfig } from './kube-config.ts';
import { runCommand } from './run-command.ts';

/** What `k3d/config.yaml` makes. */
const K3D_CONTEXT = 'k3d-kernelgate';
const K3D_SERVER = 'k3d-kernelgate-server-0';
const K3D_SCRIPT = join(PROJECT, 'k3d/cluster');

/** @throws with a sentence for people */
export async function givenCluster(kubeconfig: string): Promise<TestCluster> {
  const server = await answeringServer(kubeconfig).catch((error: Error) => {
    throw new Error(`the cluster of KUBECONFIG can't be used: ${error.message}`);
  });
  if (isBareCluster(kubeconfig)) return bareCluster();
  const isK3d = (await loadKubeConfig(kubeconfig)).getCurrentContext() === K3D_CONTEXT;
  return {
    description: `the cluster of KUBECONFIG, ${server}`,
    kubeconfig,
    responseIp: () => (isK3d ? addressOfHost(K3D_SERVER) : reachableAddress(server)),
    images: isK3d ? k3dImages : null,
    end: async () => null,
  };
}

async function reachableAddress(server: string): Promise<string> {
  const address = await addressTowards(server);
  if (!isLoopback(address)) return address;
  throw new Error(
    `${server} does not tell how its pods reach this machine: set KERNELGATE_TEST_RESPONSE_IP to the address`,
  );
}

const k3dImages: ImageStore = {
  baseImage: async () => null,
  async has(tag) {
    return (await runCommand(K3D_SCRIPT, ['images'])).split('\n').includes(tag);
  },
  async build(tag, context, buildArgs) {
    await buildInDocker(tag, context, buildArgs);
    await runCommand(K3D_SCRIPT, ['load', tag]);
  },
};
