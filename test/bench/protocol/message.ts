/**
 * Jupyter messages as ZeroMQ frames, for the benchmark's own kernel, clients
 * and bridge. Written apart from the gateway's codec on purpose: what measures
 * the gateway should not share its mistakes.
 * https://jupyter-client.readthedocs.io/en/stable/messaging.html#the-wire-protocol
 */
import { createHmac, createSecretKey, type KeyObject, randomUUID } from 'node:crypto';

export type JsonObject = Record<string, unknown>;

export interface MessageHeader {
  msg_id: string;
  msg_type: string;
  session: string;
  username: string;
  date: string;
  version: string;
}

export interface JupyterMessage {
  header: MessageHeader;
  parent_header: Partial<MessageHeader>;
  metadata: JsonObject;
  content: JsonObject;
  buffers: Buffer[];
}

/** A message's frames, told apart but not parsed. */
export interface RawMessage {
  /** Routing identities, or the topic on iopub. */
  identities: Buffer[];
  signature: Buffer;
  /** Header, parent header, metadata, content. */
  parts: [Buffer, Buffer, Buffer, Buffer];
  buffers: Buffer[];
}

/** Thrown for frames that are no Jupyter message, or not one signed with the kernel's key. */
export class MalformedMessageError extends Error {
  readonly code = 'malformed_message';
}

export const delimiter = Buffer.from('<IDS|MSG>');
const protocolVersion = '5.3';

/** Signs with HMAC-SHA256; an empty key means unsigned, as Jupyter defines it. */
export class MessageSigner {
  readonly #key: KeyObject | null;

  constructor(key: string) {
    this.#key = key === '' ? null : createSecretKey(Buffer.from(key));
  }

  /** Hexadecimal signature over header, parent header, metadata and content; '' without a key. */
  sign(parts: readonly Buffer[]): string {
    if (this.#key === null) {
      return '';
    }
    const hmac = createHmac('sha256', this.#key);
    for (const part of parts) {
      hmac.update(part);
    }
    return hmac.digest('hex');
  }

  /** Throws MalformedMessageError for a signature that is not this key's. */
  verify(message: RawMessage): void {
    if (this.#key !== null && message.signature.toString('latin1') !== this.sign(message.parts)) {
      throw new MalformedMessageError('A message carries a wrong signature');
    }
  }
}

/** Makes the messages of one session: every one with an id of its own. */
export class MessageSource {
  readonly session: string = randomUUID();
  readonly #username: string;
  #count = 0;

  constructor(username: string) {
    this.#username = username;
  }

  create(msgType: string, content: JsonObject, parentHeader: Partial<MessageHeader> = {}): JupyterMessage {
    return {
      header: this.header(msgType),
      parent_header: parentHeader,
      metadata: {},
      content,
      buffers: [],
    };
  }

  header(msgType: string): MessageHeader {
    this.#count += 1;
    return {
      msg_id: `${this.session}_${this.#count}`,
      msg_type: msgType,
      session: this.session,
      username: this.#username,
      date: new Date().toISOString(),
      version: protocolVersion,
    };
  }
}

/** Serialises a JSON part of a message. */
export function toPart(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}

/** All frames of a message, signed; `identities` come first (the topic on iopub). */
export function toFrames(
  message: JupyterMessage,
  signer: MessageSigner,
  identities: Buffer[] = [],
): Buffer[] {
  const parts = [message.header, message.parent_header, message.metadata, message.content].map(toPart);
  const signature = Buffer.from(signer.sign(parts));
  return [...identities, delimiter, signature, ...parts, ...message.buffers];
}

/** Throws MalformedMessageError for frames that lack the delimiter or a part. */
export function splitFrames(frames: readonly Buffer[]): RawMessage {
  const at = frames.findIndex((frame) => frame.equals(delimiter));
  const [signature, header, parent, metadata, content, ...buffers] = frames.slice(at + 1);
  if (at < 0 || !signature || !header || !parent || !metadata || !content) {
    throw new MalformedMessageError(`${frames.length} frames do not make a Jupyter message`);
  }
  return { identities: frames.slice(0, at), signature, parts: [header, parent, metadata, content], buffers };
}

/** Parses the four JSON parts of a message. */
export function parseParts(parts: readonly Buffer[], buffers: Buffer[]): JupyterMessage {
  const [header, parent, metadata, content] = parts.map((part) => JSON.parse(part.toString()));
  return { header, parent_header: parent, metadata, content, buffers };
}
