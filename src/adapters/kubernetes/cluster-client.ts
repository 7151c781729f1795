/** A real cluster, asked over its API. */
import type { Observable } from 'rxjs';
import { ApiRefusal } from './api-answer.ts';
import { type ApiCalls, ApiTransport } from './api-transport.ts';
import type {
  Cluster,
  KubernetesObject,
  ObjectKey,
  ResourceEvent,
  ResourceKind,
  Selection,
} from './cluster.ts';
import { type ApiAccess, type ClusterEnvironment, loadClusterAccess } from './cluster-config.ts';
import { listResources } from './resource-list.ts';
import { ResourcePaths, segment } from './resource-paths.ts';
import { type WatchFigures, WatchSharing } from './watch-sharing.ts';
import { ApiWatchSource } from './watch-source.ts';
import type { WatchProblem, WatchTiming } from './watch-terms.ts';

/** Bytes of a log, whatever the length of its lines. */
const LONGEST_LOG = 1024 * 1024;
/** What a kubelet writes in place of a log whose container is gone. */
const NO_LOG = /^unable to retrieve container logs for /;

export interface ClusterClientOptions {
  /** Told about each new trouble of a watch, and about its end. */
  report: (problem: WatchProblem) => void;
  timing?: Partial<WatchTiming>;
  /** Milliseconds until a request is given up. */
  requestTimeout?: number;
}

/** For a metrics page. */
export interface ClusterFigures {
  calls: ApiCalls;
  watches: WatchFigures[];
}

export interface ClusterLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
}

/** @throws ClusterError when no cluster is configured, or its configuration cannot be used */
export async function connectCluster(env: ClusterEnvironment, log: ClusterLog): Promise<ClusterClient> {
  const report = ({ watch, error }: WatchProblem) => {
    if (error === null) log.info({ watch }, `the watch of ${watch} works again`);
    else log.warn({ watch, status: error.status }, `the watch of ${watch} fails: ${error.message}`);
  };
  return new ClusterClient(await loadClusterAccess(env), { report });
}

export class ClusterClient implements Cluster {
  readonly #transport: ApiTransport;
  readonly #paths: ResourcePaths;
  readonly #watches: WatchSharing;

  constructor(access: ApiAccess, { report, timing = {}, requestTimeout }: ClusterClientOptions) {
    this.#transport = new ApiTransport(access, requestTimeout);
    this.#paths = new ResourcePaths(this.#transport);
    const source = (kind: ResourceKind, selection: Selection) =>
      new ApiWatchSource<KubernetesObject>(this.#transport, this.#paths, kind, selection);
    this.#watches = new WatchSharing(source, { report, timing });
  }

  async create<Resource extends KubernetesObject>(object: Resource, signal?: AbortSignal): Promise<Resource> {
    signal?.throwIfAborted();
    const path = await this.#paths.home(object, object.metadata.namespace);
    return JSON.parse(await this.#transport.request({ verb: 'create', path, body: object, signal }));
  }

  async read<Resource extends KubernetesObject>(
    key: ObjectKey,
    signal?: AbortSignal,
  ): Promise<Resource | null> {
    signal?.throwIfAborted();
    const path = await this.#paths.object(key);
    return nullWhen([404], async () =>
      JSON.parse(await this.#transport.request({ verb: 'get', path, signal })),
    );
  }

  async list<Resource extends KubernetesObject>(
    kind: ResourceKind,
    selection: Selection,
  ): Promise<Resource[]> {
    const path = await this.#paths.collection(kind, selection.namespace);
    return (await listResources<Resource>(this.#transport, path, kind, selection)).objects;
  }

  async delete(key: ObjectKey, options: { gracePeriodSeconds?: number; uid?: string } = {}): Promise<void> {
    try {
      const path = await this.#paths.object(key);
      await this.#transport.request({ verb: 'delete', path, body: deleteOptions(options) });
    } catch (error) {
      if (!(error instanceof ApiRefusal)) throw error;
      // A kind that is not there (any more) has no objects either.
      if (error.status === 404) return;
      if (error.status === 409 && (await this.#isGoing(key, options.uid))) return;
      throw error;
    }
  }

  async podLog(namespace: string, pod: string, container: string, tailLines: number): Promise<string | null> {
    const path = `/api/v1/namespaces/${segment(namespace)}/pods/${segment(pod)}/log`;
    const query = { container, tailLines, limitBytes: LONGEST_LOG };
    // 400: the container has not started yet, or there is none of that name.
    const log = await nullWhen([400, 404], () => this.#transport.request({ verb: 'log', path, query }));
    return log === null || log === '' || NO_LOG.test(log) ? null : log;
  }

  watch<Resource extends KubernetesObject>(
    kind: ResourceKind,
    selection: Selection,
  ): Observable<ResourceEvent<Resource>> {
    // What a kind's objects hold is known to the asker; the API server keeps it.
    return this.#watches.watch(kind, selection) as Observable<ResourceEvent<Resource>>;
  }

  figures(): ClusterFigures {
    return { calls: structuredClone(this.#transport.calls), watches: this.#watches.figures() };
  }

  /** Ends all connections; to be called when nothing is watched any more. */
  close(): void {
    this.#transport.close();
  }

  /** A conflict: another object has this name by now, or this one (a namespace) is being deleted already. */
  async #isGoing(key: ObjectKey, uid: string | undefined): Promise<boolean> {
    const object = await this.read(key);
    if (object === null || object.metadata.deletionTimestamp !== undefined) return true;
    return uid !== undefined && object.metadata.uid !== uid;
  }
}

function deleteOptions({ gracePeriodSeconds, uid }: { gracePeriodSeconds?: number; uid?: string }) {
  return {
    apiVersion: 'v1',
    kind: 'DeleteOptions',
    propagationPolicy: 'Background',
    ...(gracePeriodSeconds !== undefined && { gracePeriodSeconds }),
    ...(uid !== undefined && { preconditions: { uid } }),
  };
}

async function nullWhen<Value>(
  statuses: readonly number[],
  ask: () => Promise<Value>,
): Promise<Value | null> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof ApiRefusal && statuses.includes(error.status)) return null;
    throw error;
  }
}
