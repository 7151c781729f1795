/** A way to the API server for one gateway, on which the test can let the server go away. The server itself is left alone. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { eventually } from '../deadline.ts';
import { testCluster } from './cluster-api.ts';
import { loadKubeConfig } from './kube-config.ts';

/** The certificate of every API server holds this name. */
const SERVER_NAME = 'kubernetes.default.svc';

/** How an API server can be away: connections end, or nothing comes back on them, old and new. */
export type Absence = 'refusing' | 'silent';

export class ApiOutage {
  readonly #server: Server;
  readonly #target: URL;
  readonly #near = new Set<Socket>();
  #absence: Absence | null = null;
  #attempts = 0;

  constructor(target: URL) {
    this.#target = target;
    this.#server = createServer((near) => this.#accept(near));
  }

  async listen(): Promise<this> {
    await once(this.#server.listen(0, '127.0.0.1'), 'listening');
    return this;
  }

  get url(): string {
    return `https://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  begin(absence: Absence): void {
    this.#absence = absence;
    this.#attempts = 0;
    for (const socket of this.#near) {
      if (absence === 'refusing') socket.resetAndDestroy();
      else socket.unpipe().pause().emit('silenced');
    }
  }

  /** Waits until somebody has tried to connect that often since the outage began. */
  async noticed(attempts: number): Promise<void> {
    await eventually(60_000, `${attempts} attempts to connect`, () => this.#attempts >= attempts);
  }

  /** What is new works again; connections that have gone silent stay so. */
  end(): void {
    this.#absence = null;
  }

  close(): void {
    this.#server.close();
    for (const socket of this.#near) socket.destroy();
  }

  #accept(near: Socket): void {
    this.#near.add(near);
    near.on('error', () => {});
    near.once('close', () => this.#near.delete(near));
    if (this.#absence === null) this.#pass(near);
    else this.#attempts += 1;
    if (this.#absence === 'refusing') near.resetAndDestroy();
  }

  #pass(near: Socket): void {
    const far = connect(Number(this.#target.port || 443), this.#target.hostname);
    far.on('error', () => {});
    near.once('silenced', () => far.unpipe().pause());
    near.once('close', () => far.destroy());
    far.once('close', () => {
      if (!near.isPaused()) near.destroy();
    });
    near.pipe(far).pipe(near);
  }
}

/** Open until the test ends. @returns the KUBECONFIG of the gateway whose way it is */
export async function apiOutage(): Promise<{ outage: ApiOutage; kubeconfig: string }> {
  const config = await loadKubeConfig(testCluster().kubeconfig);
  const cluster = config.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig names no cluster');
  const outage = await new ApiOutage(new URL(cluster.server)).listen();
  const directory = mkdtempSync(join(tmpdir(), 'kernelgate-e2e-kubeconfig-'));
  onTestFinished(() => {
    outage.close();
    rmSync(directory, { recursive: true, force: true });
  });
  config.clusters = [{ ...cluster, server: outage.url, tlsServerName: cluster.tlsServerName ?? SERVER_NAME }];
  const kubeconfig = join(directory, 'config');
  writeFileSync(kubeconfig, config.exportConfig(), { mode: 0o600 });
  return { outage, kubeconfig };
}
