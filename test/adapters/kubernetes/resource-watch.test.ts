import { describe, expect, test, vi } from 'vitest';
import type { FakeFault } from './fake-api-server.ts';
import { WatchedServer } from './watched-server.ts';

const PATIENTLY = { timeout: 10_000 };

describe('a watch', () => {
  test('goes on after the API server has ended it in good order, without listing anew', async () => {
    const watched = await WatchedServer.begin();
    const followed = watched.follow();
    await followed.until('synced');
    watched.put('a');
    await followed.until('present a');
    watched.server.endWatches();
    watched.put('b');
    await followed.until('present b');
    expect(followed.words).toEqual(['synced', 'present a', 'present b']);
    expect(watched.requests('list')).toBe(1);
    expect(watched.cluster.figures().watches).toEqual([
      expect.objectContaining({ watch: 'Pod in all namespaces', watchRestarts: 0 }),
    ]);
  });

  test('tells what happened while its connection was gone, each event once', async () => {
    const watched = await WatchedServer.begin();
    const followed = watched.follow();
    await followed.until('synced');
    watched.put('a');
    await followed.until('present a');
    watched.server.dropConnections();
    watched.put('b');
    watched.remove('a');
    await followed.until('absent a');
    expect(followed.words).toEqual(['synced', 'present a', 'present b', 'absent a']);
    expect(watched.requests('list')).toBe(1);
    expect(watched.cluster.figures().watches[0]?.watchRestarts).toBe(1);
  });

  test.each(['joined', 'split'] as const)('understands events that come %s', async (chunking) => {
    const watched = await WatchedServer.begin();
    watched.server.chunking = chunking;
    const followed = watched.follow();
    await followed.until('synced');
    const names = Array.from({ length: 20 }, (_, index) => `größe-${index}`);
    for (const name of names) watched.put(name, { note: 'ä€😀' });
    await followed.until('present größe-19');
    expect(followed.words).toEqual(['synced', ...names.map((name) => `present ${name}`)]);
    expect(followed.events.at(-1)).toMatchObject({ object: { metadata: { labels: { note: 'ä€😀' } } } });
  });

  test('goes on from the last bookmark, so that a quiet one does not grow too old', async () => {
    const watched = await WatchedServer.begin();
    const followed = watched.follow({ labelSelector: 'app=b' });
    await followed.until('synced');
    await vi.waitUntil(() => watched.server.watches.size > 0, PATIENTLY);
    for (let index = 0; index < 10; index += 1) watched.put(`other-${index}`);
    const { version } = watched.server.store;
    watched.server.bookmarkWatches();
    watched.server.endWatches();
    const reopened = Promise.withResolvers<string | null>();
    watched.server.onWatch = (_watch, { url }) => reopened.resolve(url.searchParams.get('resourceVersion'));
    expect(await reopened.promise).toBe(String(version));
  });

  test('tells that what no longer is selected is absent', async () => {
    const watched = await WatchedServer.begin();
    watched.put('a', { app: 'b' });
    const followed = watched.follow({ namespace: 'a', labelSelector: 'app=b' });
    await followed.until('synced');
    watched.put('a', { app: 'c' });
    await followed.until('absent a');
  });

  test('gives up an API server that sends what is no event, and goes on from the last one', async () => {
    const watched = await WatchedServer.begin();
    const followed = watched.follow();
    await followed.until('synced');
    watched.put('a');
    await followed.until('present a');
    for (const watch of watched.server.watches) watch.write('<html>\n');
    watched.put('b');
    await followed.until('present b');
    expect(followed.words).toEqual(['synced', 'present a', 'present b']);
  });
});

describe('a point that the API server has forgotten', () => {
  test.each<[string, (watched: WatchedServer) => void]>([
    ['in an event', ({ server }) => server.expireWatches()],
    [
      'in the answer',
      ({ server }) => {
        let times = 1;
        server.faultFor = ({ verb }) =>
          verb === 'watch' && times-- > 0 ? { status: 410, reason: 'Expired' } : null;
        server.dropConnections();
      },
    ],
  ])('and says so %s is followed by a new list: what is gone is told', async (_where, forget) => {
    const watched = await WatchedServer.begin();
    watched.put('stays');
    watched.put('goes');
    watched.put('comes-again');
    const followed = watched.follow();
    await followed.until('synced');
    await vi.waitUntil(() => watched.server.watches.size > 0, PATIENTLY);
    watched.server.stallWatches();
    watched.remove('goes');
    watched.remove('comes-again');
    watched.put('comes-again');
    watched.put('new');
    watched.server.store.compact();
    for (const watch of watched.server.watches) watch.isStalled = false;
    forget(watched);
    await followed.until('synced', 2);
    const words = followed.words.slice(followed.words.indexOf('synced') + 1);
    expect(words).toEqual(expect.arrayContaining(['absent goes', 'present stays', 'present new']));
    expect(words.indexOf('absent comes-again')).toBeLessThan(words.indexOf('present comes-again'));
    expect(words.at(-1)).toBe('synced');
  });
});

describe('a connection that went silent', () => {
  test('is found out by what it does not tell', async () => {
    const watched = await WatchedServer.begin({ silence: 50, grace: 20 });
    const followed = watched.follow();
    await followed.until('synced');
    await vi.waitUntil(() => watched.server.watches.size > 0, PATIENTLY);
    watched.server.stallWatches();
    watched.put('a');
    await followed.until('present a');
    expect(watched.cluster.figures().watches[0]?.watchRestarts).toBe(1);
    expect(watched.requests('list')).toBe(1);
  });

  test('is found out when nothing at all gets through any more', async () => {
    const watched = await WatchedServer.begin({ silence: 50, patience: 100 });
    const followed = watched.follow();
    await followed.until('synced');
    await vi.waitUntil(() => watched.server.watches.size > 0, PATIENTLY);
    watched.server.stallWatches();
    watched.server.isSilent = true;
    await vi.waitUntil(() => (watched.cluster.figures().watches[0]?.watchRestarts ?? 0) > 1, PATIENTLY);
    watched.server.isSilent = false;
    watched.put('a');
    await followed.until('present a');
  });

  test('is not suspected of a watch on which nothing happens', async () => {
    const watched = await WatchedServer.begin({ silence: 10 });
    const followed = watched.follow();
    await followed.until('synced');
    await vi.waitUntil(() => watched.requests('watch') > 3, PATIENTLY);
    expect(watched.lasting).toBe(1);
    expect(watched.cluster.figures().watches[0]?.watchRestarts).toBe(0);
  });

  test('is not suspected because the API server refuses to be asked about it', async () => {
    const watched = await WatchedServer.begin({ silence: 10 });
    const followed = watched.follow();
    await followed.until('synced');
    await vi.waitUntil(() => watched.lasting === 1, PATIENTLY);
    watched.server.faultFor = () => ({ status: 429, reason: 'TooManyRequests' });
    await vi.waitUntil(() => watched.requests('watch') > 3, PATIENTLY);
    watched.put('a');
    await followed.until('present a');
    expect(watched.lasting).toBe(1);
  });

  test('costs the same number of requests, however many objects there are', async () => {
    const watched = await WatchedServer.begin({ silence: 10 });
    for (let index = 0; index < 1000; index += 1) watched.put(`pod-${index}`);
    const followed = watched.follow();
    await followed.until('synced');
    await vi.waitUntil(() => watched.requests('watch') > 2, PATIENTLY);
    expect(watched.requests('list')).toBe(2); // Two pages.
    expect(watched.cluster.figures().calls.get).toBeUndefined();
  });
});

describe('a trouble', () => {
  const forbidden: FakeFault = { status: 403, reason: 'Forbidden', message: 'pods is forbidden' };

  test('with permissions is told at once, and only once, and so is its end', async () => {
    const watched = await WatchedServer.begin();
    watched.server.faultFor = ({ verb }) => (verb === 'list' ? forbidden : null);
    const followed = watched.follow({ namespace: 'a', labelSelector: 'app=b' });
    await vi.waitUntil(() => watched.requests('list') > 4, PATIENTLY);
    const watch = 'Pod in namespace a (app=b)';
    expect(watched.problems).toEqual([{ watch, error: expect.objectContaining(forbidden) }]);
    watched.server.faultFor = () => null;
    await followed.until('synced');
    await vi.waitUntil(() => watched.problems.length > 1, PATIENTLY);
    expect(watched.problems.slice(1)).toEqual([{ watch, error: null }]);
  });

  test('that changes is told again', async () => {
    const watched = await WatchedServer.begin();
    watched.server.faultFor = ({ verb }) => (verb === 'list' ? forbidden : null);
    watched.follow();
    await vi.waitUntil(() => watched.problems.length > 0, PATIENTLY);
    watched.server.faultFor = ({ verb }) =>
      verb === 'list' ? { status: 500, message: 'etcd is gone' } : null;
    await vi.waitUntil(() => watched.problems.length > 1, PATIENTLY);
    expect(watched.problems.map(({ error }) => error?.message)).toEqual([
      'pods is forbidden',
      'etcd is gone',
    ]);
  });

  test('that passes at once is not told', async () => {
    const watched = await WatchedServer.begin();
    const followed = watched.follow();
    await followed.until('synced');
    watched.server.dropConnections();
    watched.put('a');
    await followed.until('present a');
    expect(watched.problems).toEqual([]);
  });

  test.each([401, 403, 429, 500, 503])('of status %i is outlived', async (status) => {
    const watched = await WatchedServer.begin();
    let times = 5;
    watched.server.faultFor = ({ verb }) => {
      if (verb === 'discover') return null;
      times -= 1;
      return times >= 0 ? { status, headers: { 'Retry-After': '0' } } : null;
    };
    const followed = watched.follow();
    await followed.until('synced');
    watched.put('a');
    await followed.until('present a');
  });

  test('of an API server that is not there is told, and outlived', async () => {
    const watched = await WatchedServer.begin();
    const followed = watched.follow();
    await followed.until('synced');
    const { port } = new URL(watched.server.url);
    await watched.server.close();
    await vi.waitUntil(() => watched.problems.length > 0, PATIENTLY);
    expect(watched.problems[0]?.error).toMatchObject({
      status: null,
      message: expect.stringContaining(port),
    });
    await watched.server.listen(Number(port));
    watched.put('a');
    await followed.until('present a');
  });

  test('of a watch that is refused again and again leads to a new list', async () => {
    const watched = await WatchedServer.begin();
    const followed = watched.follow();
    await followed.until('synced');
    await vi.waitUntil(() => watched.server.watches.size > 0, PATIENTLY);
    let times = 4;
    const tooLarge = { status: 504, reason: 'Timeout', message: 'Too large resource version: 9, current: 1' };
    watched.server.faultFor = ({ verb }) => (verb === 'watch' && times-- > 0 ? tooLarge : null);
    watched.server.dropConnections();
    await followed.until('synced', 2);
  });

  test('of a watch that ends as soon as it has begun does not make the client hasten', async () => {
    const watched = await WatchedServer.begin({ firstDelay: 200, longestDelay: 200 });
    watched.server.watchLifetime = 0;
    const began = performance.now();
    watched.follow();
    await vi.waitUntil(() => watched.lasting === 4, PATIENTLY);
    expect(performance.now() - began).toBeGreaterThan(200);
  });
});

describe('one watch for all', () => {
  test('can be left at the event that is its last one (which once ended the process)', async () => {
    const watched = await WatchedServer.begin();
    const followed = watched.follow();
    await followed.until('synced');
    await vi.waitUntil(() => watched.server.watches.size > 0, PATIENTLY);
    const leaving = followed.until('present a').then(() => followed.leave());
    watched.server.chunking = 'joined';
    watched.put('a');
    watched.server.endWatches();
    await leaving;
    expect(watched.cluster.figures().watches).toEqual([]);
  });

  test('is shared by those who ask for the same', async () => {
    const watched = await WatchedServer.begin();
    watched.put('a');
    const first = watched.follow({ labelSelector: '' });
    await first.until('synced');
    const second = watched.follow();
    expect(second.words).toEqual(['present a', 'synced']);
    watched.put('b');
    await Promise.all([first.until('present b'), second.until('present b')]);
    expect(watched.requests('list')).toBe(1);
    expect(watched.cluster.figures().watches).toHaveLength(1);
  });

  test('ends with the last one who follows it, and begins anew with the next', async () => {
    const watched = await WatchedServer.begin();
    const [first, second] = [watched.follow(), watched.follow()];
    await first.until('synced');
    await vi.waitUntil(() => watched.server.watches.size > 0, PATIENTLY);
    first.leave();
    watched.put('a');
    await second.until('present a');
    second.leave();
    await vi.waitUntil(() => watched.server.watches.size === 0, PATIENTLY);
    expect(watched.cluster.figures().watches).toEqual([]);
    watched.remove('a');
    const third = watched.follow();
    await third.until('synced');
    expect(third.words).toEqual(['synced']);
  });

  test('goes on for the others when one of them leaves while it is told something', async () => {
    const watched = await WatchedServer.begin();
    for (const name of ['a', 'b', 'c']) watched.put(name);
    const words: string[] = [];
    const leaving = watched.cluster.watch({ apiVersion: 'v1', kind: 'Pod' }, {}).subscribe(({ type }) => {
      words.push(type);
      leaving.unsubscribe();
    });
    const staying = watched.follow();
    await staying.until('synced');
    expect(words).toEqual(['present']);
    expect(staying.words).toEqual(['present a', 'present b', 'present c', 'synced']);
  });
});
