import { expect, it } from 'vitest';
import { sharedGateway } from './gateway-process.ts';
import { KernelClient, launchKernel } from './kernel-client.ts';
import type { Protocol } from './message-codec.ts';
import { residentMemory } from './process-list.ts';
import { describeE2e } from './suite.ts';

const HEADER = '{"msg_id":"m","msg_type":"kernel_info_request","session":"","username":"","version":"5.4"}';
const MESSAGE = `{"channel":"shell","header":${HEADER},"parent_header":{},"metadata":{},"content":{},"buffers":[]}`;

const BOTH: [Protocol, string, string | Buffer][] = [
  ['default', 'text that is no JSON', 'hello'],
  ['default', 'an empty text', ''],
  ['default', 'half a message', MESSAGE.slice(0, 60)],
  ['default', 'an array', '[]'],
  ['default', 'null', 'null'],
  ['default', 'a number', '7'],
  ['default', 'an empty object', '{}'],
  ['default', 'a header that is a string', MESSAGE.replace(HEADER, '"x"')],
  ['default', 'a header that is null', MESSAGE.replace(HEADER, 'null')],
  ['default', 'a header without a type', MESSAGE.replace('"msg_type":"kernel_info_request",', '')],
  ['default', 'an unknown channel', MESSAGE.replace('"shell"', '"sheol"')],
  ['default', 'a channel that only the kernel sends on', MESSAGE.replace('"shell"', '"iopub"')],
  ['default', 'a channel that is a number', MESSAGE.replace('"shell"', '7')],
  ['default', 'deep nesting', `${'['.repeat(200_000)}${']'.repeat(200_000)}`],
  ['default', 'an empty binary frame', Buffer.alloc(0)],
  ['default', 'three bytes', Buffer.from([0, 0, 1])],
  ['default', 'a count of 4,294,967,295', Buffer.from('ffffffff00000008', 'hex')],
  ['default', 'a count of no parts at all', Buffer.from('0000000000000008', 'hex')],
  ['default', 'offsets behind the end', binary32([9_999_999], MESSAGE)],
  ['default', 'offsets that go back', binary32([12, 4], MESSAGE)],
  ['default', 'an offset within the head', binary32([2], MESSAGE)],
  ['default', 'random bytes', Buffer.from('8f3c11aa9047bb0102fe77c1d9e0aa31', 'hex')],
  ['default', 'a frame with garbage in place of the JSON', binary32([8], '\u0000\u0001garbage')],
  ['v1', 'text', MESSAGE],
  ['v1', 'an empty binary frame', Buffer.alloc(0)],
  ['v1', 'seven bytes', Buffer.alloc(7, 1)],
  ['v1', 'a count of 2^64 - 1', Buffer.alloc(16, 0xff)],
  ['v1', 'a count of 2^40', binary64([], '', 2n ** 40n)],
  ['v1', 'a count of nothing', binary64([], '', 0n)],
  ['v1', 'too few parts', binary64([24n, 29n], 'shell')],
  ['v1', 'an offset of 2^63', binary64([2n ** 63n, 1n, 2n, 3n, 4n, 5n], MESSAGE)],
  ['v1', 'offsets that go back', binary64([56n, 61n, 57n, 58n, 59n, 60n], MESSAGE)],
  ['v1', 'random bytes', Buffer.from('8f3c11aa9047bb0102fe77c1d9e0aa318f3c11aa9047bb01', 'hex')],
  ['v1', 'a header that is no JSON', v1(['shell', 'nonsense', '{}', '{}', '{}'])],
  ['v1', 'a header without a type', v1(['shell', '{"msg_id":"m"}', '{}', '{}', '{}'])],
  ['v1', 'an unknown channel', v1(['sheol', HEADER, '{}', '{}', '{}'])],
];

describeE2e('malformed frames', () => {
  const gateway = sharedGateway({ env: { EG_WS_MAX_MESSAGE_SIZE: String(1024 * 1024) } });

  it.each(BOTH)(
    '%s protocol, %s: closed with a code and a reason, and no one else notices',
    async (protocol, _title, frame) => {
      const id = await launchKernel(gateway.current);
      const bystander = await KernelClient.connect(gateway.current, id);
      const culprit = await KernelClient.connect(gateway.current, id, { protocol });
      culprit.sendRaw(frame);
      const { code, reason } = await culprit.closing(5_000);
      expect([1002, 1003, 1007, 1008, 1009]).toContain(code);
      expect(reason.length).toBeGreaterThan(5);
      expect(reason).not.toMatch(/[\r\n]/);
      expect((await bystander.execute('print("undisturbed")')).stdout).toBe('undisturbed\n');
    },
  );

  it('closes with 1009 for a message over the limit', async () => {
    const id = await launchKernel(gateway.current);
    const bystander = await KernelClient.connect(gateway.current, id);
    const culprit = await KernelClient.connect(gateway.current, id);
    culprit.sendRaw(MESSAGE.replace('"content":{}', `"content":{"x":"${'x'.repeat(1024 * 1024)}"}`));
    expect((await culprit.closing(5_000)).code).toBe(1009);
    expect((await bystander.execute('print(1)')).stdout).toBe('1\n');
  });

  it('does not grow by what frames claim', async () => {
    const id = await launchKernel(gateway.current);
    const before = residentMemory(gateway.current.pid);
    for (const [protocol, , frame] of BOTH.filter(([, title]) => title.includes('count'))) {
      const culprit = await KernelClient.connect(gateway.current, id, { protocol });
      culprit.sendRaw(frame);
      await culprit.closing(5_000);
    }
    expect(residentMemory(gateway.current.pid) - before).toBeLessThan(64 * 1024 * 1024);
  });
});

/** Count and offsets of the default protocol in front of `body`. */
function binary32(offsets: number[], body: string): Buffer {
  const head = Buffer.alloc(4 * (offsets.length + 1));
  head.writeUInt32BE(offsets.length, 0);
  for (const [index, offset] of offsets.entries()) head.writeUInt32BE(offset, 4 * (index + 1));
  return Buffer.concat([head, Buffer.from(body)]);
}

/** Count and offsets of v1 in front of `body`; the count may lie. */
function binary64(offsets: bigint[], body: string, count = BigInt(offsets.length)): Buffer {
  const head = Buffer.alloc(8 * (offsets.length + 1));
  head.writeBigUInt64LE(count, 0);
  for (const [index, offset] of offsets.entries()) head.writeBigUInt64LE(offset, 8 * (index + 1));
  return Buffer.concat([head, Buffer.from(body)]);
}

/** A well-formed v1 frame of these parts. */
function v1(parts: string[]): Buffer {
  const start = 8 * (parts.length + 2);
  const lengths = parts.map((part) => Buffer.byteLength(part));
  const offsets = [0, ...lengths].map((_, index) =>
    BigInt(start + lengths.slice(0, index).reduce((sum, length) => sum + length, 0)),
  );
  return binary64(offsets, parts.join(''));
}
