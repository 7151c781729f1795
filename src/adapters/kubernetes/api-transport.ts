/**
 * Requests to the API server, as plain JSON over HTTP. The library's object
 * API would turn dates into objects and drop fields that it does not know.
 */
import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { setTimeout as pause } from 'node:timers/promises';
import { type ApiRefusal, refusalOf } from './api-answer.ts';
import { Attempt } from './api-attempt.ts';
import { ApiConnections } from './api-connections.ts';
import type { ApiAccess } from './cluster-config.ts';

/** Milliseconds until a request is given up. */
const REQUEST_TIMEOUT = 10_000;
/** Milliseconds to wait when the API server is busy and does not say for how long. */
const BUSY_DELAY = 1000;
const BUSY = 429;

export type Verb = 'get' | 'list' | 'watch' | 'create' | 'delete' | 'log' | 'discover';

export interface ApiRequest {
  verb: Verb;
  /** From the server's root, encoded. */
  path: string;
  query?: Record<string, string | number | undefined>;
  /** Sent as JSON. */
  body?: unknown;
  /** Milliseconds. */
  timeout?: number;
  signal?: AbortSignal | undefined;
}

/** How many requests had which outcome, by verb: a status, `unreachable`, `timeout` or `cancelled`. */
export type ApiCalls = Partial<Record<Verb, Record<string, number>>>;

const METHODS: Partial<Record<Verb, string>> = { create: 'POST', delete: 'DELETE' };

export class ApiTransport {
  readonly calls: ApiCalls = {};
  readonly #access: ApiAccess;
  readonly #connections: ApiConnections;
  readonly #timeout: number;

  constructor(access: ApiAccess, timeout = REQUEST_TIMEOUT) {
    this.#access = access;
    this.#connections = new ApiConnections(access.server);
    this.#timeout = timeout;
  }

  get server(): string {
    return this.#access.server;
  }

  /** Namespace of objects that name none. */
  get namespace(): string {
    return this.#access.namespace;
  }

  /**
   * Resolves to the body of a success. While the API server says that it is
   * busy, which means that it has done nothing, it is asked again within the
   * same time.
   *
   * @throws ClusterError, or the signal's reason when it is aborted
   */
  async request(request: ApiRequest): Promise<string> {
    const timeout = request.timeout ?? this.#timeout;
    const attempt = new Attempt(this.server, timeout, request.signal);
    try {
      for (;;) {
        const error = await this.#exchange(request, attempt);
        if (typeof error === 'string') return error;
        if (error.status !== BUSY) throw error;
        await pause(error.retryAfter ?? BUSY_DELAY, undefined, { signal: attempt.signal }).catch(() => {
          throw attempt.isLate ? error : attempt.failureFor(error);
        });
      }
    } finally {
      attempt.end();
    }
  }

  /**
   * Resolves when a success begins; the body is the caller's to read, and to destroy.
   *
   * @param request its `timeout` is the time until the answer begins
   * @throws ClusterError, or the signal's reason when it is aborted
   */
  async open(request: ApiRequest): Promise<IncomingMessage> {
    const attempt = new Attempt(this.server, request.timeout ?? this.#timeout, request.signal);
    try {
      const response = await this.#send(request, attempt);
      if (!isSuccess(response)) {
        throw refusal(request, response, await this.#read(request, response, attempt));
      }
      attempt.keepUntil(response);
      return response;
    } catch (error) {
      attempt.end();
      throw error;
    }
  }

  /** Lets go of connections that may be dead. */
  dropIdle(): void {
    this.#connections.dropIdle();
  }

  close(): void {
    this.#connections.close();
  }

  async #exchange(request: ApiRequest, attempt: Attempt): Promise<string | ApiRefusal> {
    const response = await this.#send(request, attempt);
    const body = await this.#read(request, response, attempt);
    return isSuccess(response) ? body : refusal(request, response, body);
  }

  /** A kept connection can be closed by the server at the very moment: then it is asked once more, on a new one. */
  async #send(request: ApiRequest, attempt: Attempt): Promise<IncomingMessage> {
    try {
      let outgoing = await this.#outgoing(request, attempt);
      const response = await begun(outgoing).catch(async (error: unknown) => {
        const isRepeatable = request.verb !== 'create' && outgoing.reusedSocket;
        if (!isRepeatable || attempt.signal.aborted) throw error;
        this.dropIdle();
        outgoing = await this.#outgoing(request, attempt);
        return begun(outgoing);
      });
      this.#count(request.verb, String(response.statusCode));
      return response;
    } catch (error) {
      throw this.#failed(request, attempt, error);
    }
  }

  async #outgoing({ verb, path, query = {}, body }: ApiRequest, attempt: Attempt): Promise<ClientRequest> {
    const credentials = await attempt.orAborted(this.#access.credentials());
    const payload = body === undefined ? null : Buffer.from(JSON.stringify(body));
    const options = {
      // The agent of a proxy needs with each request what a direct connection has from its own agent.
      ...(credentials.proxyAgent !== null && credentials.tls),
      method: METHODS[verb] ?? 'GET',
      agent: this.#connections.agentFor(credentials),
      headers: {
        'User-Agent': 'kernelgate',
        Accept: verb === 'log' ? '*/*' : 'application/json',
        ...(payload !== null && { 'Content-Type': 'application/json', 'Content-Length': payload.length }),
        ...credentials.headers,
      },
    };
    const url = `${this.server}${path}${queryText(query)}`;
    const send = url.startsWith('https:') ? requestHttps : requestHttp;
    const outgoing = send(url, options);
    attempt.abortWith(outgoing);
    return outgoing.end(payload ?? undefined);
  }

  async #read(request: ApiRequest, response: IncomingMessage, attempt: Attempt): Promise<string> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of response) chunks.push(chunk as Buffer);
      return Buffer.concat(chunks).toString('utf8');
    } catch (error) {
      throw this.#failed(request, attempt, error);
    }
  }

  #failed(request: ApiRequest, attempt: Attempt, error: unknown): unknown {
    const outcome = attempt.isLate ? 'timeout' : attempt.signal.aborted ? 'cancelled' : 'unreachable';
    // That someone has lost interest says nothing about the connections.
    if (outcome !== 'cancelled') this.dropIdle();
    this.#count(request.verb, outcome);
    return attempt.failureFor(error);
  }

  #count(verb: Verb, outcome: string): void {
    const outcomes = this.calls[verb] ?? {};
    outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
    this.calls[verb] = outcomes;
  }
}

/** Who reads the answer is told of its errors by reading; but an error that nobody listens to would end the process. */
async function begun(outgoing: ClientRequest): Promise<IncomingMessage> {
  outgoing.on('error', () => {});
  outgoing.on('response', (response) => response.on('error', () => {}));
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return response;
}

function isSuccess({ statusCode = 0 }: IncomingMessage): boolean {
  return statusCode >= 200 && statusCode < 300;
}

function refusal({ verb, path }: ApiRequest, { statusCode = 0, headers }: IncomingMessage, body: string) {
  return refusalOf(`${METHODS[verb] ?? 'GET'} ${path}`, statusCode, body, headers['retry-after']);
}

function queryText(query: Record<string, string | number | undefined>): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined) parameters.append(name, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}
