import fc from 'fast-check';
import { expect, test } from 'vitest';
import { backoffDelay, Patience } from '../../../src/adapters/kubernetes/backoff.ts';
import { DEFAULT_TIMING } from '../../../src/adapters/kubernetes/watch-terms.ts';

test('delays double with each failure, up to the longest, with a share left to chance', () => {
  const delays = (random: number) =>
    [1, 2, 3, 4, 5, 6].map((failures) => backoffDelay(failures, 50, 1000, random));
  expect(delays(1)).toEqual([50, 100, 200, 400, 800, 1000]);
  expect(delays(0)).toEqual([25, 50, 100, 200, 400, 500]);
});

test('delays stay between half the first one and the longest one, however often it fails', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const delay = backoffDelay(failures, 50, 1000, random);
      expect(delay).toBeGreaterThanOrEqual(25);
      expect(delay).toBeLessThanOrEqual(1000);
    }),
  );
});

test('patience grows with each late answer up to its limit, and comes back step by step', () => {
  const patience = new Patience(DEFAULT_TIMING);
  const late = Array.from({ length: 5 }, () => {
    patience.exceeded();
    return patience.milliseconds;
  });
  expect(late).toEqual([1600, 3200, 6400, 10_000, 10_000]);
  patience.rewarded();
  expect(patience.milliseconds).toBe(5000);
  for (let times = 0; times < 5; times += 1) patience.rewarded();
  expect(patience.milliseconds).toBe(DEFAULT_TIMING.patience);
});
