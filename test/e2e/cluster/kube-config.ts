/** What a KUBECONFIG says, and whether the cluster that it names is there. */
import { connect } from 'node:net';
import { delimiter } from 'node:path';
import type { KubeConfig } from '@kubernetes/client-node';
import { within } from '../deadline.ts';

const ANSWER_MS = 10_000;

/** @param kubeconfig one path, or several as in the environment variable */
export async function loadKubeConfig(kubeconfig: string): Promise<KubeConfig> {
  const { KubeConfig: Config } = await import('@kubernetes/client-node');
  const [first = '', ...others] = kubeconfig.split(delimiter).filter(Boolean);
  const config = new Config();
  config.loadFromFile(first);
  for (const file of others) {
    const more = new Config();
    more.loadFromFile(file);
    config.mergeConfig(more, true);
  }
  return config;
}

/** The URL of the API server, once it has answered. @throws when the file can't be read, or nobody answers */
export async function answeringServer(kubeconfig: string): Promise<string> {
  const config = await loadKubeConfig(kubeconfig);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error(`${kubeconfig} names no cluster`);
  const { VersionApi } = await import('@kubernetes/client-node');
  const version = config.makeApiClient(VersionApi).getCode();
  await within(ANSWER_MS, `an answer of ${server}`, version).catch((error: Error) => {
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    throw new Error(`${server} does not answer: ${reason}`, { cause: error });
  });
  return server;
}

/** This machine's address on the way to the API server: where its nodes can reach this machine, unless it is a loopback. */
export function addressTowards(server: string): Promise<string> {
  const { hostname, port } = new URL(server);
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port || 443) });
    socket.once('error', reject);
    socket.once('connect', () => {
      resolve(socket.localAddress ?? '');
      socket.destroy();
    });
  });
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.') || address === '::1' || address === '';
}
