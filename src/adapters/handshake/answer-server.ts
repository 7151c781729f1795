/**
 * Accepts connections from anyone who can reach the gateway, and reads each to
 * its end, within limits. A launcher sends all it has to say in one go.
 */
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';

export interface AnswerLimits {
  /** Milliseconds for a connection in all, from its turn on; not since its last byte. */
  timeout: number;
  /** Bytes that one connection may send. */
  bytes: number;
  /** Connections that are read at the same time. */
  reading: number;
  /** Connections that may wait for their turn, unread. */
  waiting: number;
}

/** `crowded`: too many were waiting. `garbage`: it broke off before its end. */
export type CutReason = 'oversize' | 'slow' | 'crowded' | 'garbage';

export interface AnswerHandler {
  /** All that a connection has sent. @returns what it is told before it is closed; null: nothing */
  received(bytes: Buffer, senderIp: string): string | null;
  /** A connection that was not read to its end. */
  cut(reason: CutReason, senderIp: string): void;
  /** The system has refused a connection; the server goes on. */
  failed(error: Error): void;
}

/** Milliseconds after which a connection that is being read gives way to those that wait. */
const PATIENCE = 1000;

export class AnswerServer {
  readonly #limits: AnswerLimits;
  readonly #handler: AnswerHandler;
  readonly #server: Server;
  readonly #reading = new Set<Socket>();
  readonly #waiting = new Set<Socket>();

  constructor(limits: AnswerLimits, handler: AnswerHandler) {
    this.#limits = limits;
    this.#handler = handler;
    // Half open: a launcher ends its side first, and may wait for what it is told.
    const options = { allowHalfOpen: true, pauseOnConnect: true };
    this.#server = createServer(options, (socket) => this.#arrived(socket));
    this.#server.maxConnections = limits.reading + limits.waiting;
    this.#server.on('drop', (dropped) => handler.cut('crowded', plainIp(dropped?.remoteAddress)));
  }

  /** @returns the port. @throws Error as Node's `listen` gives it */
  async listen(host: string, port: number): Promise<number> {
    this.#server.listen({ host, port, exclusive: true });
    await once(this.#server, 'listening');
    this.#server.on('error', (error) => this.#handler.failed(error));
    return (this.#server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    if (!this.#server.listening) return;
    this.#server.close();
    for (const socket of [...this.#reading, ...this.#waiting]) socket.destroy();
    await once(this.#server, 'close');
  }

  #arrived(socket: Socket): void {
    this.#waiting.add(socket);
    // What goes wrong with it is seen at its close.
    socket.on('error', () => {});
    socket.once('close', () => {
      this.#waiting.delete(socket);
      this.#reading.delete(socket);
      this.#admit();
    });
    this.#admit();
  }

  #admit(): void {
    for (const socket of this.#waiting) {
      if (this.#reading.size >= this.#limits.reading) return;
      this.#waiting.delete(socket);
      this.#reading.add(socket);
      this.#read(socket);
    }
  }

  #read(socket: Socket): void {
    const senderIp = plainIp(socket.remoteAddress);
    const chunks: Buffer[] = [];
    let size = 0;
    let isDecided = false;
    const cut = (reason: CutReason) => {
      if (!isDecided && this.#server.listening) this.#handler.cut(reason, senderIp);
      isDecided = true;
      socket.destroy();
    };
    const timers = [
      setTimeout(() => this.#waiting.size > 0 && cut('slow'), Math.min(PATIENCE, this.#limits.timeout)),
      setTimeout(() => cut('slow'), this.#limits.timeout),
    ];
    socket.once('close', () => {
      for (const timer of timers) clearTimeout(timer);
      cut('garbage');
    });
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > this.#limits.bytes) cut('oversize');
    });
    socket.once('end', () => {
      if (isDecided) return;
      isDecided = true;
      const told = this.#handler.received(Buffer.concat(chunks), senderIp);
      if (told === null) socket.end();
      else socket.end(told);
    });
    socket.resume();
  }
}

/** IPv4 addresses as such, also where a socket for both families shows them in IPv6. */
function plainIp(address: string | undefined): string {
  return (address ?? '').replace(/^::ffff:(?=\d+\.)/i, '');
}
