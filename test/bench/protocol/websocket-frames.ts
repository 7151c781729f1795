/**
 * The client's side of Jupyter's two WebSocket protocols.
 * https://jupyter-server.readthedocs.io/en/stable/developers/websocket-protocols.html
 */
import { type JupyterMessage, MalformedMessageError, parseParts, toPart } from './message.ts';

export const v1Subprotocol = 'v1.kernel.websocket.jupyter.org';

export type WebSocketProtocol = 'v1' | 'default';

export interface ChannelMessage {
  channel: string;
  message: JupyterMessage;
}

/** A request as the WebSocket carries it: text under the default protocol, bytes under v1. */
export function encodeRequest(
  protocol: WebSocketProtocol,
  channel: string,
  message: JupyterMessage,
): string | Buffer {
  if (protocol === 'default') {
    return JSON.stringify({ ...message, buffers: [], channel });
  }
  const parts = [message.header, message.parent_header, message.metadata, message.content].map(toPart);
  return layOutV1([Buffer.from(channel), ...parts, ...message.buffers]);
}

/** Throws MalformedMessageError (or SyntaxError, for its JSON) for what is no message of that protocol. */
export function decodeMessage(protocol: WebSocketProtocol, data: Buffer, isBinary: boolean): ChannelMessage {
  if (protocol === 'v1') {
    return decodeV1(data);
  }
  return isBinary ? decodeDefaultBinary(data) : fromJson(data.toString(), null);
}

/** v1: little-endian u64 count of offsets, the offsets (the end included), then the parts. */
export function layOutV1(parts: readonly Buffer[]): Buffer {
  const offsetCount = parts.length + 1;
  const table = Buffer.allocUnsafe(8 * (offsetCount + 1));
  writeUint64(table, offsetCount, 0);
  let offset = table.length;
  writeUint64(table, offset, 8);
  parts.forEach((part, index) => {
    offset += part.length;
    writeUint64(table, offset, 8 * (index + 2));
  });
  return Buffer.concat([table, ...parts], offset);
}

/** The parts of a v1 message: channel, header, parent header, metadata, content, buffers. */
export function takeApartV1(data: Buffer): Buffer[] {
  const offsetCount = readUint64(data, 0);
  if (offsetCount < 6 || 8 * (offsetCount + 1) > data.length) {
    throw new MalformedMessageError(`A v1 message of ${data.length} bytes claims ${offsetCount} offsets`);
  }
  const parts: Buffer[] = [];
  let start = readUint64(data, 8);
  for (let index = 1; index < offsetCount; index += 1) {
    const end = readUint64(data, 8 * (index + 1));
    parts.push(data.subarray(start, end));
    start = end;
  }
  return parts;
}

function decodeV1(data: Buffer): ChannelMessage {
  const [channel, header, parent, metadata, content, ...buffers] = takeApartV1(data);
  if (!channel || !header || !parent || !metadata || !content) {
    throw new MalformedMessageError(`A v1 message of ${data.length} bytes lacks a part`);
  }
  return {
    channel: channel.toString(),
    message: parseParts([header, parent, metadata, content], buffers),
  };
}

/** Default protocol with buffers: big-endian u32 count, offsets, JSON, buffers. */
function decodeDefaultBinary(data: Buffer): ChannelMessage {
  const count = data.readUInt32BE(0);
  if (count < 1 || 4 * (count + 1) > data.length) {
    throw new MalformedMessageError(`A binary message of ${data.length} bytes claims ${count} parts`);
  }
  const starts = Array.from({ length: count }, (_, index) => data.readUInt32BE(4 * (index + 1)));
  const [json, ...buffers] = starts.map((start, index) => data.subarray(start, starts[index + 1]));
  return fromJson(json?.toString() ?? '', buffers);
}

function fromJson(text: string, buffers: Buffer[] | null): ChannelMessage {
  const message = JSON.parse(text) as JupyterMessage & { channel: string };
  message.buffers = buffers ?? [];
  return { channel: message.channel, message };
}

// Two 32-bit halves: BigInt would cost more than the rest of the frame.
function writeUint64(target: Buffer, value: number, at: number): void {
  target.writeUInt32LE(value >>> 0, at);
  target.writeUInt32LE(Math.floor(value / 2 ** 32), at + 4);
}

function readUint64(source: Buffer, at: number): number {
  return source.readUInt32LE(at) + source.readUInt32LE(at + 4) * 2 ** 32;
}
