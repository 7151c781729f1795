/**
 * The one bound that is a requirement: whatever becomes of its connections, a
 * watch tells each creation and each deletion within two seconds.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { WatchedServer } from './watched-server.ts';

const LONGEST_DELAY = 2000;
const OBJECTS = 240;
/** Milliseconds. */
const DURATION = 9000;
/** Longer than the longest delay: what has come and gone between two lists is told by neither. */
const LIFE = 2500;
const FAULT_INTERVAL = 400;

test('a watch tells everything in time while connections drop, stall, expire and fail', async () => {
  const watched = await WatchedServer.begin({ firstDelay: 50, longestDelay: 1000 });
  watched.server.chunking = 'split';
  const delays = new Delays();
  const followed = watched.follow();
  followed.onEvent((event) => {
    if (event.type !== 'synced') delays.told(event.type, event.object.metadata.name);
  });
  await followed.until('synced');
  const end = new AbortController();
  const faults = causeFaults(watched, end.signal);
  await Promise.all(Array.from({ length: OBJECTS }, (_, index) => live(watched, delays, index)));
  end.abort();
  await faults;
  await delays.allTold;

  expect(delays.count('present')).toBe(OBJECTS);
  expect(delays.count('absent')).toBe(OBJECTS / 2);
  const worst = Math.max(...delays.all);
  expect(worst, `the worst of ${delays.all.length}`).toBeLessThan(LONGEST_DELAY);
  expect(followed.present).toEqual(
    watched.server.store
      .list(ALL_PODS)
      .map(({ metadata }) => metadata.name)
      .sort(),
  );
  expect(watched.cluster.figures().watches[0]?.watchRestarts).toBeGreaterThan(5);
}, 60_000);

const ALL_PODS = { collection: '/api/v1/pods', namespace: null, labelSelector: null, fieldSelector: null };

/** An object that is made, changed, and, every second one, deleted again. */
async function live(watched: WatchedServer, delays: Delays, index: number): Promise<void> {
  const name = `pod-${index}`;
  await pause(Math.random() * (DURATION - LIFE));
  delays.happened('present', name);
  watched.put(name);
  await pause(Math.random() * LIFE);
  watched.put(name, { changed: 'yes' });
  if (index % 2 === 1) return;
  await pause(LIFE);
  delays.happened('absent', name);
  watched.remove(name);
}

/** One kind of fault after the other, in any order, at any moment. */
async function causeFaults({ server }: WatchedServer, signal: AbortSignal): Promise<void> {
  const nextWatchFails = (status: number) => {
    let times = 1;
    server.faultFor = ({ verb }) => (verb === 'watch' && times-- > 0 ? { status } : null);
  };
  const faults = [
    () => server.dropConnections(),
    () => server.stallWatches(),
    () => server.expireWatches(),
    () => server.endWatches(),
    () => server.bookmarkWatches(),
    () => {
      for (const watch of server.watches) watch.fail({ code: 500, reason: 'InternalError', message: 'etcd' });
    },
    () => {
      nextWatchFails(410);
      server.dropConnections();
    },
    () => {
      nextWatchFails(503);
      server.endWatches();
    },
    () => {
      server.store.compact();
      server.stallWatches();
    },
  ];
  for (;;) {
    for (const fault of faults.toSorted(() => Math.random() - 0.5)) {
      await pause(FAULT_INTERVAL * (0.5 + Math.random()), undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      fault();
    }
  }
}

/** How long it took until what had happened was told. */
class Delays {
  readonly all: number[] = [];
  readonly #open = new Map<string, number>();
  readonly #counts = { present: 0, absent: 0 };
  readonly #done = Promise.withResolvers<void>();
  #isOver = false;

  happened(type: 'present' | 'absent', name: string): void {
    this.#open.set(`${type} ${name}`, performance.now());
  }

  /** An object is told to be present with each change, too: the first time counts. */
  told(type: 'present' | 'absent', name: string): void {
    const since = this.#open.get(`${type} ${name}`);
    if (since === undefined) return;
    this.#open.delete(`${type} ${name}`);
    this.#counts[type] += 1;
    this.all.push(performance.now() - since);
    if (this.#isOver && this.#open.size === 0) this.#done.resolve();
  }

  count(type: 'present' | 'absent'): number {
    return this.#counts[type];
  }

  /** To be asked for when nothing happens any more. */
  get allTold(): Promise<void> {
    this.#isOver = true;
    if (this.#open.size === 0) this.#done.resolve();
    return this.#done.promise;
  }
}
