/**
 * Jupyter messages on a WebSocket, as a client writes and reads them. Written
 * from the description of the two protocols and sharing nothing with the
 * gateway's own codec, so that a mistake there is not mirrored here.
 * https://jupyter-server.readthedocs.io/en/latest/developers/websocket-protocols.html
 */

export type Protocol = 'default' | 'v1';

export const V1_SUBPROTOCOL = 'v1.kernel.websocket.jupyter.org';

// biome-ignore lint/suspicious/noExplicitAny: content is whatever a kernel says
type Content = any;

export interface Header {
  msg_id: string;
  msg_type: string;
  username?: string;
  session?: string;
  date?: string;
  version?: string;
}

export interface Message {
  channel: string;
  header: Header;
  parent_header: Partial<Header>;
  metadata: Record<string, unknown>;
  content: Content;
  buffers: Buffer[];
  /** The JSON text as it came, for what must pass unchanged. */
  raw: string;
}

export type Outgoing = Pick<Message, 'channel' | 'header' | 'content'> &
  Partial<Pick<Message, 'parent_header' | 'metadata' | 'buffers'>>;

export function encode(protocol: Protocol, message: Outgoing): string | Buffer {
  return protocol === 'v1' ? encodeV1(message) : encodeDefault(message);
}

export function decode(protocol: Protocol, frame: Buffer, binary: boolean): Message {
  if (protocol === 'v1') return decodeV1(frame);
  return binary ? decodeDefaultBinary(frame) : decodeDefaultText(frame.toString(), []);
}

function encodeDefault({ buffers = [], ...message }: Outgoing): string | Buffer {
  const json = JSON.stringify({ parent_header: {}, metadata: {}, ...message, buffers: [] });
  if (buffers.length === 0) return json;
  const parts = [Buffer.from(json), ...buffers];
  const head = Buffer.alloc(4 * (parts.length + 1));
  head.writeUInt32BE(parts.length, 0);
  let offset = head.length;
  for (const [index, part] of parts.entries()) {
    head.writeUInt32BE(offset, 4 * (index + 1));
    offset += part.length;
  }
  return Buffer.concat([head, ...parts]);
}

/** Text frames hold an empty list of buffers; in a binary frame they follow the JSON, which names none. */
function decodeDefaultText(raw: string, buffers: Buffer[]): Message {
  const message = JSON.parse(raw);
  // Clients rely on these two at the top, beside those in the header.
  if (message.msg_id !== message.header.msg_id || message.msg_type !== message.header.msg_type) {
    throw new Error(`msg_id and msg_type must be at the top level too: ${raw.slice(0, 300)}`);
  }
  return { ...message, buffers, raw };
}

function decodeDefaultBinary(frame: Buffer): Message {
  const count = frame.readUInt32BE(0);
  const offsets = Array.from({ length: count }, (_, index) => frame.readUInt32BE(4 * (index + 1)));
  const [json, ...buffers] = slices(frame, [...offsets, frame.length]);
  return decodeDefaultText((json ?? Buffer.alloc(0)).toString(), buffers);
}

function encodeV1(message: Outgoing): Buffer {
  const { channel, header, parent_header = {}, metadata = {}, content, buffers = [] } = message;
  const json = [header, parent_header, metadata, content].map((part) => Buffer.from(JSON.stringify(part)));
  const parts = [Buffer.from(channel), ...json, ...buffers];
  // One offset more than parts: the last one is the end of the frame.
  const head = Buffer.alloc(8 * (parts.length + 2));
  head.writeBigUInt64LE(BigInt(parts.length + 1), 0);
  let offset = head.length;
  for (const [index, part] of [...parts, Buffer.alloc(0)].entries()) {
    head.writeBigUInt64LE(BigInt(offset), 8 * (index + 1));
    offset += part.length;
  }
  return Buffer.concat([head, ...parts]);
}

function decodeV1(frame: Buffer): Message {
  const count = Number(frame.readBigUInt64LE(0));
  const offsets = Array.from({ length: count }, (_, index) => Number(frame.readBigUInt64LE(8 * (index + 1))));
  if (offsets.at(-1) !== frame.length) throw new Error('the last offset must be the end of the frame');
  const [channel, header, parent, metadata, content, ...buffers] = slices(frame, offsets);
  const texts = [header, parent, metadata, content].map((part) => (part ?? Buffer.alloc(0)).toString());
  const [headerJson, parentJson, metadataJson, contentJson] = texts.map((text) => JSON.parse(text));
  return {
    channel: (channel ?? Buffer.alloc(0)).toString(),
    header: headerJson,
    parent_header: parentJson,
    metadata: metadataJson,
    content: contentJson,
    buffers,
    raw: texts.join('\n'),
  };
}

/** The parts between each offset and the next. */
function slices(frame: Buffer, offsets: number[]): Buffer[] {
  return offsets.slice(0, -1).map((start, index) => frame.subarray(start, offsets[index + 1]));
}
