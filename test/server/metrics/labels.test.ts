import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BoundedLabels, largest } from '../../../src/server/metrics/bounded-labels.ts';
import { testGateway } from '../test-gateway.ts';
import { scrape } from './scrape.ts';

describe('the values of a label', () => {
  it('keep their names once they have them; further ones share one', () => {
    const labels = new BoundedLabels(2);
    expect(['a', 'b', 'c', 'a', 'd', 'b'].map((value) => labels.of(value))).toEqual([
      'a',
      'b',
      'other',
      'a',
      'other',
      'b',
    ]);
  });

  it('never are more than the limit and one', () => {
    fc.assert(
      fc.property(fc.array(fc.string()), fc.integer({ min: 0, max: 5 }), (values, limit) => {
        const labels = new BoundedLabels(limit);
        expect(new Set(values.map((value) => labels.of(value))).size).toBeLessThanOrEqual(limit + 1);
      }),
    );
  });
});

describe('the largest counts', () => {
  it('leave no one out: all others are counted together', () => {
    const counts = fc.dictionary(fc.string(), fc.integer({ min: 1, max: 9 }));
    fc.assert(
      fc.property(counts, fc.integer({ min: 1, max: 5 }), (given, limit) => {
        const all = new Map(Object.entries(given));
        const kept = largest(all, limit);
        const sum = (numbers: Iterable<number>) => [...numbers].reduce((a, b) => a + b, 0);
        expect(kept.size).toBeLessThanOrEqual(limit + 1);
        expect(sum(kept.values())).toBe(sum(all.values()));
      }),
    );
  });

  it('name no one at a limit of 0', () => {
    expect([...largest(new Map([['alice', 3]]), 0)]).toEqual([]);
  });
});

it('no name that a user can have breaks what Prometheus reads', async () => {
  const gateway = await testGateway({ settings: { metricsUsers: 1000 } });
  for (const user of ['"', '\\', 'a\\"} 9', '{}', 'ünïcode', '#', '__proto__', 'constructor', 'a b,c="d"']) {
    const body = JSON.stringify({ env: { KERNEL_USERNAME: user } });
    await gateway.app.inject({ method: 'POST', url: '/api/kernels', payload: body });
    expect((await scrape(gateway)).value('kernelgate_user_kernels', { user }), user).toBe(1);
  }
});
