/** A cluster of one node in Docker, made for one run of the tests and removed after it. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { StartedK3sContainer } from '@testcontainers/k3s';
import { parse } from 'yaml';
import type { TestCluster } from './cluster-under-test.ts';
import { addressOfContainer, addressOfHost, buildInDocker } from './docker.ts';
import { type ImageStore, PROJECT } from './images.ts';
import { runAsRoot, runCommand } from './run-command.ts';

/** The part of `k3d/config.yaml` that says what a cluster of tests is like. */
interface ClusterConfig {
  image: string;
  options: { k3s: { extraArgs: { arg: string }[] } };
}

/** @throws with a sentence for people */
export async function startDockerCluster(): Promise<TestCluster> {
  const { image, args } = await clusterConfig();
  const { K3sContainer } = await import('@testcontainers/k3s');
  const container = await new K3sContainer(image).withCommand(['server', ...args]).start();
  const directory = await mkdtemp(join(tmpdir(), 'kernelgate-k3s-'));
  const remove = async () => {
    await container.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    const route = await routeToPods(container, args);
    const kubeconfig = join(directory, 'kubeconfig');
    await writeFile(kubeconfig, container.getKubeConfig(), { mode: 0o600 });
    return {
      description: `${image} in Docker`,
      kubeconfig,
      responseIp: () => addressOfHost(container.getId()),
      images: imagesOf(container, directory),
      end: async () => {
        await remove();
        await runAsRoot('ip', ['route', 'del', ...route]);
        return null;
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function clusterConfig(): Promise<{ image: string; args: string[] }> {
  const config: ClusterConfig = parse(await readFile(join(PROJECT, 'k3d/config.yaml'), 'utf8'));
  return { image: config.image, args: config.options.k3s.extraArgs.map(({ arg }) => arg) };
}

/** The gateway under test talks to pods by their addresses, which only the container knows. */
async function routeToPods(container: StartedK3sContainer, args: string[]): Promise<string[]> {
  const [, pods = ''] = args.join(' ').match(/--cluster-cidr=(\S+)/) ?? [];
  const route = [pods, 'via', await addressOfContainer(container.getId())];
  await runAsRoot('ip', ['route', 'replace', ...route]).catch((error: Error) => {
    throw new Error(
      `pods in Docker can't be reached from here without root or sudo on Linux: ${error.message}`,
    );
  });
  return route;
}

function imagesOf(container: StartedK3sContainer, directory: string): ImageStore {
  return {
    baseImage: async () => null,
    // The container is new.
    has: async () => false,
    async build(tag, context, buildArgs) {
      await buildInDocker(tag, context, buildArgs);
      const archive = join(directory, 'image.tar');
      await runCommand('docker', ['save', '-o', archive, tag]);
      const target = '/tmp/image.tar';
      await container.copyFilesToContainer([{ source: archive, target }]);
      await rm(archive);
      const { exitCode, output } = await container.exec(['ctr', '-n', 'k8s.io', 'images', 'import', target]);
      if (exitCode !== 0) throw new Error(`${tag} can't be loaded: ${output.trim()}`);
      await container.exec(['rm', target]);
    },
  };
}
