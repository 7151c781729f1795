/**
 * The yardstick: a bridge between one kernel and WebSockets, with nothing of a
 * gateway in it. What it reaches is what this machine allows a process in the
 * middle to reach.
 *
 *     node bare-bridge.ts CONNECTION_FILE
 *
 * Listens on a free port of the loopback interface, which it tells its parent.
 */
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { type WebSocket, WebSocketServer } from 'ws';
import { Dealer, Subscriber } from 'zeromq';
import { fromWebSocket, toWebSocket } from './protocol/bridge-frames.ts';
import { type ConnectionFile, channelAddress, readConnectionFile } from './protocol/connection-file.ts';
import { delimiter, MessageSigner, splitFrames } from './protocol/message.ts';
import { v1Subprotocol, type WebSocketProtocol } from './protocol/websocket-frames.ts';

/** Bytes waiting in one WebSocket at which the bridge stops reading from the kernel. */
const backlogLimit = 4 * 1024 * 1024;

interface Client {
  socket: WebSocket;
  protocol: WebSocketProtocol;
  stream: Duplex;
  corked: boolean;
}

class BareBridge {
  readonly #clients = new Set<Client>();
  readonly #shell = new Dealer({ linger: 0, sendHighWaterMark: 0, sendTimeout: 0 });
  readonly #control = new Dealer({ linger: 0, sendHighWaterMark: 0, sendTimeout: 0 });
  readonly #iopub = new Subscriber({ linger: 0 });
  readonly #signer: MessageSigner;

  constructor(connection: ConnectionFile) {
    this.#signer = new MessageSigner(connection.key);
    this.#iopub.subscribe();
    this.#shell.connect(channelAddress(connection, 'shell'));
    this.#control.connect(channelAddress(connection, 'control'));
    this.#iopub.connect(channelAddress(connection, 'iopub'));
    void this.#carry('shell', this.#shell);
    void this.#carry('control', this.#control);
    void this.#carry('iopub', this.#iopub);
  }

  attach(socket: WebSocket, stream: Duplex): void {
    const protocol = socket.protocol === v1Subprotocol ? 'v1' : 'default';
    const client: Client = { socket, protocol, stream, corked: false };
    this.#clients.add(client);
    socket.on('close', () => this.#clients.delete(client));
    socket.on('message', (data: Buffer) => this.#forward(fromWebSocket(protocol, data)));
  }

  #forward({ channel, parts }: { channel: string; parts: Buffer[] }): void {
    const signature = Buffer.from(this.#signer.sign(parts.slice(0, 4)));
    const socket = channel === 'control' ? this.#control : this.#shell;
    void socket.send([delimiter, signature, ...parts]);
  }

  async #carry(channel: string, source: Dealer | Subscriber): Promise<void> {
    for await (const frames of source) {
      const message = splitFrames(frames);
      this.#signer.verify(message);
      for (const client of this.#clients) {
        const { data, binary } = toWebSocket(client.protocol, channel, message);
        corkForThisTurn(client);
        client.socket.send(data, { binary });
        if (client.stream.writableLength > backlogLimit) {
          await drained(client.stream);
        }
      }
    }
  }
}

/** All that one turn of the event loop sends leaves in one write. */
function corkForThisTurn(client: Client): void {
  if (client.corked) {
    return;
  }
  client.corked = true;
  client.stream.cork();
  setImmediate(() => {
    client.corked = false;
    client.stream.uncork();
  });
}

/** Until the stream has room again, or is gone. */
function drained(stream: Duplex): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done).off('close', done);
      resolve();
    };
    stream.on('drain', done).on('close', done);
  });
}

const connection = await readConnectionFile(process.argv[2] ?? '');
const bridge = new BareBridge(connection);
const webSockets = new WebSocketServer({
  noServer: true,
  perMessageDeflate: false,
  handleProtocols: (offered) => (offered.has(v1Subprotocol) ? v1Subprotocol : false),
});
const server = createServer();
server.on('upgrade', (request: IncomingMessage, stream: Duplex, head: Buffer) => {
  webSockets.handleUpgrade(request, stream, head, (socket) => bridge.attach(socket, stream));
});
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
