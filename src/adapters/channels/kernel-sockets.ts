/**
 * One kernel's ZeroMQ sockets, shared by all its clients. Messages are verified
 * and handed on as they come; what is to be sent waits its turn, because a
 * socket takes one `send` at a time.
 */
import { type Context, Dealer, Subscriber } from 'zeromq';
import type { ConnectionInfo } from '../../machines/ports.ts';
import type { ChannelName, KernelMessage } from './kernel-message.ts';
import { decodeZmqMessage, encodeZmqMessage, MessageSigner } from './zmq-codec.ts';

export type RequestChannel = Exclude<ChannelName, 'iopub'>;

export const REQUEST_CHANNELS: readonly RequestChannel[] = ['shell', 'control', 'stdin'];

/** Milliseconds between attempts while a kernel has not bound its ports yet. */
const RECONNECT_INTERVAL = 20;
const RECONNECT_MAX_INTERVAL = 1000;
/** Messages that ZeroMQ holds for us while iopub is paused; then TCP holds the kernel back. */
const IOPUB_HIGH_WATER = 256;
/** Bytes waiting for a socket before its senders are to hold on. */
const SEND_HIGH_WATER = 1024 * 1024;

const PORTS: Record<ChannelName, keyof ConnectionInfo> = {
  shell: 'shell_port',
  iopub: 'iopub_port',
  stdin: 'stdin_port',
  control: 'control_port',
};

export interface SocketListener {
  /** A verified message. Called in the order of arrival on each channel. */
  received(message: KernelMessage): void;
  /** A message that was dropped because it could not be verified or understood. */
  rejected(channel: ChannelName, error: Error): void;
  /** Senders that were told to hold on may go on. */
  drained(): void;
  /** The kernel has closed its end of the control connection. */
  disconnected(): void;
}

export class KernelSockets {
  readonly signer: MessageSigner;
  readonly #listener: SocketListener;
  readonly #dealers: Record<RequestChannel, SendQueue>;
  readonly #iopub: Subscriber;
  #closed = false;
  #paused: PromiseWithResolvers<void> | null = null;

  /**
   * @param routingId the same for each connection to this kernel, so that it finds us again after a reconnect;
   *   shell and stdin must share it, because kernels address input requests to the shell's identity
   */
  constructor(connection: ConnectionInfo, routingId: string, context: Context, listener: SocketListener) {
    this.signer = new MessageSigner(connection.key, connection.signature_scheme);
    this.#listener = listener;
    const options = {
      context,
      linger: 0,
      reconnectInterval: RECONNECT_INTERVAL,
      reconnectMaxInterval: RECONNECT_MAX_INTERVAL,
    };
    const dealer = (channel: RequestChannel) => {
      const socket = new Dealer({ ...options, routingId });
      socket.connect(channelAddress(connection, channel));
      return new SendQueue(socket, {
        drained: () => listener.drained(),
        failed: (error) => listener.rejected(channel, error),
      });
    };
    this.#dealers = { shell: dealer('shell'), control: dealer('control'), stdin: dealer('stdin') };
    this.#iopub = new Subscriber({ ...options, receiveHighWaterMark: IOPUB_HIGH_WATER });
    this.#iopub.subscribe();
    this.#iopub.connect(channelAddress(connection, 'iopub'));
  }

  /** Tells from now on when the kernel closes its end. Costs two more sockets: for kernels whose end no one else tells of. */
  watchConnection(): void {
    this.#dealers.control.socket.events.on('disconnect', () => this.#listener.disconnected());
  }

  /** Starts handing messages to the listener. */
  open(): void {
    for (const channel of REQUEST_CHANNELS) void this.#receive(channel, this.#dealers[channel].socket);
    void this.#receive('iopub', this.#iopub);
  }

  /** True while more may be sent; false: wait for `drained`. The message itself is taken in either case. */
  send(message: KernelMessage): boolean {
    if (this.#closed) return true;
    return this.#dealers[message.channel as RequestChannel].push(encodeZmqMessage(message, this.signer));
  }

  /** Back pressure: stops taking iopub messages from the kernel, and goes on. */
  pauseIopub(): void {
    this.#paused ??= Promise.withResolvers<void>();
  }

  resumeIopub(): void {
    this.#paused?.resolve();
    this.#paused = null;
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.resumeIopub();
    for (const channel of REQUEST_CHANNELS) this.#dealers[channel].close();
    this.#iopub.close();
  }

  async #receive(channel: ChannelName, socket: Dealer | Subscriber): Promise<void> {
    while (!this.#closed) {
      if (channel === 'iopub' && this.#paused !== null) await this.#paused.promise;
      let frames: Buffer[];
      try {
        frames = (await socket.receive()) as Buffer[];
      } catch (error) {
        if (!this.#closed) this.#listener.rejected(channel, error as Error);
        return;
      }
      this.#handOn(channel, frames);
    }
  }

  #handOn(channel: ChannelName, frames: Buffer[]): void {
    try {
      this.#listener.received(decodeZmqMessage(channel, frames, this.signer));
    } catch (error) {
      this.#listener.rejected(channel, error as Error);
    }
  }
}

interface SendQueueListener {
  drained(): void;
  failed(error: Error): void;
}

/** A socket takes one `send` at a time; the others wait here, in order. */
class SendQueue {
  readonly socket: Dealer;
  readonly #told: SendQueueListener;
  readonly #waiting: Buffer[][] = [];
  #waitingBytes = 0;
  #sending = false;
  #held = false;

  constructor(socket: Dealer, told: SendQueueListener) {
    this.socket = socket;
    this.#told = told;
  }

  push(frames: Buffer[]): boolean {
    if (this.#sending) {
      this.#waiting.push(frames);
      this.#waitingBytes += sizeOf(frames);
    } else {
      void this.#send(frames);
    }
    this.#held ||= this.#waitingBytes > SEND_HIGH_WATER;
    return !this.#held;
  }

  close(): void {
    this.#waiting.length = 0;
    this.socket.close();
  }

  async #send(first: Buffer[]): Promise<void> {
    this.#sending = true;
    for (let frames: Buffer[] | undefined = first; frames !== undefined; frames = this.#next()) {
      try {
        await this.socket.send(frames);
      } catch (error) {
        if (this.socket.closed) return;
        this.#told.failed(error as Error);
      }
    }
    this.#sending = false;
    if (this.#held) {
      this.#held = false;
      this.#told.drained();
    }
  }

  #next(): Buffer[] | undefined {
    const frames = this.#waiting.shift();
    if (frames !== undefined) this.#waitingBytes -= sizeOf(frames);
    return frames;
  }
}

function sizeOf(frames: Buffer[]): number {
  let size = 0;
  for (const frame of frames) size += frame.length;
  return size;
}

/** `tcp://127.0.0.1:5001`, `tcp://[::1]:5001`, or `ipc:///path/to/socket-1`. */
function channelAddress(connection: ConnectionInfo, channel: ChannelName): string {
  return socketAddress(connection, connection[PORTS[channel]] as number);
}

export function socketAddress({ transport, ip }: ConnectionInfo, port: number): string {
  if (transport === 'ipc') return `ipc://${ip}-${port}`;
  return `tcp://${ip.includes(':') ? `[${ip}]` : ip}:${port}`;
}
