/**
 * Hears how kernels in bare pods can be reached, as a gateway would: launchers
 * answer in version 2 of the launch handshake. Written apart from the gateway's
 * own, because it is the yardstick.
 */
import {
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  randomBytes,
} from 'node:crypto';
import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import type { ConnectionFile } from '../protocol/connection-file.ts';

const tagBytes = 16;

interface Answer {
  kernel_id: string;
  public_key: string;
  nonce: string;
  conn_info: string;
}

interface Expected {
  token: Buffer;
  resolve: (connection: ConnectionFile) => void;
}

/** One launch that is waited for. */
export interface ExpectedLaunch {
  /** What the launcher must be told, by the name of the variable. */
  variables: Record<string, string>;
  connection: Promise<ConnectionFile>;
}

export class LaunchListener {
  readonly #keys = generateKeyPairSync('x25519');
  readonly #rawPublicKey = Buffer.from(this.#keys.publicKey.export({ format: 'jwk' }).x ?? '', 'base64url');
  readonly #expected = new Map<string, Expected>();
  readonly #server: Server;
  readonly ip: string;

  private constructor(ip: string) {
    this.ip = ip;
    this.#server = createServer({ allowHalfOpen: true }, (socket) => void this.#take(socket));
  }

  /** Listens at an address that pods can reach. */
  static async listen(ip: string): Promise<LaunchListener> {
    const listener = new LaunchListener(ip);
    listener.#server.listen(0, ip);
    await once(listener.#server, 'listening');
    return listener;
  }

  expect(kernelId: string): ExpectedLaunch {
    const token = randomBytes(32);
    const { port } = this.#server.address() as AddressInfo;
    const connection = new Promise<ConnectionFile>((resolve) => {
      this.#expected.set(kernelId, { token, resolve });
    });
    const variables = {
      RESPONSE_ADDRESS: `${this.ip}:${port}`,
      KERNEL_GATEWAY_KEY: this.#rawPublicKey.toString('base64'),
      KERNEL_LAUNCH_TOKEN: token.toString('base64'),
    };
    return { variables, connection };
  }

  forget(kernelId: string): void {
    this.#expected.delete(kernelId);
  }

  async close(): Promise<void> {
    this.#server.close();
    await once(this.#server, 'close');
  }

  async #take(socket: Socket): Promise<void> {
    try {
      const chunks: Buffer[] = [];
      for await (const chunk of socket) {
        chunks.push(chunk as Buffer);
      }
      this.#accept(JSON.parse(Buffer.concat(chunks).toString()) as Answer);
      socket.end('{"accepted": true}\n');
    } catch (error) {
      console.error(`A launcher's answer could not be read: ${String(error)}`);
      socket.destroy();
    }
  }

  #accept(answer: Answer): void {
    const expected = this.#expected.get(answer.kernel_id);
    if (expected === undefined) {
      throw new Error(`nobody waits for kernel ${answer.kernel_id}`);
    }
    const connection = JSON.parse(this.#open(answer, expected.token)) as ConnectionFile;
    this.#expected.delete(answer.kernel_id);
    expected.resolve(connection);
  }

  #open({ kernel_id, public_key, nonce, conn_info }: Answer, token: Buffer): string {
    const raw = Buffer.from(public_key, 'base64');
    const jwk = { kty: 'OKP', crv: 'X25519', x: raw.toString('base64url') };
    const publicKey = createPublicKey({ key: jwk, format: 'jwk' });
    const shared = diffieHellman({ privateKey: this.#keys.privateKey, publicKey });
    const info = Buffer.concat([Buffer.from(`kernelgate launch 2\0${kernel_id}`), raw, this.#rawPublicKey]);
    const key = Buffer.from(hkdfSync('sha256', shared, token, info, 32));
    const sealed = Buffer.from(conn_info, 'base64');
    const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'));
    decipher.setAAD(Buffer.from(kernel_id));
    decipher.setAuthTag(sealed.subarray(-tagBytes));
    return decipher.update(sealed.subarray(0, -tagBytes)).toString() + decipher.final().toString();
  }
}
