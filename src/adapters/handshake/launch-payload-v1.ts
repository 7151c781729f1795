/**
 * The form of Enterprise Gateway's launchers: the connection info under
 * AES-128-ECB, and its key under the gateway's RSA key (PKCS#1 v1.5). It shows
 * no more of its sender than that it knows the kernel's id.
 */
import { constants, createDecipheriv, type KeyObject, privateDecrypt, randomBytes } from 'node:crypto';
import { readConnectionInfo } from './connection-info.ts';
import {
  base64Bytes,
  isIdLike,
  type JsonObject,
  jsonObject,
  type LaunchAnswer,
  LaunchPayloadError,
} from './launch-payload.ts';

const KEY_LENGTH = 16;

/** @throws LaunchPayloadError `garbage`; `unusable` */
export function openVersion1(members: JsonObject, privateKey: KeyObject): LaunchAnswer {
  const key = unwrappedKey(base64Bytes(members['key'], 'key'), privateKey);
  const info = jsonObject(decrypted(base64Bytes(members['conn_info'], 'conn_info'), key));
  const kernelId = info['kernel_id'];
  if (!isIdLike(kernelId))
    throw new LaunchPayloadError('unusable', 'kernel_id: must be the one of the launch');
  return readConnectionInfo(info, kernelId, 1);
}

/**
 * A block that is wrong in any way gives a random key instead of an error.
 * Whoever sends blocks to learn which are well-formed (Bleichenbacher's attack)
 * sees them all fail alike, one step later.
 */
function unwrappedKey(wrapped: Buffer, privateKey: KeyObject): Buffer {
  const substitute = randomBytes(KEY_LENGTH);
  try {
    const key = privateDecrypt({ key: privateKey, padding: constants.RSA_PKCS1_PADDING }, wrapped);
    return key.length === KEY_LENGTH ? key : substitute;
  } catch {
    return substitute;
  }
}

function decrypted(sealed: Buffer, key: Buffer): Buffer {
  const decipher = createDecipheriv('aes-128-ecb', key, null);
  try {
    return Buffer.concat([decipher.update(sealed), decipher.final()]);
  } catch {
    throw new LaunchPayloadError('garbage', 'it must be a JSON object in UTF-8');
  }
}
