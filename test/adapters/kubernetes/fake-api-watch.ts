/** One watch of the fake API server, with all that can happen to it. */
import type { ServerResponse } from 'node:http';
import { type FakeApiStore, type Filter, type StoredChange, toldOf } from './fake-api-store.ts';

/** How events reach the client: one to a chunk, many to a chunk, or cut anywhere. */
export type Chunking = 'lines' | 'joined' | 'split';

export interface FakeWatchOptions {
  filter: Filter;
  since: number;
  chunking: Chunking;
  bookmarks: boolean;
}

export class FakeApiWatch {
  readonly filter: Filter;
  readonly bookmarks: boolean;
  /** Silent from now on, with the connection open. */
  isStalled = false;
  readonly #response: ServerResponse;
  readonly #store: FakeApiStore;
  readonly #chunking: Chunking;
  #waiting: string[] = [];
  #isEnding = false;

  constructor(response: ServerResponse, store: FakeApiStore, options: FakeWatchOptions) {
    this.filter = options.filter;
    this.bookmarks = options.bookmarks;
    this.#response = response;
    this.#store = store;
    this.#chunking = options.chunking;
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.flushHeaders();
    if (options.since < store.compacted) this.expire();
    else for (const change of store.changes) if (change.version > options.since) this.change(change);
  }

  change(change: StoredChange): void {
    const event = toldOf(change, this.filter);
    if (event !== null) this.send(event);
  }

  bookmark(): void {
    const metadata = { resourceVersion: String(this.#store.version), creationTimestamp: null };
    if (this.bookmarks) this.send({ type: 'BOOKMARK', object: { kind: 'Pod', apiVersion: 'v1', metadata } });
  }

  /** The point to go on from is forgotten. */
  expire(): void {
    this.fail({ code: 410, reason: 'Expired', message: 'too old resource version: 1 (2)' });
  }

  fail(status: { code: number; reason: string; message: string }): void {
    const object = { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Failure', ...status };
    this.send({ type: 'ERROR', object });
    this.end();
  }

  send(event: object): void {
    this.write(`${JSON.stringify(event)}\n`);
  }

  write(text: string): void {
    this.#waiting.push(text);
    setImmediate(() => this.#flush());
  }

  end(): void {
    this.#isEnding = true;
    setImmediate(() => this.#flush());
  }

  drop(): void {
    this.#response.socket?.destroy();
  }

  #flush(): void {
    if (this.isStalled || this.#response.writableEnded || this.#response.destroyed) return;
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const chunk of chunksOf(waiting, this.#chunking)) this.#response.write(chunk);
    if (this.#isEnding) this.#response.end();
  }
}

function chunksOf(lines: string[], chunking: Chunking): (string | Buffer)[] {
  if (chunking === 'lines' || lines.length === 0) return lines;
  const all = Buffer.from(lines.join(''));
  if (chunking === 'joined') return [all];
  const chunks: Buffer[] = [];
  for (let start = 0; start < all.length; ) {
    const length = 1 + Math.floor(Math.random() * 200);
    chunks.push(all.subarray(start, start + length));
    start += length;
  }
  return chunks;
}
