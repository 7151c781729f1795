/**
 * Kernel channels over ZeroMQ. What concerns a kernel's life goes to its actor,
 * as events; the messages go straight to the {@link MessageSink}.
 */
import { Observable, type Subscriber } from 'rxjs';
import { Context } from 'zeromq';
import type { ChannelEvent, ConnectionInfo, KernelChannels } from '../../machines/ports.ts';
import { answersGateway, composeMessage } from './gateway-session.ts';
import { Heartbeat } from './heartbeat.ts';
import type { ChannelName, KernelMessage } from './kernel-message.ts';
import { readHeader } from './kernel-message.ts';
import { KernelSockets } from './kernel-sockets.ts';
import { LifeSigns } from './life-signs.ts';
import { BadSignatureError } from './zmq-codec.ts';

/** A kernel's open sockets, as the other side of the data path uses them. */
export interface ChannelLink {
  /** False: hold on until `drained`. The message is taken in either case. */
  send(message: KernelMessage): boolean;
  pauseIopub(): void;
  resumeIopub(): void;
}

/** Where kernels' messages go. Calls come in the order of arrival on each channel. */
export interface MessageSink {
  opened(kernelId: string, link: ChannelLink): void;
  received(kernelId: string, message: KernelMessage): void;
  drained(kernelId: string): void;
  closed(kernelId: string): void;
}

export interface ChannelsLog {
  warn(context: object, text: string): void;
}

export interface ZmqChannelsOptions {
  maxSockets?: number | undefined;
  ioThreads?: number | undefined;
  sink: MessageSink;
  log: ChannelsLog;
  /** The end of a kernel's connection was closed, one that an earlier gateway launched: it has died perhaps. */
  disconnected(kernelId: string): void;
  now?: () => number;
}

/** Milliseconds until the next `kernel_info_request` goes out, doubling from the first to the last. */
const NUDGE_FIRST = 50;
const NUDGE_LAST = 1000;
/** Milliseconds in which a kernel confirms an interrupt by message. */
const INTERRUPT_TIMEOUT = 5000;
/** What ZeroMQ can do with its default number of file descriptors; five sockets are a kernel. */
const DEFAULT_MAX_SOCKETS = 65_535;

export class ZmqChannels implements KernelChannels {
  readonly #context: Context;
  readonly #options: ZmqChannelsOptions;
  readonly #open = new Map<string, OpenChannels>();
  /** Messages that were dropped since the start, because they could not be verified or understood. */
  readonly rejected = { badSignatures: 0, malformed: 0 };

  constructor(options: ZmqChannelsOptions) {
    this.#options = options;
    this.#context = new Context({
      maxSockets: options.maxSockets ?? DEFAULT_MAX_SOCKETS,
      ioThreads: options.ioThreads ?? 1,
    });
  }

  open(kernelId: string, connection: ConnectionInfo, resumed: boolean): Observable<ChannelEvent> {
    return new Observable((events) => {
      const options = { ...this.#options, rejected: this.rejected };
      let channels: OpenChannels;
      try {
        channels = new OpenChannels(kernelId, connection, resumed, this.#context, options, events);
      } catch (error) {
        const { message } = error as Error;
        this.#options.log.warn(
          { kernelId, err: error },
          `kernel ${kernelId} can't be connected to: ${message}`,
        );
        return;
      }
      this.#open.set(kernelId, channels);
      channels.start();
      return () => {
        if (this.#open.get(kernelId) === channels) this.#open.delete(kernelId);
        channels.close();
      };
    });
  }

  async interrupt(kernelId: string): Promise<void> {
    await this.#openChannels(kernelId).request('interrupt_request', {}, INTERRUPT_TIMEOUT);
  }

  async requestShutdown(kernelId: string, restart: boolean): Promise<void> {
    this.#openChannels(kernelId).tell('shutdown_request', { restart });
  }

  #openChannels(kernelId: string): OpenChannels {
    const channels = this.#open.get(kernelId);
    if (channels === undefined) throw new Error(`kernel ${kernelId} has no open channels`);
    return channels;
  }
}

/** The sockets of one kernel between one handshake and its next restart. */
class OpenChannels {
  readonly #kernelId: string;
  readonly #resumed: boolean;
  readonly #options: ZmqChannelsOptions & Pick<ZmqChannels, 'rejected'>;
  readonly #events: Subscriber<ChannelEvent>;
  readonly #life: LifeSigns;
  readonly #sockets: KernelSockets;
  readonly #heartbeat: Heartbeat;
  readonly #replies = new Map<string, () => void>();
  #nudge: NodeJS.Timeout | undefined;
  #ready = false;
  /** Where a nudge is on its way. */
  readonly #asked = new Set<ChannelName>();
  readonly #answered = new Set<ChannelName | 'heartbeat'>();
  #rejections = 0;

  constructor(
    kernelId: string,
    connection: ConnectionInfo,
    resumed: boolean,
    context: Context,
    options: ZmqChannelsOptions & Pick<ZmqChannels, 'rejected'>,
    events: Subscriber<ChannelEvent>,
  ) {
    this.#kernelId = kernelId;
    this.#resumed = resumed;
    this.#options = options;
    this.#events = events;
    this.#life = new LifeSigns(options.now ?? Date.now, (event) => events.next(event));
    this.#sockets = new KernelSockets(connection, `kernelgate-${kernelId}`, context, {
      received: (message) => this.#received(message),
      rejected: (channel, error) => this.#rejected(channel, error),
      drained: () => options.sink.drained(kernelId),
      disconnected: () => options.disconnected(kernelId),
    });
    this.#heartbeat = new Heartbeat(connection, context, {
      beat: () => this.#noteAnswer('heartbeat'),
      lost: () => events.next({ type: 'heartbeat.lost' }),
      restored: () => events.next({ type: 'heartbeat.restored' }),
    });
  }

  start(): void {
    if (this.#resumed) this.#sockets.watchConnection();
    this.#sockets.open();
    this.#sendNudge(NUDGE_FIRST);
  }

  close(): void {
    clearTimeout(this.#nudge);
    this.#life.close();
    this.#heartbeat.close();
    this.#sockets.close();
    this.#options.sink.closed(this.#kernelId);
  }

  tell(msgType: string, content: Record<string, unknown>): string {
    const { message, msgId } = composeMessage('control', msgType, content);
    this.#send(message);
    return msgId;
  }

  /** Resolves on the reply. @throws Error when none comes within `timeout` milliseconds */
  async request(msgType: string, content: Record<string, unknown>, timeout: number): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const msgId = this.tell(msgType, content);
    this.#replies.set(msgId, resolve);
    const timer = setTimeout(
      () => reject(new Error(`the kernel did not confirm the ${msgType} within ${timeout / 1000} s`)),
      timeout,
    );
    await promise.finally(() => {
      clearTimeout(timer);
      this.#replies.delete(msgId);
    });
  }

  /**
   * Until the kernel has answered, and been seen on iopub: what is published
   * before our subscription has reached the kernel is lost, so clients wait,
   * and the kernel is asked again as long as only iopub is silent.
   */
  #sendNudge(delay: number): void {
    for (const channel of ['shell', 'control'] as const) {
      if (this.#asked.has(channel)) continue;
      this.#asked.add(channel);
      this.#send(composeMessage(channel, 'kernel_info_request', {}).message);
    }
    this.#nudge = setTimeout(() => this.#sendNudge(Math.min(delay * 2, NUDGE_LAST)), delay);
  }

  #received(message: KernelMessage): void {
    if (message.channel === 'iopub') {
      this.#options.sink.received(this.#kernelId, message);
      this.#life.noteMessage(message);
      if (!this.#ready) this.#noteAnswer('iopub');
      return;
    }
    if (answersGateway(message)) {
      this.#asked.delete(message.channel);
      this.#noteAnswer(message.channel);
      this.#replies.get(readHeader(message.parentHeader).msg_id)?.();
      return;
    }
    this.#options.sink.received(this.#kernelId, message);
  }

  #noteAnswer(channel: ChannelName | 'heartbeat'): void {
    if (this.#ready) return;
    this.#answered.add(channel);
    const answers = this.#answered;
    const heard =
      answers.has('shell') || (this.#resumed && (answers.has('control') || answers.has('heartbeat')));
    if (!heard || !answers.has('iopub')) return;
    this.#ready = true;
    clearTimeout(this.#nudge);
    const hasAnswered = answers.has('shell');
    // No one but us has asked a new kernel anything: it was busy with that. When the first status was lost, answers tell.
    if (hasAnswered && !this.#resumed) this.#life.noteStatus('idle');
    else if (!this.#life.hasStatus) this.#life.noteStatus(hasAnswered ? 'idle' : 'busy');
    this.#life.tellLatest();
    // Only now: what clients sent meanwhile would be answered before iopub is heard.
    this.#options.sink.opened(this.#kernelId, {
      send: (message) => this.#send(message),
      pauseIopub: () => this.#sockets.pauseIopub(),
      resumeIopub: () => this.#sockets.resumeIopub(),
    });
    this.#events.next({ type: 'channels.ready' });
  }

  #send(message: KernelMessage): boolean {
    if (message.channel === 'control') this.#life.noteControlRequest(readHeader(message.header).msg_id);
    return this.#sockets.send(message);
  }

  #rejected(channel: ChannelName, error: Error): void {
    this.#rejections += 1;
    this.#options.rejected[error instanceof BadSignatureError ? 'badSignatures' : 'malformed'] += 1;
    if (!isPowerOfTen(this.#rejections)) return;
    this.#options.log.warn(
      { kernelId: this.#kernelId, channel, err: error, dropped: this.#rejections },
      `dropped a message of kernel ${this.#kernelId} on ${channel}: ${error.message}`,
    );
  }
}

/** The first, tenth, hundredth … is logged: enough to see it, too little to drown in it. */
function isPowerOfTen(count: number): boolean {
  return Number.isInteger(Math.log10(count));
}
