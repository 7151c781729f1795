/**
 * Lists and watches one selection over the API. The library's `Watch` is not
 * used: it drops lines that it cannot parse and what its callback throws, gives
 * its caller no part in time limits (30 s without data, and it ends), and hides
 * the body of an answer that refuses.
 */
import { refusalInWatch, unreachable } from './api-answer.ts';
import type { ApiTransport } from './api-transport.ts';
import { ClusterError, type KubernetesObject, type ResourceKind, type Selection } from './cluster.ts';
import { listResources, type ResourceList, selectorQuery, withoutBookkeeping } from './resource-list.ts';
import type { ResourcePaths } from './resource-paths.ts';
import { LineReader, parseWatchEvent } from './watch-codec.ts';
import type { FollowOptions, WatchFollower, WatchSource } from './watch-terms.ts';

export class ApiWatchSource<Resource extends KubernetesObject> implements WatchSource<Resource> {
  readonly #transport: ApiTransport;
  readonly #paths: ResourcePaths;
  readonly #kind: ResourceKind;
  readonly #selection: Selection;

  constructor(transport: ApiTransport, paths: ResourcePaths, kind: ResourceKind, selection: Selection) {
    this.#transport = transport;
    this.#paths = paths;
    this.#kind = kind;
    this.#selection = selection;
  }

  async list(patience: number, signal: AbortSignal): Promise<ResourceList<Resource>> {
    const limits = { timeout: patience, signal };
    return listResources(this.#transport, await this.#path(), this.#kind, this.#selection, limits);
  }

  async follow(follower: WatchFollower, options: FollowOptions): Promise<void> {
    const { resourceVersion, seconds, patience, signal } = options;
    const response = await this.#transport.open({
      verb: 'watch',
      path: await this.#path(),
      query: {
        ...selectorQuery(this.#selection),
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion,
        timeoutSeconds: seconds,
      },
      timeout: patience,
      signal,
    });
    follower.opened();
    try {
      const lines = new LineReader();
      for await (const chunk of response) {
        follower.heard();
        for (const line of lines.push(chunk as Buffer)) tell(follower, line);
      }
    } catch (error) {
      if (signal.aborted) throw signal.reason;
      throw error instanceof ClusterError ? error : unreachable(this.#transport.server, error);
    }
  }

  dropIdle(): void {
    this.#transport.dropIdle();
  }

  #path(): Promise<string> {
    return this.#paths.collection(this.#kind, this.#selection.namespace);
  }
}

/** @throws ClusterError for what is an error, or nothing that is known */
function tell(follower: WatchFollower, line: string): void {
  const event = parseWatchEvent(line);
  if (event.type === 'ERROR') throw refusalInWatch(event.object);
  if (event.type === 'BOOKMARK') follower.bookmark(event.object.metadata.resourceVersion);
  else follower.changed(event.type, withoutBookkeeping(event.object));
}
