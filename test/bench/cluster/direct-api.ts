/**
 * The Kubernetes API as a program with nothing else to do would use it: JSON
 * over connections that are kept. Written apart from the gateway's client,
 * because it is the yardstick.
 */
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { Agent, type RequestOptions, request } from 'node:https';
import type { V1ObjectMeta, V1Pod } from '@kubernetes/client-node';

const requestTimeoutMs = 60_000;
const force = { apiVersion: 'v1', kind: 'DeleteOptions', gracePeriodSeconds: 0 };

/** Thrown for an answer that is no success. */
export class ApiStatusError extends Error {
  readonly code = 'api_status';
  readonly status: number;

  constructor(what: string, status: number, body: string) {
    super(`${what} was answered ${status}: ${body.slice(0, 300)}`);
    this.status = status;
  }
}

export class DirectApi {
  readonly #server: string;
  readonly #options: RequestOptions;

  private constructor(server: string, tls: RequestOptions) {
    this.#server = server;
    this.#options = {
      ...tls,
      agent: new Agent({ keepAlive: true }),
      headers: { ...tls.headers, 'content-type': 'application/json', accept: 'application/json' },
    };
  }

  /** The cluster of KUBECONFIG, or of the default file. */
  static async connect(): Promise<DirectApi> {
    const { KubeConfig } = await import('@kubernetes/client-node');
    const config = new KubeConfig();
    config.loadFromDefault();
    const server = config.getCurrentCluster()?.server;
    if (server === undefined) {
      throw new Error('No cluster: set KUBECONFIG');
    }
    const tls: RequestOptions = {};
    await config.applyToHTTPSOptions(tls);
    return new DirectApi(server.replace(/\/+$/, ''), tls);
  }

  get server(): string {
    return this.#server;
  }

  async createNamespace(name: string, labels: Record<string, string>): Promise<void> {
    await this.#call('POST', '/api/v1/namespaces', { metadata: { name, labels } });
  }

  /** Returns once it has its service account: pods can be created in it then. */
  async namespaceIsReady(name: string): Promise<boolean> {
    return (await this.#list(`/api/v1/namespaces/${name}/serviceaccounts`)).length > 0;
  }

  async createPod(pod: V1Pod): Promise<void> {
    await this.#call('POST', `/api/v1/namespaces/${pod.metadata?.namespace}/pods`, pod);
  }

  async deletePod(namespace: string, name: string): Promise<void> {
    await this.#gone(`/api/v1/namespaces/${namespace}/pods/${name}`, force);
  }

  async deleteNamespace(name: string): Promise<void> {
    await this.#gone(`/api/v1/namespaces/${name}`, undefined);
  }

  async pods(labelSelector: string): Promise<V1Pod[]> {
    return this.#list('/api/v1/pods', labelSelector);
  }

  /** Names of the namespaces, those on their way out included. */
  async namespaces(labelSelector: string): Promise<string[]> {
    const items = await this.#list<{ metadata: V1ObjectMeta }>('/api/v1/namespaces', labelSelector);
    return items.map(({ metadata }) => metadata.name ?? '');
  }

  async #list<Item>(path: string, labelSelector = ''): Promise<Item[]> {
    const text = await this.#call('GET', `${path}?labelSelector=${encodeURIComponent(labelSelector)}`);
    return (JSON.parse(text) as { items: Item[] }).items;
  }

  /** Deletes; what is gone, or going, is fine. */
  async #gone(path: string, body: unknown): Promise<void> {
    try {
      await this.#call('DELETE', path, body);
    } catch (error) {
      if (!(error instanceof ApiStatusError) || ![404, 409].includes(error.status)) {
        throw error;
      }
    }
  }

  async #call(method: string, path: string, body?: unknown): Promise<string> {
    const payload = body === undefined ? '' : JSON.stringify(body);
    // Node would not tell the length of what is sent with DELETE.
    const headers = { ...this.#options.headers, 'content-length': Buffer.byteLength(payload) };
    const options = { ...this.#options, method, headers, timeout: requestTimeoutMs };
    const outgoing = request(`${this.#server}${path}`, options);
    outgoing.on('timeout', () => outgoing.destroy(new Error(`${method} ${path} was not answered`)));
    outgoing.end(payload);
    const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
    const chunks: Buffer[] = [];
    for await (const chunk of response) {
      chunks.push(chunk as Buffer);
    }
    const text = Buffer.concat(chunks).toString();
    const status = response.statusCode ?? 0;
    if (status < 200 || status > 299) {
      throw new ApiStatusError(`${method} ${path}`, status, text);
    }
    return text;
  }
}
