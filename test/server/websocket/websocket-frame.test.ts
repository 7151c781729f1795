import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { layOutFrame } from '../../../src/server/websocket/websocket-frame.ts';

/** Every size at which something changes, and those beside it. */
const SIZES = [0, 1, 2, 125, 126, 127, 16_383, 16_384, 16_385, 65_535, 65_536, 65_537, 200_000];

const payloads = fc.array(
  fc.oneof(fc.constantFrom(...SIZES), fc.nat({ max: 300 })).map((size) => Buffer.alloc(size, size % 251)),
  { maxLength: 8 },
);

/** As RFC 6455 section 5.2 tells clients to read it. */
function read(pieces: Buffer[]): { data: Buffer; binary: boolean } {
  const frame = Buffer.concat(pieces);
  const [first = 0, second = 0] = frame;
  expect(first & 0xf0, 'final, without extensions').toBe(0x80);
  expect(second & 0x80, 'not masked').toBe(0);
  const lengthEnd = second === 127 ? 10 : second === 126 ? 4 : 2;
  const length = second < 126 ? second : frame.readUIntBE(lengthEnd === 4 ? 2 : 4, lengthEnd === 4 ? 2 : 6);
  expect(length, 'in the least bytes that hold it').toBeGreaterThan({ 2: -1, 4: 125, 10: 65_535 }[lengthEnd]);
  expect(frame.length - lengthEnd).toBe(length);
  return { data: frame.subarray(lengthEnd), binary: (first & 0x0f) === 2 };
}

describe('a frame', () => {
  it.each(SIZES)('of %i bytes is read by a client as what was put into it', (size) => {
    for (const binary of [true, false]) {
      const data = Buffer.alloc(size, 'x');
      expect(read(layOutFrame([data], binary).pieces)).toEqual({ data, binary });
    }
  });

  it('holds pieces of any size in their order, and tells how many bytes it has', () => {
    fc.assert(
      fc.property(payloads, (payload) => {
        const { pieces, size } = layOutFrame(payload, true);
        expect(read(pieces)).toEqual({ data: Buffer.concat(payload), binary: true });
        expect(size).toBe(Buffer.concat(pieces).length);
      }),
      { numRuns: 50 },
    );
  });

  it('is one piece when all of it is small', () => {
    const payload = Array.from({ length: 10 }, () => Buffer.alloc(1000));
    expect(layOutFrame(payload, false).pieces).toHaveLength(1);
  });

  it('holds what is large from where it is, without a copy', () => {
    const large = Buffer.alloc(100_000);
    const small = Buffer.alloc(10);
    const { pieces } = layOutFrame([small, large, small, small, large], true);
    expect(pieces).toHaveLength(4);
    expect([pieces[1], pieces[3]].map((piece) => piece === large)).toEqual([true, true]);
  });
});
