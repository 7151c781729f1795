import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedMessageError } from '../../../src/adapters/channels/kernel-message.ts';
import { decodeV1 } from '../../../src/adapters/channels/websocket-v1-codec.ts';
import { messageOn } from './arbitrary-messages.ts';
import { message, v1Frame, v1FrameWithoutBuffers, withoutBuffers } from './golden-messages.ts';
import { v1Data } from './websocket-data.ts';

/** A frame of these words, little-endian, and then this text. */
function frameOf(words: (number | bigint)[], text = ''): Buffer {
  const head = Buffer.alloc(8 * words.length);
  words.forEach((word, index) => {
    head.writeBigUInt64LE(BigInt(word), 8 * index);
  });
  return Buffer.concat([head, Buffer.from(text)]);
}

describe('the v1 codec', () => {
  it("writes jupyter_server's bytes", () => {
    expect(v1Data(message).toString('hex')).toBe(v1Frame.toString('hex'));
    expect(v1Data(withoutBuffers).toString('hex')).toBe(v1FrameWithoutBuffers.toString('hex'));
  });

  it("reads jupyter_server's bytes", () => {
    const { channel, ...parts } = message;
    expect(decodeV1(v1Frame)).toEqual({ channel, message: parts });
    expect(decodeV1(v1FrameWithoutBuffers).message.buffers).toEqual([]);
  });

  it('brings back any message, byte for byte', () => {
    fc.assert(
      fc.property(messageOn('shell', 'iopub', 'stdin', 'control'), ({ channel, ...parts }) => {
        expect(decodeV1(v1Data({ channel, ...parts }))).toEqual({ channel, message: parts });
      }),
    );
  });

  it('reads a frame that is a view on a larger buffer', () => {
    const pool = Buffer.concat([Buffer.from('before'), v1Frame, Buffer.from('behind')]);
    const { message: read } = decodeV1(pool.subarray(6, 6 + v1Frame.length));
    expect(read.header).toEqual(message.header);
    expect(read.buffers).toEqual(message.buffers);
  });

  it('passes on parts that are no JSON: judging them is up to the kernel', () => {
    const odd = { ...message, metadata: Buffer.alloc(0), content: Buffer.from([0xff, 0]) };
    expect(decodeV1(v1Data(odd)).message).toMatchObject({ metadata: odd.metadata, content: odd.content });
  });
});

describe('a v1 frame', () => {
  it.each([
    ['is empty', Buffer.alloc(0), 'frame: shorter than its offset count'],
    ['is shorter than a count', Buffer.alloc(7), 'frame: shorter than its offset count'],
    ['has no offsets', frameOf([0]), 'frame: 0 offsets, at least 6 are needed'],
    ['has too few offsets', frameOf([5, 48, 48, 48, 48, 48]), 'frame: 5 offsets, at least 6 are needed'],
    [
      'claims more offsets than it has',
      frameOf([6, 48, 48]),
      'frame: claims 6 offsets, more than its 24 bytes can hold',
    ],
    [
      'claims as many offsets as a word can say',
      frameOf([2n ** 64n - 1n, 1, 2, 3, 4, 5, 6]),
      'frame: claims 18446744073709551615 offsets, more than its 56 bytes can hold',
    ],
    [
      'starts within its own offsets',
      frameOf([6, 55, 56, 56, 56, 56, 56]),
      'frame: offset 1 is 55, expected 56 to 56',
    ],
    [
      'goes backwards',
      frameOf([6, 56, 59, 58, 60, 60, 60], 'text'),
      'frame: offset 3 is 58, expected 59 to 60',
    ],
    [
      'points behind its end',
      frameOf([6, 56, 56, 56, 56, 56, 61], 'text'),
      'frame: offset 6 is 61, expected 56 to 60',
    ],
    [
      'points far behind its end',
      frameOf([6, 56, 56, 2n ** 63n, 56, 56, 56]),
      'frame: offset 3 is 9223372036854775808, expected 56 to 56',
    ],
  ])('is refused when it %s', (_how, frame, problem) => {
    expect(() => decodeV1(frame)).toThrow(new MalformedMessageError(problem));
  });
});
