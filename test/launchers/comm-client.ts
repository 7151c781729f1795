/** The gateway's side of the comm port. */
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { within } from '../e2e/deadline.ts';
import type { ToldConnection } from './gateway-side.ts';

const ANSWER_MS = 15_000;

export interface CommAnswer {
  ok: boolean;
  error?: string;
}

/** Signs for the challenge that the port gives, and returns its answer. */
export async function askSigned(connection: ToldConnection, request: object): Promise<CommAnswer> {
  const client = await CommClient.connect(connection);
  const { challenge } = JSON.parse(await client.line());
  client.send(signedLine(connection.key, Buffer.from(challenge, 'base64'), JSON.stringify(request)));
  return JSON.parse(await client.line());
}

export function signedLine(key: string, challenge: Buffer, request: string): string {
  const mac = createHmac('sha256', key).update('kernelgate comm 2\0').update(challenge).update(request);
  return `${JSON.stringify({ request, mac: mac.digest('hex') })}\n`;
}

/** Version 1: one JSON text up to the end of the stream, and no answer. */
export async function askBare(connection: ToldConnection, request: object): Promise<void> {
  const client = await CommClient.connect(connection);
  client.end(JSON.stringify(request));
  await client.closed();
}

export class CommClient {
  readonly #socket: Socket;
  readonly #closed: Promise<void>;
  #text = '';
  #wake = (): void => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#closed = new Promise((resolve) => socket.once('close', () => resolve()));
    socket.on('error', () => {});
    socket.setEncoding('utf8').on('data', (text: string) => {
      this.#text += text;
      this.#wake();
    });
  }

  static async connect({ comm_port }: ToldConnection): Promise<CommClient> {
    const socket = connect(comm_port, '127.0.0.1');
    const client = new CommClient(socket);
    await within(ANSWER_MS, 'a connection to the comm port', once(socket, 'connect'));
    return client;
  }

  send(text: string | Uint8Array): void {
    this.#socket.write(text);
  }

  end(text: string | Uint8Array): void {
    this.#socket.end(text);
  }

  /** The next line; '' when the port has closed the connection before one. */
  async line(): Promise<string> {
    const isOver = this.#closed.then(() => true);
    for (let over = false; ; ) {
      const at = this.#text.indexOf('\n');
      if (at >= 0) {
        const line = this.#text.slice(0, at);
        this.#text = this.#text.slice(at + 1);
        return line;
      }
      if (over) return '';
      const more = new Promise<boolean>((resolve) => {
        this.#wake = () => resolve(false);
      });
      over = await within(ANSWER_MS, 'a line from the comm port', Promise.race([more, isOver]));
    }
  }

  closed(): Promise<void> {
    return within(ANSWER_MS, 'the end of the connection to the comm port', this.#closed);
  }
}
