/**
 * The oldest form, deprecated: base64 of the connection info under AES-128-ECB,
 * with the first 16 characters of the kernel's id as the key. It names no
 * kernel, so the ids of all that are waited for are tried.
 */
import { createDecipheriv } from 'node:crypto';
import { readConnectionInfo } from './connection-info.ts';
import {
  type JsonObject,
  jsonObjectOrNull,
  type LaunchAnswer,
  LaunchPayloadError,
} from './launch-payload.ts';

const BLOCK = 16;
/** Bytes. Ten times what a launcher needs: each byte is work for each kernel that is waited for. */
const LONGEST = 4096;
const CLOSING_BRACE = 0x7d;

/**
 * @param kernelIds of the kernels that may answer in this form
 * @throws LaunchPayloadError `garbage` when no id makes it readable; `unusable`
 */
export function openVersion0(sealed: Buffer, kernelIds: Iterable<string>): LaunchAnswer {
  if (sealed.length >= BLOCK && sealed.length % BLOCK === 0 && sealed.length <= LONGEST) {
    for (const kernelId of kernelIds) {
      const members = opened(sealed, Buffer.from(kernelId).subarray(0, BLOCK));
      if (members !== null) return readConnectionInfo(members, kernelId, 0);
    }
  }
  throw new LaunchPayloadError('garbage', 'it is no answer in any form that is known');
}

/** Null when it is not the right key. */
function opened(sealed: Buffer, key: Buffer): JsonObject | null {
  if (key.length !== BLOCK) return null;
  const isObject = decrypted(sealed.subarray(0, BLOCK), key).toString('latin1').trimStart().startsWith('{');
  if (!isObject) return null;
  const plain = decrypted(sealed, key);
  return jsonObjectOrNull(plain.subarray(0, plain.lastIndexOf(CLOSING_BRACE) + 1));
}

/** Without padding: these launchers fill the last block with a character of their own. */
function decrypted(sealed: Buffer, key: Buffer): Buffer {
  const decipher = createDecipheriv('aes-128-ecb', key, null).setAutoPadding(false);
  return Buffer.concat([decipher.update(sealed), decipher.final()]);
}
