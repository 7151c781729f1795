/** Channels to a kernel, with everything that comes out of them written down. */
import { onTestFinished } from 'vitest';
import type { KernelMessage } from '../../../src/adapters/channels/kernel-message.ts';
import { type ChannelLink, ZmqChannels } from '../../../src/adapters/channels/zmq-channels.ts';
import type { ChannelEvent, ConnectionInfo } from '../../../src/machines/ports.ts';
import { Mailbox } from './mailbox.ts';
import { type SocketKernelOptions, startKernel } from './socket-kernel.ts';

export const KERNEL_ID = '01234567-89ab-4def-8123-456789abcdef';

export interface LogLine {
  context: object;
  text: string;
}

export class Recorder {
  readonly events = new Mailbox<ChannelEvent>();
  readonly messages = new Mailbox<KernelMessage>();
  readonly log = new Mailbox<LogLine>();
  /** Other calls, by name. */
  readonly calls = new Mailbox<string>();
  now = 1_000_000;
  #link: ChannelLink | null = null;
  readonly channels = new ZmqChannels({
    sink: {
      opened: (_id, link) => {
        this.#link = link;
        this.calls.push('opened');
      },
      received: (_id, message) => this.messages.push(message),
      drained: () => this.calls.push('drained'),
      closed: () => this.calls.push('closed'),
    },
    log: { warn: (context, text) => this.log.push({ context, text }) },
    disconnected: () => this.calls.push('disconnected'),
    now: () => this.now,
  });

  get link(): ChannelLink {
    if (this.#link === null) throw new Error('the channels are not open');
    return this.#link;
  }

  /** Opens the channels; they are closed with the test at the latest. @returns how to close them */
  open(connection: ConnectionInfo, resumed = false): () => void {
    const subscription = this.channels
      .open(KERNEL_ID, connection, resumed)
      .subscribe((event) => this.events.push(event));
    onTestFinished(() => subscription.unsubscribe());
    return () => subscription.unsubscribe();
  }

  get isReady(): boolean {
    return this.events.items.some(({ type }) => type === 'channels.ready');
  }

  async ready(): Promise<void> {
    await this.events.next(({ type }) => type === 'channels.ready');
  }
}

/** A kernel, and channels to it that are ready. */
export async function readyChannels(options: SocketKernelOptions = {}) {
  const { kernel, connection } = await startKernel(options);
  const recorder = new Recorder();
  const close = recorder.open(connection);
  await recorder.ready();
  return { kernel, connection, recorder, close, channels: recorder.channels };
}
