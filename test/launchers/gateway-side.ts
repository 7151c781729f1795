/**
 * The gateway's side of the launch handshake, written apart from the gateway's
 * own: what tests the launcher should not share its mistakes.
 */
import {
  constants,
  createDecipheriv,
  createHmac,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  privateDecrypt,
  randomBytes,
} from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { within } from '../e2e/deadline.ts';

const ANSWER_MS = 30_000;
/** What comes before the 32 raw bytes in a DER SubjectPublicKeyInfo of X25519 (RFC 8410). */
const X25519_PREFIX = Buffer.from('302a300506032b656e032100', 'hex');

/** What the launcher tells: a connection file, and where it takes requests itself. */
export interface ToldConnection {
  ip: string;
  key: string;
  transport: string;
  signature_scheme: string;
  kernel_name: string;
  kernel_id: string;
  shell_port: number;
  iopub_port: number;
  stdin_port: number;
  control_port: number;
  hb_port: number;
  comm_port: number;
  comm_version?: number;
  pid: number;
  pgid: number;
}

/** One connection of a launcher, read to its end, waiting for its answer. */
export interface LaunchCall {
  text: string;
  stream: Socket;
}

export class GatewaySide {
  readonly #exchangeKeys = generateKeyPairSync('x25519');
  readonly #rsaKeys = generateKeyPairSync('rsa', { modulusLength: 2048 });
  readonly #token = randomBytes(32);
  readonly #server: Server;
  readonly #calls: LaunchCall[] = [];
  #waiting: ((call: LaunchCall) => void) | null = null;

  private constructor(server: Server) {
    this.#server = server;
    server.on('connection', (stream) => this.#read(stream));
  }

  static async listen(): Promise<GatewaySide> {
    const server = createServer({ allowHalfOpen: true }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => {
      server.close();
    });
    return new GatewaySide(server);
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  /** What a gateway puts into the environment of a pod. */
  environment(kernelId: string): Record<string, string> {
    return {
      KERNEL_ID: kernelId,
      RESPONSE_ADDRESS: this.address,
      PORT_RANGE: '0..0',
      PUBLIC_KEY: this.#rsaKeys.publicKey.export({ type: 'spki', format: 'der' }).toString('base64'),
      KERNEL_GATEWAY_KEY: this.#rawPublicKey().toString('base64'),
      KERNEL_LAUNCH_TOKEN: this.#token.toString('base64'),
    };
  }

  /** The next connection of a launcher. */
  nextCall(): Promise<LaunchCall> {
    const call = this.#calls.shift();
    const coming = call ?? new Promise<LaunchCall>((resolve) => (this.#waiting = resolve));
    return within(ANSWER_MS, "the launcher's answer", Promise.resolve(coming));
  }

  /** Accepts the next kernel that is told, in version 2. */
  async accept(): Promise<ToldConnection> {
    const call = await this.nextCall();
    const connection = this.open(call.text);
    call.stream.end('{"accepted": true}\n');
    return connection;
  }

  /** @throws unless it was sealed for this gateway, with its token */
  open(text: string): ToldConnection {
    const payload = JSON.parse(text) as Record<'kernel_id' | 'public_key' | 'nonce' | 'conn_info', string>;
    const publicKey = Buffer.from(payload.public_key, 'base64');
    const shared = diffieHellman({
      privateKey: this.#exchangeKeys.privateKey,
      publicKey: createPublicKey({
        key: Buffer.concat([X25519_PREFIX, publicKey]),
        format: 'der',
        type: 'spki',
      }),
    });
    const kernelId = Buffer.from(payload.kernel_id);
    const label = Buffer.from('kernelgate launch 2\0');
    const info = Buffer.concat([label, kernelId, publicKey, this.#rawPublicKey(), Buffer.of(1)]);
    const key = hmac(hmac(this.#token, shared), info);
    const sealed = Buffer.from(payload.conn_info, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(payload.nonce, 'base64'));
    decipher.setAAD(kernelId).setAuthTag(sealed.subarray(-16));
    return JSON.parse(Buffer.concat([decipher.update(sealed.subarray(0, -16)), decipher.final()]).toString());
  }

  /** Version 1: base64 around JSON, RSA around AES around JSON. */
  openVersion1(text: string): ToldConnection {
    const payload = JSON.parse(Buffer.from(text, 'base64').toString());
    const key = privateDecrypt(
      { key: this.#rsaKeys.privateKey, padding: constants.RSA_PKCS1_PADDING },
      Buffer.from(payload.key, 'base64'),
    );
    const decipher = createDecipheriv('aes-128-ecb', key, null);
    const sealed = Buffer.from(payload.conn_info, 'base64');
    return JSON.parse(Buffer.concat([decipher.update(sealed), decipher.final()]).toString());
  }

  #rawPublicKey(): Buffer {
    return this.#exchangeKeys.publicKey.export({ type: 'spki', format: 'der' }).subarray(-32);
  }

  #read(stream: Socket): void {
    const chunks: Buffer[] = [];
    stream.on('error', () => {});
    stream.on('data', (chunk) => chunks.push(chunk));
    stream.once('end', () => {
      const call = { text: Buffer.concat(chunks).toString(), stream };
      if (this.#waiting === null) this.#calls.push(call);
      else this.#waiting(call);
      this.#waiting = null;
    });
  }
}

function hmac(key: Buffer, text: Buffer): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
