import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { EventStream, type Feed } from '../../../src/server/timeline/event-stream.ts';
import { positionOf, positionText } from '../../../src/server/timeline/stream-position.ts';

/** Always has something to say. */
class Chatter implements Feed {
  asked = 0;
  isFollowed = false;
  isQuiet = false;
  #news = () => {};

  next(): string {
    this.asked += 1;
    return this.isQuiet ? '' : `data: ${'x'.repeat(100_000)}\n\n`;
  }

  onNews(callback: () => void): () => void {
    this.isFollowed = true;
    this.#news = callback;
    return () => {
      this.isFollowed = false;
    };
  }

  tell(): void {
    this.#news();
  }
}

describe('a stream of events', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('makes nothing that its client does not take', async () => {
    const feed = new Chatter();
    const stream = new EventStream(feed);
    const client = new PassThrough();
    stream.pipe(client);
    await new Promise(setImmediate);
    const before = feed.asked;
    for (let times = 0; times < 10_000; times += 1) feed.tell();
    await new Promise(setImmediate);
    expect(feed.asked).toBe(before);
    expect(stream.readableLength + client.readableLength).toBeLessThan(1_000_000);
    stream.destroy();
  });

  it('is ended when its client takes nothing for a minute', async () => {
    const feed = new Chatter();
    const stream = new EventStream(feed);
    stream.pipe(new PassThrough());
    await new Promise(setImmediate);
    vi.advanceTimersByTime(59_000);
    expect([stream.destroyed, feed.isFollowed]).toEqual([false, true]);
    vi.advanceTimersByTime(1000);
    await new Promise(setImmediate);
    expect([stream.destroyed, feed.isFollowed]).toEqual([true, false]);
  });

  it('shows that it is there when there is nothing to tell', async () => {
    const feed = new Chatter();
    feed.isQuiet = true;
    const stream = new EventStream(feed);
    let text = '';
    stream.on('data', (chunk: string) => {
      text += chunk;
    });
    await new Promise(setImmediate);
    for (let beats = 0; beats < 10; beats += 1) {
      vi.advanceTimersByTime(15_000);
      await new Promise(setImmediate);
    }
    expect(text).toBe(`retry: 1000\n\n${': still here\n\n'.repeat(10)}`);
    expect(stream.destroyed).toBe(false);
    stream.destroy();
  });
});

describe('a position', () => {
  it.each([
    ['none', undefined, null],
    ['an empty one', '', null],
    ['its own', positionText('0123abcd', 17), 17],
    ['that of an earlier gateway', positionText('ffffffff', 17), 'unknown'],
    ['none at all', '17', 'unknown'],
    ['a very large one', '0123abcd-99999999999999999999', 'unknown'],
    ['two', ['0123abcd-1', '0123abcd-2'], 'unknown'],
  ])('is known for what it is: %s', (_what, header, position) => {
    expect(positionOf('0123abcd', header)).toEqual(position);
  });
});
