/** A client of one kernel over its WebSocket, in either protocol. */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { onTestFinished } from 'vitest';
import { WebSocket } from 'ws';
import { eventually, within } from './deadline.ts';
import type { GatewayProcess } from './gateway-process.ts';
import {
  decode,
  encode,
  type Message,
  type Outgoing,
  type Protocol,
  V1_SUBPROTOCOL,
} from './message-codec.ts';

const ANSWER_MS = 30_000;

export interface ClientOptions {
  protocol?: Protocol;
  sessionId?: string;
  headers?: Record<string, string>;
  /** Put behind the `?`, as it is. */
  query?: string;
}

/** What became of one execute_request. */
export interface Execution {
  reply: Message;
  /** What iopub said about it, `busy` to `idle`. */
  iopub: Message[];
  /** Its stdout. */
  stdout: string;
  stderr: string;
}

export interface Closing {
  code: number;
  reason: string;
}

/** The handshake was refused. */
export class HandshakeRefused extends Error {
  readonly status: number;
  readonly body: string;

  constructor(status: number, body: string) {
    super(`handshake refused: ${status} ${body}`);
    this.status = status;
    this.body = body;
  }
}

export class KernelClient {
  readonly sessionId: string;
  readonly socket: WebSocket;
  /** Everything that came, in order. */
  readonly messages: Message[] = [];
  readonly closed: Promise<Closing>;
  readonly #protocol: Protocol;
  #watchers = new Set<() => void>();
  #broken: Error | null = null;

  private constructor(socket: WebSocket, protocol: Protocol, sessionId: string) {
    this.socket = socket;
    this.sessionId = sessionId;
    this.#protocol = protocol;
    socket.on('message', (data, binary) => this.#received(data as Buffer, binary));
    socket.on('error', () => {});
    this.closed = new Promise((resolve) => {
      socket.once('close', (code, reason) => {
        this.#broken ??= new Error(`the socket was closed: ${code} ${reason}`);
        this.#changed();
        resolve({ code, reason: reason.toString() });
      });
    });
  }

  /** Connects; the client is closed when the test ends. @throws HandshakeRefused */
  static async connect(
    gateway: GatewayProcess,
    kernelId: string,
    options: ClientOptions = {},
  ): Promise<KernelClient> {
    return KernelClient.connectTo(gateway.url, kernelId, options);
  }

  /** Like {@link connect}, for anything that speaks the API below `url`. */
  static async connectTo(url: string, kernelId: string, options: ClientOptions = {}): Promise<KernelClient> {
    const { protocol = 'default', sessionId = randomUUID(), headers = {}, query } = options;
    const search = query ?? `session_id=${sessionId}`;
    const address = `${url.replace(/^http/, 'ws')}/api/kernels/${kernelId}/channels?${search}`;
    const socket = new WebSocket(address, protocol === 'v1' ? [V1_SUBPROTOCOL] : [], {
      headers,
      maxPayload: 256 * 1024 * 1024,
    });
    const client = new KernelClient(socket, protocol, sessionId);
    onTestFinished(() => client.terminate());
    await within(ANSWER_MS, 'the WebSocket handshake', opened(socket));
    return client;
  }

  /** Sends a message made of these; gives its msg_id. */
  send(message: Omit<Outgoing, 'header'> & { type: string }): string {
    const { type, ...rest } = message;
    const msgId = randomUUID();
    const header = {
      msg_id: msgId,
      msg_type: type,
      username: 'tester',
      session: this.sessionId,
      date: new Date().toISOString(),
      version: '5.4',
    };
    this.sendRaw(encode(this.#protocol, { ...rest, header }));
    return msgId;
  }

  sendRaw(frame: string | Buffer): void {
    this.socket.send(frame);
  }

  /** Asks the kernel to run `code`, and waits for nothing. */
  sendExecute(code: string, more: Record<string, unknown> = {}): string {
    const content = {
      code,
      silent: false,
      store_history: true,
      user_expressions: {},
      allow_stdin: false,
      stop_on_error: true,
      ...more,
    };
    return this.send({ channel: 'shell', type: 'execute_request', content });
  }

  /** Runs `code` to its end: the reply and `idle` have both come. */
  async execute(code: string, more: Record<string, unknown> = {}): Promise<Execution> {
    return this.finished(this.sendExecute(code, more));
  }

  /** Starts code that ends only when it is interrupted, and waits until it really runs: an interrupt before that is lost. */
  async runForever(): Promise<string> {
    const msgId = this.sendExecute('print("on", flush=True)\nimport time\nwhile True: time.sleep(0.05)');
    await this.message(
      'its first output',
      ({ header, parent_header }) => header.msg_type === 'stream' && parent_header.msg_id === msgId,
    );
    return msgId;
  }

  /** Waits for the reply and `idle` of a request sent earlier. */
  async finished(msgId: string, ms = ANSWER_MS): Promise<Execution> {
    const reply = await this.replyTo(msgId, ms);
    await this.status('idle', msgId, ms);
    const iopub = this.about(msgId).filter(({ channel }) => channel === 'iopub');
    return { reply, iopub, stdout: streamText(iopub, 'stdout'), stderr: streamText(iopub, 'stderr') };
  }

  /** Sends a request and waits for its reply. */
  async request(channel: string, type: string, content: unknown = {}): Promise<Message> {
    return this.replyTo(this.send({ channel, type, content }));
  }

  async replyTo(msgId: string, ms = ANSWER_MS): Promise<Message> {
    return this.message(
      `the reply to ${msgId}`,
      ({ channel, header, parent_header }) =>
        parent_header.msg_id === msgId && channel !== 'iopub' && header.msg_type.endsWith('_reply'),
      ms,
    );
  }

  /** Waits for a status on iopub, of the request `msgId` or of any. */
  async status(state: string, msgId?: string, ms = ANSWER_MS): Promise<Message> {
    return this.message(
      `status ${state}`,
      ({ channel, header, content, parent_header }) =>
        channel === 'iopub' &&
        header.msg_type === 'status' &&
        content.execution_state === state &&
        (msgId === undefined || parent_header.msg_id === msgId),
      ms,
    );
  }

  /** Messages whose parent is `msgId`. */
  about(msgId: string): Message[] {
    return this.messages.filter((message) => message.parent_header.msg_id === msgId);
  }

  /** The first message, of those that came or come yet, for which `fits` says yes. */
  async message(what: string, fits: (message: Message) => boolean, ms = ANSWER_MS): Promise<Message> {
    let seen = 0;
    let watcher = () => {};
    const found = new Promise<Message>((resolve, reject) => {
      watcher = () => {
        for (; seen < this.messages.length; seen += 1) {
          const message = this.messages[seen];
          if (message !== undefined && fits(message)) resolve(message);
        }
        if (this.#broken !== null) reject(new Error(`${what} did not come: ${this.#broken.message}`));
      };
      this.#watchers.add(watcher);
      watcher();
    });
    try {
      return await within(ms, what, found);
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      throw new Error(`${text}. What came last: ${this.#summary()}`);
    } finally {
      this.#watchers.delete(watcher);
    }
  }

  #summary(): string {
    const line = ({ channel, header, parent_header, content }: Message) =>
      `${channel} ${header.msg_type} ${content.execution_state ?? content.status ?? ''} of ${parent_header.msg_id}`;
    return this.messages.slice(-12).map(line).join('; ');
  }

  async closing(ms = 10_000): Promise<Closing> {
    return within(ms, "the socket's end", this.closed);
  }

  /** Says goodbye and waits for the answer. */
  async close(): Promise<void> {
    this.socket.close();
    await this.closing();
  }

  /** Goes away without a word. */
  terminate(): void {
    this.socket.terminate();
  }

  #received(data: Buffer, binary: boolean): void {
    try {
      this.messages.push(decode(this.#protocol, data, binary));
    } catch (error) {
      this.#broken ??= error instanceof Error ? error : new Error(String(error));
    }
    this.#changed();
  }

  #changed(): void {
    for (const watcher of this.#watchers) watcher();
  }
}

/** A kernel of one test: launched now, deleted when the test ends. */
export async function launchKernel(
  gateway: GatewayProcess,
  body: { name?: string; env?: Record<string, string> } = { name: 'python3' },
): Promise<string> {
  const answer = await gateway.request('/api/kernels', { method: 'POST', body });
  if (answer.status !== 201) throw new Error(`the launch failed: ${answer.status} ${answer.text}`);
  const id: string = answer.json.id;
  onTestFinished(async () => {
    await gateway.request(`/api/kernels/${id}`, { method: 'DELETE' }).catch(() => {});
  });
  return id;
}

/** Waits until the kernel's model fits. */
export async function modelOf(
  gateway: GatewayProcess,
  kernelId: string,
  what: string,
  fits: (model: { execution_state: string; connections: number; last_activity: string }) => boolean,
): Promise<void> {
  await eventually(20_000, what, async () => {
    const { status, json } = await gateway.request(`/api/kernels/${kernelId}`);
    return status === 200 && fits(json);
  });
}

/** What a kernel prints for `expression`, read back from JSON. */
export async function evaluate<T>(client: KernelClient, expression: string): Promise<T> {
  const { reply, stdout, stderr } = await client.execute(`import json; print(json.dumps(${expression}))`);
  if (reply.content.status !== 'ok')
    throw new Error(`${expression}: ${JSON.stringify(reply.content)} ${stderr}`);
  return JSON.parse(stdout);
}

function streamText(messages: Message[], name: 'stdout' | 'stderr'): string {
  return messages
    .filter(({ header, content }) => header.msg_type === 'stream' && content.name === name)
    .map(({ content }) => content.text)
    .join('');
}

function opened(socket: WebSocket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
    socket.once('unexpected-response', (_request, response: IncomingMessage) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        reject(new HandshakeRefused(response.statusCode ?? 0, Buffer.concat(chunks).toString()));
        socket.terminate();
      });
    });
  });
}
