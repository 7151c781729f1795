/**
 * The default WebSocket protocol: a message is a JSON text; with buffers it is
 * a binary frame of a big-endian u32 count, as many offsets, the JSON, and the
 * buffers. The JSON is put together from the raw parts, and taken apart again
 * into ranges of bytes; no value in it is ever rebuilt.
 *
 * https://jupyter-server.readthedocs.io/en/latest/developers/websocket-protocols.html
 */
import { isUtf8 } from 'node:buffer';
import { sliceObject } from './json-slices.ts';
import type { ChannelName, HeaderFields, KernelMessage } from './kernel-message.ts';
import { EMPTY_OBJECT, MalformedMessageError, MOST_BUFFERS, readHeader } from './kernel-message.ts';

const WORD = 4;

const HEADER = Buffer.from('{"header":');
const METADATA = Buffer.from(',"metadata":');
const CONTENT = Buffer.from(',"content":');

const TAILS: Record<ChannelName, Buffer> = {
  shell: Buffer.from(',"buffers":[],"channel":"shell"}'),
  iopub: Buffer.from(',"buffers":[],"channel":"iopub"}'),
  stdin: Buffer.from(',"buffers":[],"channel":"stdin"}'),
  control: Buffer.from(',"buffers":[],"channel":"control"}'),
};

/** The payload of one WebSocket message, in pieces that lie end to end. */
export interface DefaultPayload {
  pieces: Buffer[];
  binary: boolean;
}

/** A text, or a binary message when there are buffers. */
export function encodeDefault(
  message: KernelMessage,
  fields: HeaderFields = readHeader(message.header),
): DefaultPayload {
  const json = jsonPieces(message, fields);
  const { buffers } = message;
  if (buffers.length === 0) return { pieces: json, binary: false };
  const count = 1 + buffers.length;
  let at = WORD * (1 + count);
  const head = Buffer.allocUnsafe(at);
  head.writeUInt32BE(count, 0);
  head.writeUInt32BE(at, WORD);
  for (const piece of json) at += piece.length;
  buffers.forEach((buffer, index) => {
    head.writeUInt32BE(at, WORD * (2 + index));
    at += buffer.length;
  });
  return { pieces: [head, ...json, ...buffers], binary: true };
}

function jsonPieces(message: KernelMessage, { msg_id, msg_type }: HeaderFields): Buffer[] {
  const identity = Buffer.from(
    `,"msg_id":${JSON.stringify(msg_id)},"msg_type":${JSON.stringify(msg_type)},"parent_header":`,
  );
  return [
    HEADER,
    asUtf8(message.header),
    identity,
    asUtf8(message.parentHeader),
    METADATA,
    asUtf8(message.metadata),
    CONTENT,
    asUtf8(message.content),
    TAILS[message.channel],
  ];
}

/** A text frame that isn't UTF-8 would end the client's connection: what can't be read becomes U+FFFD. */
function asUtf8(json: Buffer): Buffer {
  return isUtf8(json) ? json : Buffer.from(json.toString());
}

/** @throws MalformedMessageError which names the member and what is wrong with it */
export function decodeDefault(
  frame: Buffer,
  binary: boolean,
): { channel: string; message: Omit<KernelMessage, 'channel'> } {
  const { json, buffers } = binary ? splitBinary(frame) : { json: frame, buffers: [] };
  const members = sliceObject(json);
  const header = objectMember(members, 'header');
  if (header === undefined) throw new MalformedMessageError('header: is missing');
  return {
    channel: channelMember(members),
    message: {
      header,
      parentHeader: objectMember(members, 'parent_header') ?? EMPTY_OBJECT,
      metadata: objectMember(members, 'metadata') ?? EMPTY_OBJECT,
      content: objectMember(members, 'content') ?? EMPTY_OBJECT,
      buffers,
    },
  };
}

function splitBinary(frame: Buffer): { json: Buffer; buffers: Buffer[] } {
  if (frame.length < WORD) throw new MalformedMessageError('frame: shorter than its offset count');
  const count = frame.readUInt32BE(0);
  if (count < 1) throw new MalformedMessageError('frame: at least one offset is needed');
  if (count > frame.length / WORD - 1) {
    throw new MalformedMessageError(
      `frame: claims ${count} offsets, more than its ${frame.length} bytes can hold`,
    );
  }
  if (count > MOST_BUFFERS)
    throw new MalformedMessageError(`frame: ${count} offsets, at most ${MOST_BUFFERS} are allowed`);
  const offsets: number[] = [];
  let least = WORD * (1 + count);
  for (let index = 1; index <= count; index += 1) {
    const offset = frame.readUInt32BE(WORD * index);
    if (offset < least || offset > frame.length) {
      throw new MalformedMessageError(
        `frame: offset ${index} is ${offset}, expected ${least} to ${frame.length}`,
      );
    }
    offsets.push(offset);
    least = offset;
  }
  const parts = offsets.map((offset, index) => frame.subarray(offset, offsets[index + 1] ?? frame.length));
  const [json, ...buffers] = parts as [Buffer, ...Buffer[]];
  return { json, buffers };
}

function objectMember(members: Map<string, Buffer>, name: string): Buffer | undefined {
  const value = members.get(name);
  if (value === undefined || value.equals(NULL)) return undefined;
  if (value[0] !== 0x7b) throw new MalformedMessageError(`${name}: must be an object`);
  return value;
}

const NULL = Buffer.from('null');

/** Empty when the client named none. */
function channelMember(members: Map<string, Buffer>): string {
  const value = members.get('channel');
  if (value === undefined || value.equals(NULL)) return '';
  if (value[0] !== 0x22) throw new MalformedMessageError('channel: must be a string');
  try {
    return JSON.parse(value.toString()) as string;
  } catch (cause) {
    throw new MalformedMessageError('channel: has a wrong escape', { cause });
  }
}
