/**
 * Which cluster the tests use, in this order: the one that KUBECONFIG names;
 * where one may be made, a new one in Docker, or else that of `k3d/bare`; where
 * none may be made, that of `k3d/bare` if it runs already.
 */
import { runningBareCluster, startBareCluster } from './bare-cluster.ts';
import { dockerRuns } from './docker.ts';
import { startDockerCluster } from './docker-cluster.ts';
import { givenCluster } from './given-cluster.ts';
import type { ImageStore } from './images.ts';

export interface TestCluster {
  /** For people: where it comes from. */
  description: string;
  /** What the gateway gets as KUBECONFIG. */
  kubeconfig: string;
  /** Address of this machine that pods reach. @throws when it can't be found out */
  responseIp(): Promise<string>;
  /** Where images are put for its pods; null when there is no way from here. */
  images: ImageStore | null;
  /** Removes what was made for these tests; answers a line to say about it, or null. */
  end(): Promise<string | null>;
}

/**
 * @param given KUBECONFIG, if there is one
 * @param mayMake whether a cluster may be made
 * @throws with half a sentence for people, to be put behind "because"
 */
export async function takeCluster(given: string | undefined, mayMake: boolean): Promise<TestCluster> {
  if (given) return givenCluster(given);
  const cluster = await (mayMake ? makeCluster() : runningBareCluster());
  if (cluster !== null) return cluster;
  throw new Error('no cluster is given by KUBECONFIG or running; npm run test:cluster makes one');
}

async function makeCluster(): Promise<TestCluster> {
  if (await dockerRuns()) return startDockerCluster();
  if (process.platform === 'linux' && process.getuid?.() === 0) return startBareCluster();
  throw new Error('there is no cluster: set KUBECONFIG, start Docker, or run this as root on Debian');
}
