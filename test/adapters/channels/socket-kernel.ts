/** The sockets of a kernel, in this process; the test decides what it answers. */
import { onTestFinished } from 'vitest';
import { Publisher, Router } from 'zeromq';
import type { KernelMessage } from '../../../src/adapters/channels/kernel-message.ts';
import type { RequestChannel } from '../../../src/adapters/channels/kernel-sockets.ts';
import {
  decodeZmqMessage,
  encodeZmqMessage,
  MessageSigner,
} from '../../../src/adapters/channels/zmq-codec.ts';
import type { ConnectionInfo } from '../../../src/machines/ports.ts';
import { kernelMessage } from './kernel-messages.ts';
import { Mailbox } from './mailbox.ts';

const CHANNELS: readonly RequestChannel[] = ['shell', 'control', 'stdin'];

export interface Request {
  identity: Buffer;
  message: KernelMessage;
  msgType: string;
}

export interface SocketKernelOptions {
  key?: string;
  /** Channels on which it answers `kernel_info_request` by itself. */
  answering?: RequestChannel[];
  /** Whether it publishes busy and idle around each of those. */
  publishing?: boolean;
  beating?: boolean;
}

export class SocketKernel {
  readonly requests: Record<RequestChannel, Mailbox<Request>> = {
    shell: new Mailbox(),
    control: new Mailbox(),
    stdin: new Mailbox(),
  };
  /** Sockets, by name, whose client has gone. */
  readonly disconnected = new Mailbox<string>();
  /** The pings that arrived on the heartbeat channel. */
  readonly beats = new Mailbox<'answered' | 'missed'>();
  answering: RequestChannel[];
  publishing: boolean;
  beating: boolean;
  readonly #signer: MessageSigner;
  readonly #key: string;
  readonly #routers = {
    shell: new Router({ linger: 0 }),
    control: new Router({ linger: 0 }),
    stdin: new Router({ linger: 0 }),
  };
  readonly #iopub = new Publisher({ sendHighWaterMark: 0, linger: 0 });
  /** No reply socket, which could not leave a ping unanswered. */
  readonly #heartbeat = new Router({ linger: 0 });
  #publications: Promise<void> = Promise.resolve();

  constructor({
    key = 'a key',
    answering = ['shell', 'control'],
    publishing = true,
    beating = true,
  }: SocketKernelOptions) {
    this.#key = key;
    this.#signer = new MessageSigner(key, 'hmac-sha256');
    this.answering = answering;
    this.publishing = publishing;
    this.beating = beating;
  }

  /** Binds all sockets, to the ports of an earlier kernel if there was one, and serves them. */
  async start(earlier?: ConnectionInfo): Promise<ConnectionInfo> {
    const connection = {
      transport: 'tcp' as const,
      ip: '127.0.0.1',
      shell_port: await this.#bind('shell', this.#routers.shell, earlier?.shell_port),
      iopub_port: await this.#bind('iopub', this.#iopub, earlier?.iopub_port),
      stdin_port: await this.#bind('stdin', this.#routers.stdin, earlier?.stdin_port),
      control_port: await this.#bind('control', this.#routers.control, earlier?.control_port),
      hb_port: await this.#bind('hb', this.#heartbeat, earlier?.hb_port),
      key: this.#key,
      signature_scheme: 'hmac-sha256',
    };
    for (const channel of CHANNELS) void this.#serve(channel);
    void this.#beat();
    return connection;
  }

  async #bind(name: string, socket: Router | Publisher, port?: number): Promise<number> {
    await socket.bind(`tcp://127.0.0.1:${port ?? '*'}`);
    socket.events.on('disconnect', () => this.disconnected.push(name));
    return Number(/\d+$/.exec(socket.lastEndpoint ?? '')?.[0]);
  }

  close(): void {
    for (const socket of [...Object.values(this.#routers), this.#iopub, this.#heartbeat]) socket.close();
  }

  async reply({ identity, message }: Request, msgType: string, content: object = {}): Promise<void> {
    const reply = kernelMessage(message.channel, msgType, content, message.header);
    await this.sendFrames(message.channel as RequestChannel, [identity, ...this.encode(reply)]);
  }

  async sendFrames(channel: RequestChannel, frames: Buffer[]): Promise<void> {
    await this.#routers[channel].send(frames);
  }

  async publish(msgType: string, content: object, parentHeader?: Buffer): Promise<void> {
    await this.publishFrames(this.encode(kernelMessage('iopub', msgType, content, parentHeader)));
  }

  /** One after the other: a socket takes one `send` at a time. */
  async publishFrames(frames: Buffer[]): Promise<void> {
    this.#publications = this.#publications.then(() => this.#iopub.send(frames));
    await this.#publications;
  }

  encode(message: KernelMessage): Buffer[] {
    return encodeZmqMessage(message, this.#signer);
  }

  async #serve(channel: RequestChannel): Promise<void> {
    for await (const [identity, ...frames] of this.#routers[channel]) {
      const message = decodeZmqMessage(channel, frames, this.#signer);
      const { msg_type: msgType } = JSON.parse(message.header.toString());
      const request = { identity: identity as Buffer, message, msgType };
      this.requests[channel].push(request);
      if (msgType === 'kernel_info_request') await this.#introduce(request);
    }
  }

  async #introduce(request: Request): Promise<void> {
    const { channel, header } = request.message;
    if (!this.answering.includes(channel as RequestChannel)) return;
    if (this.publishing) await this.publish('status', { execution_state: 'busy' }, header);
    await this.reply(request, 'kernel_info_reply');
    if (this.publishing) await this.publish('status', { execution_state: 'idle' }, header);
  }

  async #beat(): Promise<void> {
    for await (const frames of this.#heartbeat) {
      this.beats.push(this.beating ? 'answered' : 'missed');
      if (this.beating && !this.#heartbeat.closed) await this.#heartbeat.send(frames);
    }
  }
}

/** A kernel that ends with the test. */
export async function startKernel(options: SocketKernelOptions = {}, earlier?: ConnectionInfo) {
  const kernel = new SocketKernel(options);
  onTestFinished(() => kernel.close());
  return { kernel, connection: await kernel.start(earlier) };
}
