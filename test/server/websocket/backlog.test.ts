import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Backlog, BacklogBudget } from '../../../src/server/websocket/backlog.ts';
import { OutgoingMessage } from '../../../src/server/websocket/client-protocol.ts';
import { kernelMessage } from '../../adapters/channels/kernel-messages.ts';

function outgoing(text: string): OutgoingMessage {
  return new OutgoingMessage(kernelMessage('iopub', 'stream', { text }));
}

it('entries are found by their position until they are trimmed', () => {
  const budget = new BacklogBudget(1_000_000);
  const backlog = new Backlog<string>(1_000_000, budget);
  const entries = ['a', 'b', 'c'].map(outgoing);
  for (const each of entries) backlog.append(each, null);
  expect([0, 1, 2, 3].map((at) => backlog.at(at)?.outgoing)).toEqual([...entries, undefined]);
  backlog.trim(2);
  expect([backlog.first, backlog.next]).toEqual([2, 3]);
  expect([1, 2].map((at) => backlog.at(at)?.outgoing)).toEqual([undefined, entries[2]]);
  backlog.trim(1);
  backlog.trim(99);
  expect([backlog.first, backlog.next, budget.used]).toEqual([3, 3, 0]);
});

it('any sequence of calls keeps positions, bytes and the budget in step, and the limit', () => {
  const action = fc.oneof(
    fc.record({ append: fc.nat({ max: 400 }) }),
    fc.record({ trim: fc.nat({ max: 60 }) }),
  );
  fc.assert(
    fc.property(fc.array(action, { maxLength: 60 }), (actions) => {
      const budget = new BacklogBudget(3000);
      const backlog = new Backlog<string>(2000, budget);
      for (const each of actions) {
        if ('trim' in each) backlog.trim(each.trim);
        else backlog.append(outgoing('x'.repeat(each.append)), null);
        while (backlog.dropOverflow() !== null);
        const kept = Array.from(
          { length: backlog.next - backlog.first },
          (_, index) => backlog.first + index,
        );
        const sizes = kept.map((position) => backlog.at(position)?.outgoing.size ?? Number.NaN);
        const sum = sizes.reduce((total, size) => total + size, 0);
        expect(budget.used).toBe(sum);
        expect(sum <= 2000 || kept.length === 1).toBe(true);
        kept.forEach((position, index) => {
          const rest = sizes.slice(index).reduce((total, size) => total + size, 0);
          expect(backlog.bytesFrom(position)).toBe(rest);
        });
        expect(backlog.bytesFrom(backlog.next)).toBe(0);
      }
    }),
  );
});
