/** The heartbeat channel: a kernel echoes what it is sent, whatever else it is busy with. */
import { type Context, Request } from 'zeromq';
import type { ConnectionInfo } from '../../machines/ports.ts';
import { socketAddress } from './kernel-sockets.ts';

/** Milliseconds between two beats, and how many in a row may go unanswered. */
const INTERVAL = 5000;
const MISSES_ALLOWED = 3;
const PING = Buffer.from('ping');

export interface HeartbeatListener {
  beat(): void;
  lost(): void;
  restored(): void;
}

export class Heartbeat {
  readonly #socket: Request;
  readonly #listener: HeartbeatListener;
  readonly #timer: NodeJS.Timeout;
  #misses = 0;
  #sending = false;

  constructor(connection: ConnectionInfo, context: Context, listener: HeartbeatListener) {
    this.#listener = listener;
    this.#socket = new Request({
      context,
      linger: 0,
      relaxed: true,
      correlate: true,
      reconnectInterval: 100,
    });
    this.#socket.connect(socketAddress(connection, connection.hb_port));
    void this.#receive();
    void this.#send();
    this.#timer = setInterval(() => this.#tick(), INTERVAL);
    this.#timer.unref();
  }

  close(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }

  #tick(): void {
    this.#misses += 1;
    if (this.#misses === MISSES_ALLOWED) this.#listener.lost();
    void this.#send();
  }

  /** A beat that can't be sent is one that is missed. */
  async #send(): Promise<void> {
    if (this.#sending || this.#socket.closed) return;
    this.#sending = true;
    await this.#socket.send(PING).catch(() => {});
    this.#sending = false;
  }

  async #receive(): Promise<void> {
    while (!this.#socket.closed) {
      try {
        await this.#socket.receive();
      } catch {
        return;
      }
      if (this.#misses >= MISSES_ALLOWED) this.#listener.restored();
      this.#misses = 0;
      this.#listener.beat();
    }
  }
}
