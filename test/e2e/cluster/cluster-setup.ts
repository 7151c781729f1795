/** Runs once before the tests in a cluster: takes one, puts the images there, or says at the end why they did not run. */
import type { TestProject } from 'vitest/node';
import { makeTestPython } from '../python-environment.ts';
import { type TestCluster, takeCluster } from './cluster-under-test.ts';
import { type KernelImages, makeImages } from './images.ts';

/** What the tests are told of their cluster, or why there is none; `isWanted`: that is a failure. */
export type ProvidedCluster =
  | { available: true; kubeconfig: string; responseIp: string; images: KernelImages }
  | { available: false; reason: string; isWanted: boolean };

declare module 'vitest' {
  export interface ProvidedContext {
    cluster: ProvidedCluster;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const testPython = await makeTestPython(say);
  const mayMake = process.env['KERNELGATE_TEST_CLUSTER'] === 'make';
  let cluster: TestCluster | null = null;
  let provided: ProvidedCluster;
  try {
    // Gateways of tests offer local kernels too.
    if (!testPython.available) throw new Error(testPython.reason);
    cluster = await takeCluster(process.env['KUBECONFIG'], mayMake);
    say(`The tests in a cluster use ${cluster.description}`);
    provided = await prepare(cluster);
  } catch (error) {
    // Who gives a cluster to a run that nobody watches wants it to be used.
    const isWanted = mayMake || (process.env['CI'] === 'true' && Boolean(process.env['KUBECONFIG']));
    provided = { available: false, reason: (error as Error).message, isWanted };
  }
  project.provide('testPython', testPython);
  project.provide('cluster', provided);
  return async () => {
    if (!provided.available) say(`skipped: all tests in a cluster, because ${provided.reason}`);
    const lastWords = await cluster?.end();
    if (lastWords) say(lastWords);
  };
}

async function prepare(cluster: TestCluster): Promise<ProvidedCluster> {
  return {
    available: true,
    kubeconfig: cluster.kubeconfig,
    responseIp: process.env['KERNELGATE_TEST_RESPONSE_IP'] || (await cluster.responseIp()),
    images: await makeImages(cluster.images, process.env, say),
  };
}

function say(line: string): void {
  console.log(line);
}
