/**
 * A Jupyter kernel that computes nothing and floods on demand:
 *
 *     node synthetic-kernel.ts CONNECTION_FILE
 *
 * It exists because a real kernel is too slow a source to measure a gateway
 * with. It speaks the whole protocol that a gateway needs: shell, iopub,
 * control, stdin and heartbeat sockets, signed messages, status around every
 * request.
 */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Publisher, Reply, Router, type Socket } from 'zeromq';
import { type ConnectionFile, channelAddress, readConnectionFile } from './protocol/connection-file.ts';
import {
  type JsonObject,
  type JupyterMessage,
  MalformedMessageError,
  type MessageHeader,
  MessageSigner,
  MessageSource,
  parseParts,
  splitFrames,
  toFrames,
} from './protocol/message.ts';
import { type Command, parseCommand, prepareFlood, UnknownCommandError } from './synthetic-output.ts';

/** No message is ever dropped, and a send that cannot block need not be waited for. */
const lossless = { sendHighWaterMark: 0, sendTimeout: 0, linger: 1000 } as const;
/** Messages sent before the kernel's other sockets get a turn. */
const burst = 256;

class SyntheticKernel {
  readonly #source = new MessageSource('kernel');
  readonly #shell = new Router(lossless);
  readonly #control = new Router(lossless);
  readonly #stdin = new Router(lossless);
  readonly #iopub = new Publisher(lossless);
  readonly #heartbeat = new Reply({ linger: 0 });
  readonly #signer: MessageSigner;
  #executionCount = 0;

  constructor(key: string) {
    this.#signer = new MessageSigner(key);
  }

  /** Binds all sockets, then serves them until a shutdown_request. */
  async serve(connection: ConnectionFile): Promise<void> {
    await Promise.all([
      this.#shell.bind(channelAddress(connection, 'shell')),
      this.#control.bind(channelAddress(connection, 'control')),
      this.#stdin.bind(channelAddress(connection, 'stdin')),
      this.#iopub.bind(channelAddress(connection, 'iopub')),
      this.#heartbeat.bind(channelAddress(connection, 'hb')),
    ]);
    this.#publish('status', { execution_state: 'starting' }, {});
    await Promise.all([this.#answer(this.#shell), this.#answer(this.#control), this.#echoHeartbeats()]);
  }

  close(): void {
    const sockets: Socket[] = [this.#shell, this.#control, this.#stdin, this.#iopub, this.#heartbeat];
    for (const socket of sockets) {
      socket.close();
    }
  }

  async #echoHeartbeats(): Promise<void> {
    for await (const frames of this.#heartbeat) {
      await this.#heartbeat.send(frames);
    }
  }

  async #answer(socket: Router): Promise<void> {
    for await (const frames of socket) {
      try {
        await this.#answerOne(socket, frames);
      } catch (error) {
        // What is no signed Jupyter message gets no answer; anything else is a fault of this kernel.
        if (!(error instanceof MalformedMessageError)) {
          throw error;
        }
      }
    }
  }

  async #answerOne(socket: Router, frames: Buffer[]): Promise<void> {
    const raw = splitFrames(frames);
    this.#signer.verify(raw);
    const request = parseParts(raw.parts, raw.buffers);
    this.#publish('status', { execution_state: 'busy' }, request.header);
    const content = await this.#replyTo(request);
    const replyType = request.header.msg_type.replace(/_request$/, '_reply');
    const reply = this.#source.create(replyType, content, request.header);
    socket.send(toFrames(reply, this.#signer, raw.identities));
    this.#publish('status', { execution_state: 'idle' }, request.header);
    if (request.header.msg_type === 'shutdown_request') {
      this.close();
    }
  }

  async #replyTo(request: JupyterMessage): Promise<JsonObject> {
    switch (request.header.msg_type) {
      case 'kernel_info_request':
        return kernelInfo;
      case 'execute_request':
        return this.#execute(request);
      case 'shutdown_request':
        return { status: 'ok', restart: request.content['restart'] === true };
      default:
        return { status: 'ok' };
    }
  }

  async #execute(request: JupyterMessage): Promise<JsonObject> {
    this.#executionCount += 1;
    const common = { execution_count: this.#executionCount, user_expressions: {}, payload: [] };
    try {
      const floodStarted = await this.#run(parseCommand(String(request.content['code'])), request.header);
      return { status: 'ok', ...common, flood_started_ns: String(floodStarted) };
    } catch (error) {
      if (error instanceof UnknownCommandError) {
        return {
          status: 'error',
          ...common,
          ename: error.name,
          evalue: error.message,
          traceback: [error.message],
        };
      }
      throw error;
    }
  }

  /** Returns the monotonic clock's time at the first message: all processes of a machine share that clock. */
  async #run(command: Command, parent: MessageHeader): Promise<bigint> {
    const flood = command.kind === 'echo' ? [] : prepareFlood(command, parent, this.#source, this.#signer);
    const started = process.hrtime.bigint();
    for (let sent = 0; sent < flood.length; sent += burst) {
      for (const frames of flood.slice(sent, sent + burst)) {
        this.#iopub.send(frames);
      }
      await nextTurn();
    }
    return started;
  }

  #publish(msgType: string, content: JsonObject, parent: Partial<MessageHeader>): void {
    const topic = Buffer.from(`kernel.${this.#source.session}.${msgType}`);
    this.#iopub.send(toFrames(this.#source.create(msgType, content, parent), this.#signer, [topic]));
  }
}

const kernelInfo: JsonObject = {
  status: 'ok',
  protocol_version: '5.3',
  implementation: 'synthetic',
  implementation_version: '1.0.0',
  language_info: { name: 'synthetic', version: '1.0.0', mimetype: 'text/plain', file_extension: '.txt' },
  banner: 'A kernel that floods on demand',
  help_links: [],
};

/** A kernel whose launcher died without a word would stay for ever. */
function exitWithParent(): void {
  const parent = process.ppid;
  setInterval(() => {
    if (process.ppid !== parent) {
      process.exit(1);
    }
  }, 1000).unref();
}

const path = process.argv[2];
if (path === undefined) {
  throw new Error('The connection file must be given: synthetic-kernel.ts CONNECTION_FILE');
}
exitWithParent();
const connection = await readConnectionFile(path);
const kernel = new SyntheticKernel(connection.key);
// An interrupt has nothing to interrupt here, and must not end the kernel.
process.on('SIGINT', () => {});
await kernel.serve(connection);
