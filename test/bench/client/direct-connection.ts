/** A client straight on the kernel's ZeroMQ sockets, as jupyter_client is one. */
import { Dealer, Subscriber } from 'zeromq';
import { type ConnectionFile, channelAddress } from '../protocol/connection-file.ts';
import {
  type JupyterMessage,
  MessageSigner,
  parseParts,
  splitFrames,
  toFrames,
} from '../protocol/message.ts';
import type { KernelConnection } from './kernel-client.ts';

/**
 * Nothing is dropped, and a kernel that is still starting is found within
 * 5 ms: the direct client is the yardstick, so its own waits must be short.
 */
const options = {
  linger: 0,
  sendHighWaterMark: 0,
  receiveHighWaterMark: 0,
  sendTimeout: 0,
  reconnectInterval: 5,
} as const;

export class DirectConnection implements KernelConnection {
  onMessage: KernelConnection['onMessage'] = () => {};
  /** Never called: ZeroMQ reconnects by itself, and says nothing. */
  onLost: KernelConnection['onLost'] = () => {};
  readonly #sockets = {
    shell: new Dealer(options),
    control: new Dealer(options),
    iopub: new Subscriber({
      linger: 0,
      receiveHighWaterMark: 0,
      reconnectInterval: options.reconnectInterval,
    }),
  };
  readonly #signer: MessageSigner;

  constructor(connection: ConnectionFile) {
    this.#signer = new MessageSigner(connection.key);
    this.#sockets.iopub.subscribe();
    for (const channel of ['shell', 'control', 'iopub'] as const) {
      this.#sockets[channel].connect(channelAddress(connection, channel));
      void this.#receive(channel);
    }
  }

  send(channel: 'shell' | 'control', message: JupyterMessage): void {
    void this.#sockets[channel].send(toFrames(message, this.#signer));
  }

  close(): void {
    for (const socket of Object.values(this.#sockets)) {
      socket.close();
    }
  }

  async #receive(channel: 'shell' | 'control' | 'iopub'): Promise<void> {
    for await (const frames of this.#sockets[channel]) {
      const raw = splitFrames(frames);
      this.#signer.verify(raw);
      this.onMessage(channel, parseParts(raw.parts, raw.buffers));
    }
  }
}
