/**
 * One client's WebSocket. Writes are gathered over one turn of the event loop
 * and handed to the system together; what the client has not taken yet is
 * counted, so that a slow one can be told from a quick one.
 */
import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { ClientProtocol, OutgoingMessage } from './client-protocol.ts';
import { protocolOf } from './client-protocol.ts';

export interface ClientSocketOptions {
  /** Bytes written ahead of the client before it counts as slow. */
  bufferSize: number;
  /** Milliseconds; zero or less: no pings. */
  pingInterval: number;
}

export interface ClientSocketListener {
  frame(data: Buffer, binary: boolean): void;
  /** A client that was behind has caught up. */
  drained(): void;
  closed(): void;
  /** A frame could not be handled, by a fault of the gateway's own; the socket is closed. */
  failed(error: Error): void;
}

/** RFC 6455 section 7.4.1. */
const INTERNAL_ERROR = 1011;

/** Bytes gathered before they are written without waiting for the turn's end. */
const FLUSH_SIZE = 256 * 1024;
/** Pings that may go unanswered before a client counts as gone. */
const PINGS_MISSED = 2;

export class ClientSocket {
  readonly protocol: ClientProtocol;
  readonly #ws: WebSocket;
  readonly #stream: Socket;
  /** Not below what the stream takes before it tells that it has drained. */
  readonly #bufferSize: number;
  readonly #pings: NodeJS.Timeout | undefined;
  #corked = false;
  #corkedBytes = 0;
  #wasBehind = false;
  /** Goes on before everything is written, so that the connection never runs dry. */
  readonly #flushed = () => {
    if (!this.#wasBehind || this.#stream.writableLength > this.#bufferSize / 2) return;
    this.#wasBehind = false;
    this.#drained();
  };
  readonly #drained: () => void;
  #unanswered = 0;
  #paused = false;

  constructor(ws: WebSocket, stream: Socket, options: ClientSocketOptions, listener: ClientSocketListener) {
    this.#ws = ws;
    this.#stream = stream;
    this.#bufferSize = Math.max(options.bufferSize, stream.writableHighWaterMark);
    this.protocol = protocolOf(ws.protocol);
    ws.on('message', (data, binary) => {
      try {
        listener.frame(data as Buffer, binary);
      } catch (error) {
        listener.failed(error as Error);
        this.close(INTERNAL_ERROR, 'The gateway could not handle a message');
      }
    });
    ws.on('pong', () => {
      this.#unanswered = 0;
    });
    ws.on('close', () => {
      clearInterval(this.#pings);
      listener.closed();
    });
    this.#drained = () => listener.drained();
    stream.on('drain', this.#drained);
    if (options.pingInterval > 0) this.#pings = setInterval(() => this.#ping(), options.pingInterval);
  }

  /** More has been written than the client has taken: hold further messages back. */
  get isBehind(): boolean {
    return this.#stream.writableLength > this.#bufferSize;
  }

  /** @throws MalformedMessageError when the message can't be told in this client's protocol */
  send(outgoing: OutgoingMessage): void {
    if (this.#ws.readyState !== this.#ws.OPEN) return;
    const { pieces, size } = outgoing.frame(this.protocol);
    this.#cork();
    const last = pieces.at(-1);
    for (const piece of pieces) this.#stream.write(piece, piece === last ? this.#flushed : undefined);
    this.#corkedBytes += size;
    this.#wasBehind ||= this.isBehind;
    if (this.#corkedBytes > FLUSH_SIZE) this.#uncork();
  }

  /** Stops reading from the client, whose requests its kernel can't take yet. */
  pause(): void {
    this.#paused = true;
    this.#ws.pause();
  }

  resume(): void {
    if (!this.#paused) return;
    this.#paused = false;
    this.#unanswered = 0;
    this.#ws.resume();
  }

  /** @param reason at most 123 bytes reach the client */
  close(code: number, reason: string): void {
    this.resume();
    this.#uncork();
    this.#ws.close(code, truncated(reason, 123));
  }

  #cork(): void {
    if (this.#corked) return;
    this.#corked = true;
    this.#stream.cork();
    setImmediate(() => this.#uncork());
  }

  #uncork(): void {
    if (!this.#corked) return;
    this.#corked = false;
    this.#corkedBytes = 0;
    this.#stream.uncork();
  }

  /** A paused socket does not see its pongs. */
  #ping(): void {
    if (this.#paused) return;
    if (this.#unanswered >= PINGS_MISSED) {
      this.#ws.terminate();
      return;
    }
    this.#unanswered += 1;
    this.#ws.ping();
  }
}

function truncated(text: string, bytes: number): string {
  const encoded = Buffer.from(text);
  if (encoded.length <= bytes) return text;
  return encoded
    .subarray(0, bytes)
    .toString()
    .replace(/\uFFFD$/, '');
}
