/**
 * Server-sent events, https://html.spec.whatwg.org/multipage/server-sent-events.html:
 * written only as fast as the client takes them, so that nothing piles up for
 * one that does not.
 */
import { Readable } from 'node:stream';

/** Where a stream's text comes from. */
export interface Feed {
  /** What is to be sent now: empty when there is nothing new, null at the end. Asked again once that was taken. */
  next(): string | null;
  /** Calls back when there may be something new. @returns what ends it */
  onNews(callback: () => void): () => void;
}

/** Milliseconds between two comments, which keep proxies from taking a quiet stream for a dead one. */
const HEARTBEAT = 15_000;
/** Heartbeats that a client may leave untaken before it counts as gone. */
const HEARTBEATS_MISSED = 4;
/** Milliseconds after which a client that lost its connection is to come back. */
const RETRY = 1000;

export const STREAM_HEADERS = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-store',
  'x-accel-buffering': 'no',
};

export interface ServerSentEvent {
  type: string;
  id?: string;
  /** JSON, which has no line breaks. */
  data: string;
}

export function eventText({ type, id, data }: ServerSentEvent): string {
  return `event: ${type}\n${id === undefined ? '' : `id: ${id}\n`}data: ${data}\n\n`;
}

export class EventStream extends Readable {
  readonly #feed: Feed;
  readonly #unfollow: () => void;
  readonly #heartbeat: NodeJS.Timeout;
  /** The client has taken all there was. */
  #isAwaited = false;
  #missed = 0;

  constructor(feed: Feed) {
    super({ encoding: 'utf8' });
    this.#feed = feed;
    this.#unfollow = feed.onNews(() => this.#continue());
    this.#heartbeat = setInterval(() => this.#beat(), HEARTBEAT).unref();
    this.push(`retry: ${RETRY}\n\n`);
  }

  override _read(): void {
    this.#isAwaited = true;
    this.#missed = 0;
    this.#continue();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    this.#unfollow();
    clearInterval(this.#heartbeat);
    callback(error);
  }

  /** No more comes; what is under way is still sent. */
  finish(): void {
    if (!this.readableEnded && !this.destroyed) this.push(null);
    this.#isAwaited = false;
  }

  #continue(): void {
    if (!this.#isAwaited) return;
    const text = this.#feed.next();
    if (text === '') return;
    this.#isAwaited = false;
    this.push(text);
  }

  #beat(): void {
    if (this.#isAwaited) {
      this.#isAwaited = false;
      this.push(': still here\n\n');
    } else {
      this.#missed += 1;
      if (this.#missed >= HEARTBEATS_MISSED) this.destroy();
    }
  }
}
