import { expect, test } from 'vitest';
import { kernelMachine } from '../../src/machines/kernel-machine.ts';
import { transitionRecord } from './kernel-under-test.ts';
import { lives } from './scenarios/lives.ts';
import { transitionsOf } from './transition-record.ts';

test('every transition of the kernel chart is taken in some scenario', { timeout: 60_000 }, async () => {
  const all = transitionsOf(kernelMachine.root);
  expect(new Set(all).size, 'transitions have names of their own').toBe(all.length);
  for (const scenarios of Object.values(lives)) {
    for (const run of Object.values(scenarios)) await run();
  }
  expect(all.filter((name) => !transitionRecord.taken.has(name))).toEqual([]);
});
