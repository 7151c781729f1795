/** A client of a gateway's WebSocket, under either protocol. */
import { randomUUID } from 'node:crypto';
import { WebSocket } from 'ws';
import type { JupyterMessage } from '../protocol/message.ts';
import {
  decodeMessage,
  encodeRequest,
  v1Subprotocol,
  type WebSocketProtocol,
} from '../protocol/websocket-frames.ts';
import type { KernelConnection } from './kernel-client.ts';

const maxPayload = 512 * 1024 * 1024;

export class WebSocketConnection implements KernelConnection {
  onMessage: KernelConnection['onMessage'] = () => {};
  onLost: KernelConnection['onLost'] = () => {};
  readonly #socket: WebSocket;
  readonly #protocol: WebSocketProtocol;

  constructor(socket: WebSocket, protocol: WebSocketProtocol) {
    this.#socket = socket;
    this.#protocol = protocol;
    socket.on('message', (data: Buffer, isBinary: boolean) => {
      const { channel, message } = decodeMessage(protocol, data, isBinary);
      this.onMessage(channel, message);
    });
    // A 'close' follows each 'error'.
    socket.on('error', () => {});
    socket.on('close', (code, reason) => this.onLost(`WebSocket closed with ${code} ${reason}`.trim()));
  }

  send(channel: 'shell' | 'control', message: JupyterMessage): void {
    this.#socket.send(encodeRequest(this.#protocol, channel, message));
  }

  close(): void {
    this.#socket.terminate();
  }
}

/**
 * Opens the channels of one kernel.
 * @param url `ws://…/api/kernels/{id}/channels`
 * Throws when the handshake fails, or the gateway does not agree on v1.
 */
export async function openWebSocket(
  url: string,
  protocol: WebSocketProtocol,
  timeoutMs = 60_000,
): Promise<WebSocketConnection> {
  const socket = new WebSocket(
    `${url}?session_id=${randomUUID()}`,
    protocol === 'v1' ? [v1Subprotocol] : [],
    { perMessageDeflate: false, maxPayload, handshakeTimeout: timeoutMs },
  );
  // Listening for messages begins before the handshake ends: none can slip through.
  const connection = new WebSocketConnection(socket, protocol);
  await new Promise<void>((resolve, reject) => {
    socket.once('open', resolve);
    socket.once('error', reject);
  });
  if (protocol === 'v1' && socket.protocol !== v1Subprotocol) {
    socket.terminate();
    throw new Error(`The gateway did not choose the subprotocol ${v1Subprotocol}`);
  }
  return connection;
}
