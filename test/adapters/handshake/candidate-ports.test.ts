import fc from 'fast-check';
import { expect, it } from 'vitest';
import { candidatePorts } from '../../../src/adapters/handshake/candidate-ports.ts';

it('the wanted port comes first, then those behind it, then any around it', () => {
  expect([...candidatePorts(8877, 7, () => 0)]).toEqual([8877, 8878, 8879, 8880, 8881, 8863, 8863, 8863]);
  expect([...candidatePorts(8877, 6, () => 0.999)]).toEqual([8877, 8878, 8879, 8880, 8881, 8888, 8888]);
});

it('without retries only the wanted port is tried', () => {
  expect([...candidatePorts(8877, 0)]).toEqual([8877]);
});

it('there are as many as may be tried, all of them ports, and none far away', () => {
  const port = fc.integer({ min: 1, max: 65_535 });
  fc.assert(
    fc.property(port, fc.integer({ min: 0, max: 200 }), (wanted, retries) => {
      const candidates = [...candidatePorts(wanted, retries)];
      expect(candidates).toHaveLength(retries + 1);
      for (const candidate of candidates) {
        expect(candidate).toBeGreaterThanOrEqual(1);
        expect(candidate).toBeLessThanOrEqual(65_535);
        expect(Math.abs(candidate - wanted)).toBeLessThanOrEqual(2 * retries);
      }
    }),
  );
});
