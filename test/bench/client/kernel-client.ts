/**
 * What a client does with a kernel, over whatever carries its messages. Both
 * the ZeroMQ and the WebSocket client run this very code: they differ in how a
 * message is carried and decoded, and in nothing else.
 */
import { type JsonObject, type JupyterMessage, MessageSource } from '../protocol/message.ts';

/** Carries a client's messages to one kernel and back. */
export interface KernelConnection {
  /** Called with each decoded message. Set it before the first request. */
  onMessage: (channel: string, message: JupyterMessage) => void;
  /** Called when the other side ended the connection. */
  onLost: (reason: string) => void;
  send(channel: 'shell' | 'control', message: JupyterMessage): void;
  close(): void;
}

export interface FloodResult {
  /** Messages that arrived between busy and idle. */
  received: number;
  /** Characters of text and bytes of buffers in them. */
  payloadBytes: number;
  /** From the kernel's first send to the arrival of everything, idle included. */
  seconds: number;
}

/** Thrown when a request was not answered, or not done, in time. */
export class RequestTimeoutError extends Error {
  readonly code = 'request_timeout';

  constructor(what: string, milliseconds: number) {
    super(`${what} was not done after ${milliseconds / 1000} s`);
  }
}

/** Thrown when the other side ended the connection during a request. */
export class ConnectionLostError extends Error {
  readonly code = 'connection_lost';
}

interface Pending {
  reply: JsonObject | null;
  idle: boolean;
  needsIdle: boolean;
  received: number;
  payloadBytes: number;
  done: () => void;
  fail: (error: Error) => void;
}

export class KernelClient {
  readonly #source = new MessageSource('bench');
  readonly #connection: KernelConnection;
  readonly #pending = new Map<string, Pending>();

  constructor(connection: KernelConnection) {
    this.#connection = connection;
    connection.onMessage = (channel, message) => this.#take(channel, message);
    connection.onLost = (reason) => this.#lose(reason);
  }

  /** Asks until a reply and its idle status arrive: then iopub works too. Throws RequestTimeoutError. */
  async waitUntilReady(timeoutMs: number): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (true) {
      try {
        await this.#request('kernel_info_request', {}, true, Math.min(500, timeoutMs));
        return;
      } catch (error) {
        if (Date.now() > deadline) {
          throw error;
        }
      }
    }
  }

  /** One kernel_info_request, done with its reply. Throws RequestTimeoutError. */
  async kernelInfo(timeoutMs: number): Promise<void> {
    await this.#request('kernel_info_request', {}, false, timeoutMs);
  }

  /** Seconds from an execute_request to its execute_reply and idle status. */
  async roundTrip(timeoutMs: number): Promise<number> {
    const started = process.hrtime.bigint();
    await this.#execute('echo', timeoutMs);
    return secondsSince(started);
  }

  /** Has the kernel flood. Throws RequestTimeoutError, or Error when the kernel refuses `code`. */
  async flood(code: string, timeoutMs: number): Promise<FloodResult> {
    const { received, payloadBytes, reply } = await this.#execute(code, timeoutMs);
    const ended = process.hrtime.bigint();
    if (reply?.['status'] !== 'ok') {
      throw new Error(`The kernel refused "${code}": ${String(reply?.['evalue'])}`);
    }
    const seconds = Number(ended - BigInt(String(reply['flood_started_ns']))) / 1e9;
    return { received, payloadBytes, seconds };
  }

  close(): void {
    this.#connection.close();
  }

  #execute(code: string, timeoutMs: number): Promise<Pending> {
    const content = { code, silent: false, store_history: false, user_expressions: {}, allow_stdin: false };
    return this.#request('execute_request', content, true, timeoutMs);
  }

  #request(msgType: string, content: JsonObject, needsIdle: boolean, timeoutMs: number): Promise<Pending> {
    const message = this.#source.create(msgType, content);
    const id = message.header.msg_id;
    return new Promise((resolve, reject) => {
      const end = () => {
        clearTimeout(timer);
        this.#pending.delete(id);
      };
      const pending: Pending = {
        reply: null,
        idle: false,
        needsIdle,
        received: 0,
        payloadBytes: 0,
        done: () => {
          end();
          resolve(pending);
        },
        fail: (error) => {
          end();
          reject(error);
        },
      };
      const timer = setTimeout(() => pending.fail(new RequestTimeoutError(msgType, timeoutMs)), timeoutMs);
      this.#pending.set(id, pending);
      this.#connection.send('shell', message);
    });
  }

  #lose(reason: string): void {
    for (const pending of this.#pending.values()) {
      pending.fail(new ConnectionLostError(`The connection was lost: ${reason}`));
    }
  }

  #take(channel: string, message: JupyterMessage): void {
    const pending = this.#pending.get(message.parent_header.msg_id ?? '');
    if (pending === undefined) {
      return;
    }
    if (channel !== 'iopub') {
      pending.reply = message.content;
    } else if (message.header.msg_type === 'status') {
      pending.idle = message.content['execution_state'] === 'idle';
    } else {
      pending.received += 1;
      pending.payloadBytes += payloadSize(message);
      return;
    }
    if (pending.reply !== null && (pending.idle || !pending.needsIdle)) {
      pending.done();
    }
  }
}

function payloadSize(message: JupyterMessage): number {
  const { content, buffers } = message;
  const data = content['data'] as JsonObject | undefined;
  const text = String(content['text'] ?? data?.['text/plain'] ?? '');
  return buffers.reduce((sum, buffer) => sum + buffer.length, text.length);
}

function secondsSince(started: bigint): number {
  return Number(process.hrtime.bigint() - started) / 1e9;
}
