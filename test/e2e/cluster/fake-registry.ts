/** A registry of images on this machine that has none. Nodes reach it when they are this machine: by `localhost`, without TLS. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';
import { networkInterfaces } from 'node:os';
import { onTestFinished } from 'vitest';
import { clusterApi } from './cluster-api.ts';

export interface FakeRegistry {
  /** `host:port`, as in the name of an image. */
  host: string;
  /** Answers all that wait, and all that come later. */
  open(): void;
}

/** Why no node can reach such a registry; null when all can. */
export async function whyNoFakeRegistry(): Promise<string | null> {
  const own = new Set(
    Object.values(networkInterfaces()).flatMap((each) => each?.map(({ address }) => address) ?? []),
  );
  const { core } = await clusterApi();
  const { items } = await core.listNode();
  const isHere = items.every(({ status }) =>
    status?.addresses?.some(({ address }) => isIP(address) !== 0 && own.has(address)),
  );
  return isHere
    ? null
    : 'the nodes of the cluster are not this machine, and cannot reach a registry of the test';
}

/** Answers as `answer` does, once it is open. Closed when the test ends. */
export async function fakeRegistry(answer: (response: ServerResponse) => void): Promise<FakeRegistry> {
  const opened = Promise.withResolvers<void>();
  const server = createServer((_request, response) => {
    void opened.promise.then(() => answer(response));
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const { port } = server.address() as AddressInfo;
  return { host: `localhost:${port}`, open: opened.resolve };
}

/** An error as registries write it. https://distribution.github.io/distribution/spec/api/#errors */
export function registryError(status: number, code: string, headers: Record<string, string> = {}) {
  return (response: ServerResponse) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify({ errors: [{ code, message: code.toLowerCase().replaceAll('_', ' ') }] }));
  };
}
