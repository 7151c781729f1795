/**
 * A small API server: lists (in pages), watches, creates, reads and deletes
 * objects of any kind over real HTTP or HTTPS, and fails in every way that one
 * can fail. Objects can be put and removed behind its back, too.
 */
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { KubernetesObject } from '../../../src/adapters/kubernetes/cluster.ts';
import type { ApiAccess } from '../../../src/adapters/kubernetes/cluster-config.ts';
import {
  collectionOf,
  type FakeResource,
  type FakeVerb,
  filterOf,
  type Placed,
  pathOf,
  RESOURCES,
  rootOf,
  type Target,
  targetOf,
  verbOf,
} from './fake-api-paths.ts';
import { FakeApiStore, type Filter } from './fake-api-store.ts';
import { type Chunking, FakeApiWatch } from './fake-api-watch.ts';

/** An answer in place of the right one. */
export interface FakeFault {
  status: number;
  reason?: string;
  message?: string;
  headers?: Record<string, string>;
  /** What is sent in place of a `Status` object. */
  text?: string;
}

export interface SeenRequest {
  verb: FakeVerb;
  url: URL;
  authorization: string | undefined;
}

interface Reply {
  status: number;
  headers?: Record<string, string>;
  /** Sent as it is, anything else as JSON. */
  body: object | string;
}

export class FakeApiServer {
  readonly store = new FakeApiStore();
  readonly resources: FakeResource[] = [...RESOURCES];
  readonly requests: SeenRequest[] = [];
  /** Logs of containers, by `namespace/pod/container`. */
  readonly logs = new Map<string, string>();
  /** Watches that are open. */
  readonly watches = new Set<FakeApiWatch>();
  chunking: Chunking = 'lines';
  /** Takes requests and answers none of them. */
  isSilent = false;
  /** Milliseconds until a watch is ended by the server, whatever the client asked for; null: as it asked. */
  watchLifetime: number | null = null;
  /** Says for each request what goes wrong with it. */
  faultFor: (request: SeenRequest) => FakeFault | null = () => null;
  /** Called with each watch that is opened. */
  onWatch: (watch: FakeApiWatch, request: SeenRequest) => void = () => {};
  /** What a list goes on with: the state of its first page. */
  readonly #pages = new Map<string, { all: KubernetesObject[]; start: number; version: number }>();
  /** Once it listens; stays when it is closed. */
  url = '';
  readonly #server;
  readonly #sockets = new Set<Socket>();
  readonly #scheme: string;

  constructor(tls?: { key: string | Buffer; cert: string | Buffer }) {
    const listener: RequestListener = (request, response) => void this.#handle(request, response);
    this.#server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
    this.#scheme = tls === undefined ? 'http' : 'https';
    this.#server.on(tls === undefined ? 'connection' : 'secureConnection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    this.store.onChange = (change) => {
      for (const watch of this.watches) watch.change(change);
    };
  }

  /** @param port 0: any that is free */
  async listen(port = 0): Promise<this> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.listen(port, '127.0.0.1', resolve);
    await promise;
    this.url = `${this.#scheme}://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
    return this;
  }

  /** Lets anybody in. */
  get access(): ApiAccess {
    const credentials = { headers: {}, tls: {}, proxyAgent: null };
    return { server: this.url, namespace: 'default', credentials: async () => credentials };
  }

  get connections(): number {
    return this.#sockets.size;
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    this.dropConnections();
    await promise;
  }

  /** Puts an object there, as somebody else does. */
  put(object: KubernetesObject): KubernetesObject {
    const { path, collection } = this.#place(object);
    return this.store.put(path, collection, object);
  }

  /** Removes an object, as somebody else does. */
  remove(object: Placed): void {
    this.store.remove(this.#place(object).path);
  }

  dropConnections(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  /** All watches that are open go silent, and stay open. */
  stallWatches(): void {
    for (const watch of this.watches) watch.isStalled = true;
  }

  endWatches(): void {
    for (const watch of this.watches) watch.end();
  }

  expireWatches(): void {
    for (const watch of this.watches) watch.expire();
  }

  bookmarkWatches(): void {
    for (const watch of this.watches) watch.bookmark();
  }

  #place(object: Placed) {
    const { apiVersion, kind, metadata } = object;
    const resource = this.resources.find((each) => each.apiVersion === apiVersion && each.kind === kind);
    if (resource === undefined) throw new Error(`the fake API server has no ${kind}`);
    const namespace = resource.namespaced ? (metadata.namespace ?? 'default') : null;
    return { path: pathOf(resource, namespace, metadata.name), collection: collectionOf(resource) };
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', this.url);
    const body = await bodyOf(request);
    const target = targetOf(url.pathname, this.resources);
    const verb = verbOf(request.method ?? 'GET', url, target);
    const seen = { verb, url, authorization: request.headers.authorization };
    this.requests.push(seen);
    if (this.isSilent) return;
    const fault = this.faultFor(seen);
    if (fault !== null) send(response, refused(fault));
    else if (target === null) send(response, this.#discover(url.pathname));
    else if (verb === 'watch') this.#watch(filterOf(target, url), seen, response);
    else send(response, this.#reply(verb, target, url, body));
  }

  #reply(verb: FakeVerb, target: Target, url: URL, body: string): Reply {
    if (verb === 'list') return this.#list(filterOf(target, url), target, url);
    if (verb === 'create') return this.#create(target, JSON.parse(body));
    if (verb === 'delete') return this.#delete(target, url.pathname, body);
    if (verb === 'log') return this.#log(target, url);
    const object = this.store.get(url.pathname);
    return object === null ? notFound(target) : { status: 200, body: object };
  }

  #discover(path: string): Reply {
    const resources = this.resources.filter((resource) => rootOf(resource) === path);
    if (resources.length === 0) return { status: 404, body: '404 page not found\n' };
    return { status: 200, body: { kind: 'APIResourceList', apiVersion: 'v1', resources } };
  }

  #list(filter: Filter, { resource }: Target, { searchParams }: URL): Reply {
    const token = searchParams.get('continue');
    const { all, start, version } = (token === null ? null : this.#pages.get(token)) ?? {
      all: this.store.list(filter),
      start: 0,
      version: this.store.version,
    };
    if (version < this.store.compacted) {
      return refused({ status: 410, reason: 'Expired', message: 'the continue token is too old' });
    }
    const end = start + Number(searchParams.get('limit') ?? all.length);
    const rest = end < all.length ? { continue: `${end}@${version}` } : {};
    this.#pages.set(`${end}@${version}`, { all, start: end, version });
    const metadata = { resourceVersion: String(version), ...rest };
    // Items of a real list do not say their kind either.
    const items = all.slice(start, end).map(({ apiVersion, kind, ...item }) => item);
    const { apiVersion, kind } = resource;
    return { status: 200, body: { kind: `${kind}List`, apiVersion, metadata, items } };
  }

  #watch(filter: Filter, seen: SeenRequest, response: ServerResponse): void {
    const { searchParams } = seen.url;
    const watch = new FakeApiWatch(response, this.store, {
      filter,
      since: Number(searchParams.get('resourceVersion')),
      chunking: this.chunking,
      bookmarks: searchParams.get('allowWatchBookmarks') === 'true',
    });
    this.watches.add(watch);
    const lifetime = this.watchLifetime ?? Number(searchParams.get('timeoutSeconds')) * 1000;
    const timer = setTimeout(() => watch.end(), lifetime);
    response.once('close', () => {
      clearTimeout(timer);
      this.watches.delete(watch);
    });
    this.onWatch(watch, seen);
  }

  #create({ resource, namespace, collection }: Target, object: KubernetesObject): Reply {
    const { name } = object.metadata;
    const path = pathOf(resource, namespace, name);
    if (this.store.get(path) !== null) {
      const message = `${resource.name} "${name}" already exists`;
      return refused({ status: 409, reason: 'AlreadyExists', message });
    }
    const place = namespace === null ? {} : { namespace };
    const placed = { ...object, metadata: { ...object.metadata, ...place } };
    return { status: 201, body: this.store.put(path, collection, placed) };
  }

  #delete(target: Target, path: string, body: string): Reply {
    const uid = this.store.get(path)?.metadata.uid;
    if (uid === undefined) return notFound(target);
    const wanted = (JSON.parse(body || '{}') as { preconditions?: { uid?: string } }).preconditions?.uid;
    if (wanted !== undefined && wanted !== uid) {
      const message = `Precondition failed: UID in precondition: ${wanted}, UID in object meta: ${uid}`;
      return refused({ status: 409, reason: 'Conflict', message });
    }
    this.store.remove(path);
    return { status: 200, body: { kind: 'Status', apiVersion: 'v1', status: 'Success' } };
  }

  #log(target: Target, { searchParams }: URL): Reply {
    const key = `${target.namespace}/${target.name}/${searchParams.get('container')}`;
    const lines = this.logs.get(key)?.split(/(?<=\n)/);
    if (lines === undefined) return notFound(target);
    const tail = Number(searchParams.get('tailLines') ?? lines.length);
    return { status: 200, body: lines.slice(-tail).join('') };
  }
}

function send(response: ServerResponse, { status, headers, body }: Reply): void {
  response.writeHead(status, headers).end(typeof body === 'string' ? body : JSON.stringify(body));
}

function refused({ status, reason, message, headers, text }: FakeFault): Reply {
  const body = text ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason, message, code: status };
  return { status, body, ...(headers !== undefined && { headers }) };
}

function notFound({ resource, name }: Target): Reply {
  return refused({ status: 404, reason: 'NotFound', message: `${resource.name} "${name}" not found` });
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString('utf8');
}
