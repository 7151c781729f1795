/** A fake API server, a client that watches its pods, and what the client was told. */
import { filter, firstValueFrom, ReplaySubject } from 'rxjs';
import { onTestFinished } from 'vitest';
import type { KubernetesObject, ResourceEvent, Selection } from '../../../src/adapters/kubernetes/cluster.ts';
import { ClusterClient } from '../../../src/adapters/kubernetes/cluster-client.ts';
import type { WatchProblem, WatchTiming } from '../../../src/adapters/kubernetes/watch-terms.ts';
import { inWords } from './cluster-contract.ts';
import { FakeApiServer } from './fake-api-server.ts';

export const POD = { apiVersion: 'v1', kind: 'Pod' };

/** Short enough for tests that wait for it. */
const TIMING = { firstDelay: 5, longestDelay: 20, longestDelayForbidden: 40 };

export class WatchedServer {
  readonly server: FakeApiServer;
  readonly cluster: ClusterClient;
  readonly problems: WatchProblem[] = [];

  private constructor(server: FakeApiServer, timing: Partial<WatchTiming>) {
    this.server = server;
    const report = (problem: WatchProblem) => void this.problems.push(problem);
    this.cluster = new ClusterClient(server.access, { report, timing: { ...TIMING, ...timing } });
  }

  /** Gone with the test. */
  static async begin(timing: Partial<WatchTiming> = {}): Promise<WatchedServer> {
    const server = await new FakeApiServer().listen();
    const watched = new WatchedServer(server, timing);
    onTestFinished(async () => {
      watched.cluster.close();
      await server.close();
    });
    return watched;
  }

  put(name: string, labels: Record<string, string> = {}): KubernetesObject {
    return this.server.put({ ...POD, metadata: { name, namespace: 'a', labels } });
  }

  remove(name: string): void {
    this.server.remove({ ...POD, metadata: { name, namespace: 'a' } });
  }

  follow(selection: Selection = {}): Followed {
    return new Followed(this.cluster, selection);
  }

  /** Watches that last, without those that only try whether another one is alive. */
  get lasting(): number {
    return this.server.requests.filter(
      ({ verb, url }) => verb === 'watch' && url.searchParams.get('timeoutSeconds') !== '1',
    ).length;
  }

  requests(verb: string): number {
    return this.server.requests.filter((request) => request.verb === verb).length;
  }
}

/** What one subscriber was told. */
export class Followed {
  readonly events: ResourceEvent<KubernetesObject>[] = [];
  readonly #told = new ReplaySubject<ResourceEvent<KubernetesObject>>(1);
  readonly #subscription;

  constructor(cluster: ClusterClient, selection: Selection) {
    this.#subscription = cluster.watch(POD, selection).subscribe((event) => {
      this.events.push(event);
      this.#told.next(event);
    });
    onTestFinished(() => this.leave());
  }

  get words(): string[] {
    return this.events.map(inWords);
  }

  /** Names of what is there, as far as it was told. */
  get present(): string[] {
    const names = new Set<string>();
    for (const event of this.events) {
      if (event.type === 'present') names.add(event.object.metadata.name);
      if (event.type === 'absent') names.delete(event.object.metadata.name);
    }
    return [...names].sort();
  }

  /** Calls with each event that comes from now on, and with the last one before. */
  onEvent(listener: (event: ResourceEvent<KubernetesObject>) => void): void {
    this.#told.subscribe(listener);
  }

  leave(): void {
    this.#subscription.unsubscribe();
  }

  /** Resolves when this was told, be it long ago; `times` in all. */
  async until(word: string, times = 1): Promise<void> {
    const isTold = () => this.words.filter((each) => each === word).length >= times;
    if (!isTold()) await firstValueFrom(this.#told.pipe(filter(isTold)));
  }
}
