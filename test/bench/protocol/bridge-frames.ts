/** The gateway's side of the two WebSocket protocols, as bare as it can be: for the yardstick bridge alone. */
import type { RawMessage } from './message.ts';
import { layOutV1, takeApartV1, type WebSocketProtocol } from './websocket-frames.ts';

export interface WebSocketData {
  data: Buffer;
  binary: boolean;
}

export interface BridgeRequest {
  channel: string;
  /** Header, parent header, metadata, content, then buffers. */
  parts: Buffer[];
}

/** What the WebSocket carries for a kernel's message; the parts go through as the bytes they came in. */
export function toWebSocket(
  protocol: WebSocketProtocol,
  channel: string,
  message: RawMessage,
): WebSocketData {
  // Looking at the header is what any gateway must do; only the default protocol shows what was seen.
  const header = JSON.parse(message.parts[0].toString()) as { msg_id: string; msg_type: string };
  if (protocol === 'v1') {
    const parts = [Buffer.from(channel), ...message.parts, ...message.buffers];
    return { data: layOutV1(parts), binary: true };
  }
  const json = defaultJson(channel, header, message);
  return message.buffers.length === 0
    ? { data: json, binary: false }
    : { data: layOutDefaultBinary([json, ...message.buffers]), binary: true };
}

/** Reads a client's message; requests with buffers are not needed here. */
export function fromWebSocket(protocol: WebSocketProtocol, data: Buffer): BridgeRequest {
  if (protocol === 'v1') {
    const [channel, ...parts] = takeApartV1(data);
    return { channel: String(channel), parts };
  }
  const message = JSON.parse(data.toString());
  const parts = [message.header, message.parent_header, message.metadata, message.content];
  return { channel: message.channel, parts: parts.map((part) => Buffer.from(JSON.stringify(part ?? {}))) };
}

function defaultJson(
  channel: string,
  header: { msg_id: string; msg_type: string },
  { parts: [headerPart, parentPart, metadataPart, contentPart] }: RawMessage,
): Buffer {
  const ids = `,"msg_id":${JSON.stringify(header.msg_id)},"msg_type":${JSON.stringify(header.msg_type)}`;
  return Buffer.concat([
    Buffer.from('{"header":'),
    headerPart,
    Buffer.from(`${ids},"parent_header":`),
    parentPart,
    Buffer.from(',"metadata":'),
    metadataPart,
    Buffer.from(',"content":'),
    contentPart,
    Buffer.from(`,"buffers":[],"channel":"${channel}"}`),
  ]);
}

function layOutDefaultBinary(parts: readonly Buffer[]): Buffer {
  const table = Buffer.allocUnsafe(4 * (parts.length + 1));
  table.writeUInt32BE(parts.length, 0);
  let offset = table.length;
  parts.forEach((part, index) => {
    table.writeUInt32BE(offset, 4 * (index + 1));
    offset += part.length;
  });
  return Buffer.concat([table, ...parts], offset);
}
