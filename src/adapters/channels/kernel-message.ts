/**
 * A Jupyter message as it travels through the gateway: raw bytes, part by part.
 * Nothing here parses content, so whatever a kernel or a client wrote (large
 * integers, NaN, unknown fields) arrives as it was sent.
 *
 * https://jupyter-client.readthedocs.io/en/stable/messaging.html#wire-protocol
 */
export type ChannelName = 'shell' | 'iopub' | 'stdin' | 'control';

export interface KernelMessage {
  channel: ChannelName;
  /** UTF-8 JSON objects, each as it came in. */
  header: Buffer;
  parentHeader: Buffer;
  metadata: Buffer;
  content: Buffer;
  buffers: Buffer[];
}

/** What the gateway reads of a header; all other fields pass through unseen. */
export interface HeaderFields {
  msg_id: string;
  msg_type: string;
  session: string;
}

/** A message that can't be understood. Its text goes to whoever sent it. */
export class MalformedMessageError extends Error {
  readonly code = 'MALFORMED_MESSAGE';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'MalformedMessageError';
  }
}

/** Buffers of one message from a client: more than any client sends, and few enough to be handled at once. */
export const MOST_BUFFERS = 10_000;

export const EMPTY_OBJECT = Buffer.from('{}');

/** Bytes of a message, as counted against every limit. */
export function messageSize({ header, parentHeader, metadata, content, buffers }: KernelMessage): number {
  let size = header.length + parentHeader.length + metadata.length + content.length;
  for (const buffer of buffers) size += buffer.length;
  return size;
}

/** @throws MalformedMessageError when the part is no JSON object */
export function readHeader(header: Buffer): HeaderFields {
  let fields: unknown;
  try {
    fields = JSON.parse(header.toString());
  } catch (cause) {
    throw new MalformedMessageError('header: not valid JSON', { cause });
  }
  if (fields === null || typeof fields !== 'object' || Array.isArray(fields)) {
    throw new MalformedMessageError('header: must be a JSON object');
  }
  const { msg_id, msg_type, session } = fields as Record<string, unknown>;
  return { msg_id: textOf(msg_id), msg_type: textOf(msg_type), session: textOf(session) };
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

const STATUS = Buffer.from('"status"');

/** Cheap enough to be asked of every iopub message; a false alarm is sorted out by {@link readHeader}. */
export function mayBeStatus(header: Buffer): boolean {
  return header.includes(STATUS);
}
