/**
 * The WebSocket subprotocol `v1.kernel.websocket.jupyter.org`: one binary
 * message; a little-endian u64 count of offsets, the offsets, then channel,
 * header, parent header, metadata, content and buffers, end to end.
 *
 * https://jupyter-server.readthedocs.io/en/latest/developers/websocket-protocols.html
 */
import type { ChannelName, KernelMessage } from './kernel-message.ts';
import { MalformedMessageError, MOST_BUFFERS } from './kernel-message.ts';

export const V1_SUBPROTOCOL = 'v1.kernel.websocket.jupyter.org';

const WORD = 8;
/** Channel, header, parent header, metadata and content. */
const FIXED_PARTS = 5;

const CHANNEL_NAMES: Record<ChannelName, Buffer> = {
  shell: Buffer.from('shell'),
  iopub: Buffer.from('iopub'),
  stdin: Buffer.from('stdin'),
  control: Buffer.from('control'),
};

/** One binary WebSocket message. */
export function encodeV1(message: KernelMessage): Buffer {
  const { header, parentHeader, metadata, content, buffers } = message;
  const parts = [CHANNEL_NAMES[message.channel], header, parentHeader, metadata, content, ...buffers];
  const offsets = parts.length + 1;
  let end = WORD * (1 + offsets);
  for (const part of parts) end += part.length;
  const frame = Buffer.allocUnsafe(end);
  let at = WORD * (1 + offsets);
  writeWord(frame, 0, offsets);
  for (let index = 0; index < parts.length; index += 1) {
    const part = parts[index] as Buffer;
    writeWord(frame, WORD * (1 + index), at);
    frame.set(part, at);
    at += part.length;
  }
  writeWord(frame, WORD * offsets, at);
  return frame;
}

/**
 * What a client sent: the channel as it was named, and the message's parts as views on `frame`.
 *
 * @throws MalformedMessageError which names what is wrong
 */
export function decodeV1(frame: Buffer): { channel: string; message: Omit<KernelMessage, 'channel'> } {
  const offsets = readOffsets(frame);
  const parts: Buffer[] = [];
  for (let index = 0; index + 1 < offsets.length; index += 1) {
    parts.push(frame.subarray(offsets[index], offsets[index + 1]));
  }
  const [channel, header, parentHeader, metadata, content, ...buffers] = parts as [
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    Buffer,
    ...Buffer[],
  ];
  return { channel: channel.toString(), message: { header, parentHeader, metadata, content, buffers } };
}

function readOffsets(frame: Buffer): number[] {
  if (frame.length < WORD) throw new MalformedMessageError('frame: shorter than its offset count');
  const count = frame.readBigUInt64LE(0);
  if (count < FIXED_PARTS + 1)
    throw new MalformedMessageError(`frame: ${count} offsets, at least 6 are needed`);
  if (count > frame.length / WORD - 1) {
    throw new MalformedMessageError(
      `frame: claims ${count} offsets, more than its ${frame.length} bytes can hold`,
    );
  }
  if (count > MOST_BUFFERS)
    throw new MalformedMessageError(`frame: ${count} offsets, at most ${MOST_BUFFERS} are allowed`);
  const offsets: number[] = [];
  let least = BigInt(WORD * (1 + Number(count)));
  for (let index = 1; index <= Number(count); index += 1) {
    const offset = frame.readBigUInt64LE(WORD * index);
    if (offset < least || offset > frame.length) {
      throw new MalformedMessageError(
        `frame: offset ${index} is ${offset}, expected ${least} to ${frame.length}`,
      );
    }
    offsets.push(Number(offset));
    least = offset;
  }
  return offsets;
}

/** Frames are far below 2^32 bytes: the upper half of a word is zero. */
function writeWord(frame: Buffer, at: number, value: number): void {
  frame.writeUInt32LE(value, at);
  frame.writeUInt32LE(0, at + 4);
}
