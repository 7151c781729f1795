/**
 * Kernelgate's own form. The connection info is under AES-256-GCM, with a key
 * that only the gateway and the pod of this one launch can make: from an X25519
 * agreement, and the token that the pod was given in its environment.
 */
import {
  createDecipheriv,
  createPublicKey,
  type DecipherGCM,
  diffieHellman,
  hkdfSync,
  type KeyObject,
} from 'node:crypto';
import { readConnectionInfo } from './connection-info.ts';
import type { AgreementKey } from './launch-keys.ts';
import {
  base64Bytes,
  isIdLike,
  type JsonObject,
  jsonObjectOrNull,
  type LaunchAnswer,
  LaunchPayloadError,
} from './launch-payload.ts';

const PURPOSE = Buffer.from('kernelgate launch 2\0');
const PUBLIC_KEY_LENGTH = 32;
const NONCE_LENGTH = 12;
const TAG_LENGTH = 16;
const KEY_LENGTH = 32;

/** An answer whose sender is not known yet, but whose kernel it names. */
export interface SealedAnswer {
  kernelId: string;
  /** The launcher's, raw; made for this answer alone. */
  publicKey: Buffer;
  nonce: Buffer;
  /** Ciphertext and tag. */
  sealed: Buffer;
}

/** @throws LaunchPayloadError `garbage` */
export function readVersion2(members: JsonObject): SealedAnswer {
  const kernelId = members['kernel_id'];
  if (!isIdLike(kernelId)) throw new LaunchPayloadError('garbage', "kernel_id must be a kernel's id");
  const publicKey = exactly(PUBLIC_KEY_LENGTH, members, 'public_key');
  const nonce = exactly(NONCE_LENGTH, members, 'nonce');
  return { kernelId, publicKey, nonce, sealed: base64Bytes(members['conn_info'], 'conn_info') };
}

function exactly(length: number, members: JsonObject, name: string): Buffer {
  const bytes = base64Bytes(members[name], name);
  if (bytes.length === length) return bytes;
  throw new LaunchPayloadError('garbage', `${name} must be base64 of ${length} bytes`);
}

/**
 * @param token the 32 bytes that this launch's pod was given
 * @throws LaunchPayloadError `wrongToken` when it was not made with the token, or has been altered; `unusable`
 */
export function openVersion2(answer: SealedAnswer, token: Buffer, gateway: AgreementKey): LaunchAnswer {
  const { kernelId } = answer;
  const members = jsonObjectOrNull(decrypted(answer, token, gateway));
  if (members !== null) return readConnectionInfo(members, kernelId, 2);
  throw new LaunchPayloadError('unusable', 'conn_info: must be a JSON object in UTF-8', kernelId);
}

function decrypted(answer: SealedAnswer, token: Buffer, gateway: AgreementKey): Buffer {
  const { kernelId, nonce, sealed } = answer;
  const end = Math.max(0, sealed.length - TAG_LENGTH);
  try {
    const decipher = cipherOf(agreedKey(answer, token, gateway), nonce);
    decipher.setAAD(Buffer.from(kernelId)).setAuthTag(sealed.subarray(end));
    return Buffer.concat([decipher.update(sealed.subarray(0, end)), decipher.final()]);
  } catch {
    throw new LaunchPayloadError('wrongToken', 'it was not made with the token of this launch', kernelId);
  }
}

function cipherOf(key: Buffer, nonce: Buffer): DecipherGCM {
  return createDecipheriv('aes-256-gcm', key, nonce, { authTagLength: TAG_LENGTH });
}

/** @throws Error on public keys of small order, with which anyone could tell what is agreed on */
function agreedKey({ kernelId, publicKey }: SealedAnswer, token: Buffer, gateway: AgreementKey): Buffer {
  const shared = diffieHellman({ privateKey: gateway.privateKey, publicKey: publicKeyOf(publicKey) });
  const info = Buffer.concat([PURPOSE, Buffer.from(kernelId), publicKey, gateway.rawPublicKey]);
  return Buffer.from(hkdfSync('sha256', shared, token, info, KEY_LENGTH));
}

function publicKeyOf(raw: Buffer): KeyObject {
  const jwk = { kty: 'OKP', crv: 'X25519', x: raw.toString('base64url') };
  return createPublicKey({ key: jwk, format: 'jwk' });
}
