/**
 * What a launcher sends once its kernel's ports are known. Three forms are in
 * use; this file tells them apart, and holds what they have in common.
 */
import type { ConnectionInfo } from '../../machines/ports.ts';

export type PayloadVersion = 0 | 1 | 2;

export type JsonObject = Readonly<Record<string, unknown>>;

/** A launcher's answer, decrypted and checked. */
export interface LaunchAnswer {
  kernelId: string;
  version: PayloadVersion;
  /** `ip` is what the launcher claims: `0.0.0.0` from most, as it can't know under which address it is reached. */
  connection: ConnectionInfo;
  claimedIp: string;
}

/** A payload by its form; nothing in it has been checked yet. */
export type LaunchPayload =
  | { version: 2; members: JsonObject }
  | { version: 1; members: JsonObject }
  | { version: 0; sealed: Buffer };

/** Why a payload is refused. `unusable`: it is genuine as far as can be told, but no kernel can be reached by it. */
export type RefusalReason = 'garbage' | 'unknownKernel' | 'wrongToken' | 'replay' | 'unusable';

/** A payload that is not accepted. The message is one line, and tells nothing that its sender must not know. */
export class LaunchPayloadError extends Error {
  readonly code = 'LAUNCH_PAYLOAD_REFUSED';
  readonly reason: RefusalReason;
  /** In whose name it came; null when that can't be told. */
  readonly kernelId: string | null;

  constructor(reason: RefusalReason, message: string, kernelId: string | null = null) {
    super(message);
    this.name = 'LaunchPayloadError';
    this.reason = reason;
    this.kernelId = kernelId;
  }
}

/** Characters. Twice what an id has. */
const LONGEST_ID = 72;
const OPENING_BRACE = 0x7b;
const BLANKS: ReadonlySet<number> = new Set([0x09, 0x0a, 0x0d, 0x20]);

/**
 * Version 2 is JSON as it stands; version 1 is JSON in base64; version 0 is
 * base64 too, but of something that only the right key makes readable.
 *
 * @throws LaunchPayloadError `garbage`
 */
export function readLaunchPayload(bytes: Buffer): LaunchPayload {
  if (isBareJson(bytes)) {
    const members = jsonObject(bytes);
    if (members['version'] === 2) return { version: 2, members };
    throw new LaunchPayloadError('garbage', 'version: must be 2 where the answer is bare JSON');
  }
  const decoded = base64Bytes(bytes.toString('latin1').replace(/\s+/g, ''), 'the answer');
  const members = jsonObjectOrNull(decoded);
  return members?.['version'] === 1 ? { version: 1, members } : { version: 0, sealed: decoded };
}

/** True for launchers that wait for an answer to theirs. */
export function isBareJson(bytes: Buffer): boolean {
  return bytes.find((byte) => !BLANKS.has(byte)) === OPENING_BRACE;
}

/** @throws LaunchPayloadError `garbage` when it is anything else, or no UTF-8 */
export function jsonObject(bytes: Buffer): JsonObject {
  const value = jsonObjectOrNull(bytes);
  if (value !== null) return value;
  throw new LaunchPayloadError('garbage', 'it must be a JSON object in UTF-8');
}

export function jsonObjectOrNull(bytes: Buffer): JsonObject | null {
  try {
    const value: unknown = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? (value as JsonObject) : null;
  } catch {
    return null;
  }
}

/** Whether it may be a kernel's id at all. */
export function isIdLike(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= LONGEST_ID;
}

/** Strict, unlike Node's own decoder, which takes a part of what was cut off. @throws LaunchPayloadError `garbage` */
export function base64Bytes(value: unknown, name: string): Buffer {
  const bytes = Buffer.from(typeof value === 'string' ? value : '', 'base64');
  if (bytes.toString('base64') === value) return bytes;
  throw new LaunchPayloadError('garbage', `${name} must be base64`);
}
