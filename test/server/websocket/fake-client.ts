/** Stands in for a client's WebSocket, as far as the relay uses it. */
import type { KernelMessage } from '../../../src/adapters/channels/kernel-message.ts';
import type { OutgoingMessage } from '../../../src/server/websocket/client-protocol.ts';
import type { ClientSocket, ClientSocketListener } from '../../../src/server/websocket/client-socket.ts';
import type { KernelRelay } from '../../../src/server/websocket/kernel-relay.ts';
import { defaultData } from '../../adapters/channels/websocket-data.ts';

export interface ReceivedMessage {
  channel: string;
  msgType: string;
  content: Record<string, unknown>;
  parent: Record<string, unknown>;
}

export class FakeClient {
  readonly protocol = 'default';
  readonly received: ReceivedMessage[] = [];
  closedWith: { code: number; reason: string } | null = null;
  isPaused = false;
  /** How many messages it takes before it is behind. */
  capacity = Number.POSITIVE_INFINITY;
  #unread = 0;
  #listener: Omit<ClientSocketListener, 'failed'> | null = null;

  join(relay: KernelRelay, sessionId: string | null): this {
    relay.join(sessionId, (listener) => {
      this.#listener = listener;
      return this as unknown as ClientSocket;
    });
    return this;
  }

  /** What it was told on any channel: the text of streams, the type of other messages. */
  get heard(): string[] {
    return this.received.map(({ msgType, content }) =>
      msgType === 'stream' ? String(content['text']) : msgType,
    );
  }

  sends(message: KernelMessage): void {
    const { data, binary } = defaultData(message);
    this.sendsFrame(data, binary);
  }

  sendsFrame(data: Buffer, binary = false): void {
    this.#listener?.frame(data, binary);
  }

  /** Takes what was sent to it, and hears more. */
  catchUp(): void {
    this.#unread = 0;
    this.#listener?.drained();
  }

  leaves(): void {
    this.#listener?.closed();
  }

  get isBehind(): boolean {
    return this.#unread >= this.capacity;
  }

  send(outgoing: OutgoingMessage): void {
    const { header, channel, content, parentHeader } = outgoing.message;
    this.#unread += 1;
    this.received.push({
      channel,
      msgType: JSON.parse(header.toString()).msg_type,
      content: JSON.parse(content.toString()),
      parent: JSON.parse(parentHeader.toString()),
    });
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  close(code: number, reason: string): void {
    this.closedWith = { code, reason };
  }
}
