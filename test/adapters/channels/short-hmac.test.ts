import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SHORT_MESSAGE, ShortHmac } from '../../../src/adapters/channels/short-hmac.ts';
import { MessageSigner } from '../../../src/adapters/channels/zmq-codec.ts';

const keys = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 100 }),
  fc.constantFrom(63, 64, 65).map((length) => 'k'.repeat(length)),
);

function hmac(key: string, parts: readonly Uint8Array[]): string {
  return createHmac('sha256', key).update(Buffer.concat(parts)).digest('hex');
}

describe('the HMAC of a short message', () => {
  it("is Node's own, whatever the key and the message are", () => {
    const parts = fc.array(
      fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes)),
      {
        maxLength: 6,
      },
    );
    fc.assert(
      fc.property(keys, parts, (key, message) => {
        expect(new ShortHmac(key).hex(message)).toBe(hmac(key, message));
      }),
    );
  });

  it('of one key is not touched by that of another', () => {
    const [one, other] = [new ShortHmac('one'), new ShortHmac('other')];
    const long = [Buffer.alloc(SHORT_MESSAGE, 'x')];
    const short = [Buffer.from('y')];
    for (const [signer, key] of [[one, 'one'] as const, [other, 'other'] as const, [one, 'one'] as const]) {
      expect(signer.hex(long)).toBe(hmac(key, long));
      expect(signer.hex(short)).toBe(hmac(key, short));
    }
  });
});

it.each([-1, 0, 1])('a signature is right for a message of %i bytes more than are short', (more) => {
  const parts = ['a', 'b', '{}', 'c'].map((text) => Buffer.from(text));
  parts[3] = Buffer.alloc(SHORT_MESSAGE + more - 4, 'c');
  const [header, parentHeader, metadata, content] = parts as [Buffer, Buffer, Buffer, Buffer];
  const signature = new MessageSigner('key', 'hmac-sha256').sign(header, parentHeader, metadata, content);
  expect(signature.toString()).toBe(hmac('key', parts));
});
