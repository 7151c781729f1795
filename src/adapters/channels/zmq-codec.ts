/**
 * Kernel messages as ZeroMQ multipart messages: identities, delimiter,
 * signature, four JSON parts, buffers.
 *
 * https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol
 */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ChannelName, KernelMessage } from './kernel-message.ts';
import { MalformedMessageError } from './kernel-message.ts';
import { SHORT_MESSAGE, ShortHmac } from './short-hmac.ts';

const DELIMITER = Buffer.from('<IDS|MSG>');
const EMPTY = Buffer.alloc(0);

/** A message whose signature is not the one that the kernel's key gives. */
export class BadSignatureError extends Error {
  readonly code = 'BAD_SIGNATURE';

  constructor() {
    super('the signature of a kernel message is wrong');
    this.name = 'BadSignatureError';
  }
}

/** Signs and verifies with the key of one kernel's connection file. An empty key means no signatures. */
export class MessageSigner {
  readonly #algorithm: string;
  readonly #key: string;
  readonly #short: ShortHmac | null;

  /** @throws Error when the scheme is not `hmac-<hash>` with a hash that Node knows */
  constructor(key: string, signatureScheme: string) {
    if (!signatureScheme.startsWith('hmac-')) {
      throw new Error(
        `signature_scheme ${signatureScheme} is not supported: expected hmac-sha256 or another hmac-<hash>`,
      );
    }
    this.#algorithm = signatureScheme.slice('hmac-'.length);
    this.#key = key;
    createHmac(this.#algorithm, key);
    this.#short = this.#algorithm === 'sha256' ? new ShortHmac(key) : null;
  }

  /** Lower-case hex as ASCII; empty without a key. */
  sign(header: Buffer, parentHeader: Buffer, metadata: Buffer, content: Buffer): Buffer {
    if (this.#key === '') return EMPTY;
    return Buffer.from(this.#digest([header, parentHeader, metadata, content]), 'latin1');
  }

  #digest(parts: Buffer[]): string {
    let length = 0;
    for (const part of parts) length += part.length;
    if (this.#short !== null && length <= SHORT_MESSAGE) return this.#short.hex(parts);
    const hmac = createHmac(this.#algorithm, this.#key);
    for (const part of parts) hmac.update(part);
    return hmac.digest('hex');
  }

  verifies(
    signature: Buffer,
    header: Buffer,
    parentHeader: Buffer,
    metadata: Buffer,
    content: Buffer,
  ): boolean {
    if (this.#key === '') return true;
    const expected = this.sign(header, parentHeader, metadata, content);
    return expected.length === signature.length && timingSafeEqual(expected, signature);
  }
}

/** The frames to send on a DEALER socket. */
export function encodeZmqMessage(message: KernelMessage, signer: MessageSigner): Buffer[] {
  const { header, parentHeader, metadata, content, buffers } = message;
  const signature = signer.sign(header, parentHeader, metadata, content);
  return [DELIMITER, signature, header, parentHeader, metadata, content, ...buffers];
}

/**
 * A message from the frames of a DEALER or SUB socket; identities and topics
 * before the delimiter are dropped.
 *
 * @throws BadSignatureError
 * @throws MalformedMessageError when there is no delimiter, or fewer than five frames behind it
 */
export function decodeZmqMessage(
  channel: ChannelName,
  frames: Buffer[],
  signer: MessageSigner,
): KernelMessage {
  let start = 0;
  while (start < frames.length && !isDelimiter(frames[start] as Buffer)) start += 1;
  if (start === frames.length) throw new MalformedMessageError('a kernel message has no <IDS|MSG> delimiter');
  const signature = frames[start + 1];
  const header = frames[start + 2];
  const parentHeader = frames[start + 3];
  const metadata = frames[start + 4];
  const content = frames[start + 5];
  if (!signature || !header || !parentHeader || !metadata || !content) {
    throw new MalformedMessageError('a kernel message has too few parts');
  }
  if (!signer.verifies(signature, header, parentHeader, metadata, content)) throw new BadSignatureError();
  return { channel, header, parentHeader, metadata, content, buffers: frames.slice(start + 6) };
}

function isDelimiter(frame: Buffer): boolean {
  return frame.length === DELIMITER.length && frame.equals(DELIMITER);
}
