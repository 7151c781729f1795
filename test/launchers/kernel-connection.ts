/** A client of a kernel on its ZeroMQ sockets, without a gateway between. */

import { onTestFinished } from 'vitest';
import { Dealer, Subscriber } from 'zeromq';
import {
  type JsonObject,
  type JupyterMessage,
  MessageSigner,
  MessageSource,
  parseParts,
  splitFrames,
  toFrames,
} from '../bench/protocol/message.ts';
import { eventually, within } from '../e2e/deadline.ts';
import type { ToldConnection } from './gateway-side.ts';

const REPLY_MS = 30_000;

export class KernelConnection {
  readonly #source = new MessageSource('tester');
  readonly #signer: MessageSigner;
  readonly #shell = new Dealer({ reconnectInterval: 20, linger: 0 });
  readonly #control = new Dealer({ reconnectInterval: 20, linger: 0 });
  readonly #iopub = new Subscriber({ reconnectInterval: 20, linger: 0 });
  readonly #published: JupyterMessage[] = [];

  /** Connects to 127.0.0.1; closed with the test. */
  constructor(connection: ToldConnection) {
    this.#signer = new MessageSigner(connection.key);
    this.#shell.connect(`tcp://127.0.0.1:${connection.shell_port}`);
    this.#control.connect(`tcp://127.0.0.1:${connection.control_port}`);
    this.#iopub.connect(`tcp://127.0.0.1:${connection.iopub_port}`);
    this.#iopub.subscribe();
    void this.#collect();
    onTestFinished(() => {
      for (const socket of [this.#shell, this.#control, this.#iopub]) socket.close();
    });
  }

  /** Waits until the kernel answers. */
  async ready(): Promise<JsonObject> {
    return (await this.#request(this.#shell, 'kernel_info_request', {})).content;
  }

  /** The reply's content. */
  async execute(code: string): Promise<JsonObject> {
    const request = { code, silent: false, store_history: false, user_expressions: {}, stop_on_error: false };
    return (await this.#request(this.#shell, 'execute_request', request)).content;
  }

  /** What `expression` is, as JSON. */
  async evaluate(expression: string): Promise<unknown> {
    const request = {
      code: 'import json',
      silent: true,
      user_expressions: { value: `json.dumps(${expression})` },
    };
    const { content } = await this.#request(this.#shell, 'execute_request', request);
    const { value } = content['user_expressions'] as { value: { data?: Record<string, string> } };
    const text = value.data?.['text/plain'];
    if (text === undefined) throw new Error(`${expression}: ${JSON.stringify(value)}`);
    return JSON.parse(text.slice(1, -1).replaceAll('\\\\', '\\').replaceAll("\\'", "'"));
  }

  async shutDown(): Promise<void> {
    await this.#request(this.#control, 'shutdown_request', { restart: false });
  }

  /** Waits until a cell has printed `text`. */
  async printed(text: string): Promise<void> {
    await eventually(REPLY_MS, `"${text}" on iopub`, () =>
      this.#published.some(({ content }) => String(content['text']).includes(text)),
    );
  }

  async #request(socket: Dealer, type: string, content: JsonObject): Promise<JupyterMessage> {
    const request = this.#source.create(type, content);
    await socket.send(toFrames(request, this.#signer));
    const frames = await within(REPLY_MS, `the reply to ${type}`, socket.receive());
    return this.#parse(frames);
  }

  async #collect(): Promise<void> {
    for await (const frames of this.#iopub) this.#published.push(this.#parse(frames));
  }

  #parse(frames: Buffer[]): JupyterMessage {
    const raw = splitFrames(frames);
    this.#signer.verify(raw);
    return parseParts(raw.parts, raw.buffers);
  }
}
