import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubernetesObject, ResourceEvent } from '../../../src/adapters/kubernetes/cluster.ts';
import { ResourceStore } from '../../../src/adapters/kubernetes/resource-store.ts';

describe('a new list', () => {
  test('tells first what is gone, then what is there, then that this was all', () => {
    const store = new ResourceStore();
    store.replace([pod('a', 1), pod('b', 2)]);
    expect(words(store.replace([pod('b', 2), pod('c', 3)]))).toEqual([
      'absent a 1',
      'present b 2',
      'present c 3',
      'synced',
    ]);
  });

  test('tells the end of what has a successor of the same name', () => {
    const store = new ResourceStore();
    store.replace([pod('a', 1)]);
    expect(words(store.replace([pod('a', 2)]))).toEqual(['absent a 1', 'present a 2', 'synced']);
  });
});

describe('a change', () => {
  test('that brings a successor of the same name tells the end of the first one', () => {
    const store = new ResourceStore();
    store.replace([pod('a', 1)]);
    expect(words(store.put(pod('a', 2)))).toEqual(['absent a 1', 'present a 2']);
  });

  test('that takes away what was not known tells nothing', () => {
    const store = new ResourceStore();
    store.replace([pod('a', 2)]);
    expect(store.remove(pod('b', 1))).toEqual([]);
    expect(store.remove(pod('a', 1))).toEqual([]);
  });
});

test('before the first list, late comers are told nothing', () => {
  expect(new ResourceStore().snapshot()).toEqual([]);
});

test('whoever follows, from whenever, knows what the store knows', () => {
  const object = fc.record({ name: fc.constantFrom('a', 'b', 'c'), uid: fc.integer({ min: 1, max: 3 }) });
  const pods = fc.array(object).map((all) => all.map(({ name, uid }) => pod(name, uid)));
  const distinct = pods.map((all) => [...new Map(all.map((each) => [each.metadata.name, each])).values()]);
  const step = fc.oneof(
    distinct.map((list) => (store: ResourceStore<KubernetesObject>) => store.replace(list)),
    object.map(
      ({ name, uid }) =>
        (store: ResourceStore<KubernetesObject>) =>
          store.put(pod(name, uid)),
    ),
    object.map(
      ({ name, uid }) =>
        (store: ResourceStore<KubernetesObject>) =>
          store.remove(pod(name, uid)),
    ),
  );
  fc.assert(
    fc.property(distinct, fc.array(step), fc.nat(), (first, steps, joining) => {
      const store = new ResourceStore<KubernetesObject>();
      const early = new Set<string>();
      const late = new Set<string>();
      follow(early, store.replace(first));
      steps.forEach((run, index) => {
        if (index === joining % steps.length) follow(late, store.snapshot());
        const events = run(store);
        follow(early, events);
        if (index >= joining % steps.length) follow(late, events);
      });
      const known = new Set<string>();
      follow(known, store.snapshot());
      expect(early).toEqual(known);
      if (steps.length > 0) expect(late).toEqual(known);
    }),
  );
});

function pod(name: string, uid: number): KubernetesObject {
  return { apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace: 'x', uid: String(uid) } };
}

function words(events: ResourceEvent<KubernetesObject>[]): string[] {
  return events.map((event) =>
    event.type === 'synced'
      ? 'synced'
      : `${event.type} ${event.object.metadata.name} ${event.object.metadata.uid}`,
  );
}

/** What a follower takes to be there. */
function follow(present: Set<string>, events: ResourceEvent<KubernetesObject>[]): void {
  for (const word of words(events)) {
    const [type, name, uid] = word.split(' ');
    if (type === 'present') present.add(`${name} ${uid}`);
    if (type === 'absent') present.delete(`${name} ${uid}`);
  }
}
