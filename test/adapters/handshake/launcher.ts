/** Launchers of all versions, as far as their answers go. */
import {
  constants,
  createCipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  publicEncrypt,
  randomBytes,
} from 'node:crypto';
import { rawPublicKeyOf } from '../../../src/adapters/handshake/launch-keys.ts';
import { golden } from './golden-payloads.ts';

export type Info = Record<string, unknown>;

/** A kernel's connection info as its launcher tells it. */
export function infoOf(kernelId: string, changes: Info = {}): Info {
  return { ...golden.connection, kernel_id: kernelId, ...changes };
}

export interface Launch {
  kernelId: string;
  /** `KERNEL_LAUNCH_TOKEN`. */
  token: string;
  /** `KERNEL_GATEWAY_KEY`. */
  gatewayKey: string;
}

/** The members of an answer of version 2; the text itself is their JSON. */
export function sealed(launch: Launch, info: Info | string = ownInfo(launch)) {
  const { kernelId } = launch;
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const gateway = Buffer.from(launch.gatewayKey, 'base64');
  const own = rawPublicKeyOf(publicKey);
  const shared = diffieHellman({
    privateKey,
    publicKey: createPublicKey({
      key: { kty: 'OKP', crv: 'X25519', x: gateway.toString('base64url') },
      format: 'jwk',
    }),
  });
  const purpose = Buffer.concat([Buffer.from(`kernelgate launch 2\0${kernelId}`), own, gateway]);
  const key = Buffer.from(hkdfSync('sha256', shared, Buffer.from(launch.token, 'base64'), purpose, 32));
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(Buffer.from(kernelId));
  const text = typeof info === 'string' ? info : JSON.stringify(info);
  const body = Buffer.concat([cipher.update(text), cipher.final(), cipher.getAuthTag()]);
  return {
    version: 2,
    kernel_id: kernelId,
    public_key: own.toString('base64'),
    nonce: nonce.toString('base64'),
    conn_info: body.toString('base64'),
  };
}

export function version2(launch: Launch, info?: Info | string): Buffer {
  return Buffer.from(JSON.stringify(sealed(launch, info)));
}

function ownInfo({ kernelId }: Launch): Info {
  return infoOf(kernelId, { ip: '127.0.0.1', comm_version: 2 });
}

/** @param publicKey `PUBLIC_KEY` */
export function version1(publicKey: string, info: Info, key: Buffer = randomBytes(16)): Buffer {
  const rsa = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
  const wrapped = publicEncrypt({ key: rsa, padding: constants.RSA_PKCS1_PADDING }, key);
  const cipher = createCipheriv('aes-128-ecb', key.subarray(0, 16), null);
  const body = Buffer.concat([cipher.update(JSON.stringify(info)), cipher.final()]);
  return inBase64({ version: 1, key: wrapped.toString('base64'), conn_info: body.toString('base64') });
}

export function inBase64(members: object): Buffer {
  return Buffer.from(Buffer.from(JSON.stringify(members)).toString('base64'));
}

/** Its key is made of the kernel's id, which it does not name. */
export function version0(kernelId: string, { kernel_id: _, ...info }: Info): Buffer {
  const cipher = createCipheriv('aes-128-ecb', Buffer.from(kernelId.slice(0, 16)), null).setAutoPadding(
    false,
  );
  const text = JSON.stringify(info);
  const padded = text + '%'.repeat(16 - (text.length % 16));
  return Buffer.from(Buffer.concat([cipher.update(padded), cipher.final()]).toString('base64'));
}
