import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LifeSigns } from '../../../src/adapters/channels/life-signs.ts';
import { kernelMessage } from './kernel-messages.ts';

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setImmediate', 'clearImmediate', 'performance', 'Date'],
    now: 1_000_000,
  });
});

afterEach(() => {
  vi.useRealTimers();
});

/** What is told is written down as `idle@7`: the status, and the milliseconds since the beginning. */
function lifeSigns() {
  const told: string[] = [];
  const signs = new LifeSigns(Date.now, (event) => {
    const what = event.type === 'kernel.status' ? event.executionState : event.type;
    told.push(`${what}@${'at' in event ? event.at - 1_000_000 : ''}`);
  });
  const says = (executionState: string, parentHeader?: Buffer) =>
    signs.noteMessage(kernelMessage('iopub', 'status', { execution_state: executionState }, parentHeader));
  return { signs, told, says };
}

/** The rest of the present turn of the event loop. */
function turn() {
  vi.advanceTimersByTime(0);
}

describe('a status', () => {
  it('is told behind the turn in which it came, when it is the first, or lasts', () => {
    const { told, says } = lifeSigns();
    says('busy');
    expect(told).toEqual([]);
    turn();
    expect(told).toEqual(['busy@0']);
    vi.advanceTimersByTime(100);
    says('idle');
    turn();
    expect(told).toEqual(['busy@0', 'idle@100']);
  });

  it('that ends another which was told is told at once, however soon it comes', () => {
    const { told, says } = lifeSigns();
    for (const status of ['busy', 'idle', 'restarting']) {
      says(status);
      turn();
    }
    expect(told).toEqual(['busy@0', 'idle@0', 'restarting@0']);
  });

  it('of the same turn as its end is not told', () => {
    const { told, says } = lifeSigns();
    says('busy');
    says('idle');
    turn();
    expect(told).toEqual(['idle@0']);
  });

  it('of busy right behind another is told once it has lasted 5 ms', () => {
    const { told, says } = lifeSigns();
    says('idle');
    vi.advanceTimersByTime(3);
    says('busy');
    vi.advanceTimersByTime(4);
    expect(told).toEqual(['idle@0']);
    vi.advanceTimersByTime(1);
    expect(told).toEqual(['idle@0', 'busy@3']);
  });

  it('of busy that is over before is never told, and the kernel is told to be alive all the same', () => {
    const { told, says } = lifeSigns();
    says('idle');
    turn();
    for (let round = 0; round < 50; round += 1) {
      says('busy');
      vi.advanceTimersByTime(1);
      says('idle');
      vi.advanceTimersByTime(1);
    }
    vi.advanceTimersByTime(100);
    expect(told.length).toBeLessThanOrEqual(8);
    expect(told.every((each) => each.startsWith('idle@'))).toBe(true);
    expect(told.at(-1)).toBe('idle@99');
    expect(vi.getTimerCount()).toBe(0);
  });

  it('of busy that follows many brief ones is told when it lasts', () => {
    const { told, says } = lifeSigns();
    says('idle');
    turn();
    for (let round = 0; round < 10; round += 1) {
      for (const status of ['busy', 'idle']) {
        says(status);
        vi.advanceTimersByTime(1);
      }
    }
    says('busy');
    vi.advanceTimersByTime(5);
    expect(told.at(-1)).toBe('busy@20');
  });

  it('can be told at once, and is not told again', () => {
    const { signs, told, says } = lifeSigns();
    expect(signs.hasStatus).toBe(false);
    says('busy');
    expect(signs.hasStatus).toBe(true);
    signs.tellLatest();
    expect(told).toEqual(['busy@0']);
    vi.advanceTimersByTime(100);
    signs.tellLatest();
    expect(told).toEqual(['busy@0']);
  });

  it.each(['idle', 'busy'])('is not told after the end: %s', (status) => {
    const { signs, told, says } = lifeSigns();
    says('idle');
    turn();
    says(status);
    signs.close();
    vi.advanceTimersByTime(100);
    expect(told).toEqual(['idle@0']);
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('the status of a request on control', () => {
  const request = kernelMessage('control', 'debug_request');
  const { msg_id: msgId } = JSON.parse(request.header.toString());

  it('is not that of the kernel, until it is idle', () => {
    const { signs, told, says } = lifeSigns();
    signs.noteControlRequest(msgId);
    for (const status of ['busy', 'idle']) says(status, request.header);
    turn();
    expect(told).toEqual(['kernel.activity@0']);
    says('of its own', request.header);
    turn();
    expect(told).toEqual(['kernel.activity@0', 'of its own@0']);
  });

  it('is told by the id of its parent alone, wherever else the id may stand', () => {
    const { signs, told, says } = lifeSigns();
    signs.noteControlRequest(msgId);
    says('busy', Buffer.from(JSON.stringify({ msg_id: `${msgId}-2`, session: msgId })));
    turn();
    expect(told).toEqual(['busy@0']);
  });

  it('is forgotten when a hundred others have come', () => {
    const { signs, told, says } = lifeSigns();
    signs.noteControlRequest(msgId);
    for (let other = 0; other < 100; other += 1) signs.noteControlRequest(`other-${other}`);
    says('busy', request.header);
    turn();
    expect(told).toEqual(['busy@0']);
  });
});

it('other output is a sign of life once a second', () => {
  const { signs, told } = lifeSigns();
  for (let at = 0; at <= 2000; at += 250) {
    signs.noteMessage(kernelMessage('iopub', 'stream', { text: 'x' }));
    vi.advanceTimersByTime(250);
  }
  expect(told).toEqual(['kernel.activity@0', 'kernel.activity@1000', 'kernel.activity@2000']);
});
