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

/** The payload of one binary WebSocket message, in pieces that lie end to end. */
export function encodeV1(message: KernelMessage): Buffer[] {
  const { header, parentHeader, metadata, content, buffers } = message;
  const channel = CHANNEL_NAMES[message.channel];
  const offsets = FIXED_PARTS + 1 + buffers.length;
  let at = WORD * (1 + offsets);
  const head = Buffer.allocUnsafe(at + channel.length);
  head.set(channel, at);
  const pieces = [head, header, parentHeader, metadata, content, ...buffers];
  const words = new DataView(head.buffer, head.byteOffset, head.length);
  writeWord(words, 0, offsets);
  writeWord(words, WORD, at);
  at += channel.length;
  for (let index = 1; index < pieces.length; index += 1) {
    writeWord(words, WORD * (1 + index), at);
    at += (pieces[index] as Buffer).length;
  }
  writeWord(words, WORD * offsets, at);
  return pieces;
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
  const words = new DataView(frame.buffer, frame.byteOffset, frame.length);
  const count = readWord(words, 0);
  if (count < FIXED_PARTS + 1)
    throw new MalformedMessageError(`frame: ${count} offsets, at least 6 are needed`);
  if (count > frame.length / WORD - 1) {
    throw new MalformedMessageError(
      `frame: claims ${exactWord(words, 0)} offsets, more than its ${frame.length} bytes can hold`,
    );
  }
  if (count > MOST_BUFFERS)
    throw new MalformedMessageError(`frame: ${count} offsets, at most ${MOST_BUFFERS} are allowed`);
  const offsets: number[] = [];
  let least = WORD * (1 + count);
  for (let index = 1; index <= count; index += 1) {
    const offset = readWord(words, WORD * index);
    if (offset < least || offset > frame.length) {
      throw new MalformedMessageError(
        `frame: offset ${index} is ${exactWord(words, WORD * index)}, expected ${least} to ${frame.length}`,
      );
    }
    offsets.push(offset);
    least = offset;
  }
  return offsets;
}

/** Exact as far as a frame can be long; rounded beyond, and still too large. */
function readWord(words: DataView, at: number): number {
  return words.getUint32(at, true) + words.getUint32(at + 4, true) * 2 ** 32;
}

function exactWord(words: DataView, at: number): bigint {
  return words.getBigUint64(at, true);
}

/** Frames are far below 2^32 bytes: the upper half of a word is zero. */
function writeWord(words: DataView, at: number, value: number): void {
  words.setUint32(at, value, true);
  words.setUint32(at + 4, 0, true);
}
