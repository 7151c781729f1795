import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedMessageError, readHeader } from '../../../src/adapters/channels/kernel-message.ts';
import { decodeDefault } from '../../../src/adapters/channels/websocket-default-codec.ts';
import { messageOn } from './arbitrary-messages.ts';
import { CONTENT_IN_ASCII, defaultFrame, defaultText, message, withoutBuffers } from './golden-messages.ts';
import { defaultData } from './websocket-data.ts';

const MINIMAL = '{"header":{"msg_id":"a"}}';

/** A binary frame of these words, big-endian, and then this text. */
function frameOf(words: number[], text = ''): Buffer {
  const head = Buffer.alloc(4 * words.length);
  words.forEach((word, index) => {
    head.writeUInt32BE(word, 4 * index);
  });
  return Buffer.concat([head, Buffer.from(text)]);
}

function decodeText(json: string) {
  return decodeDefault(Buffer.from(json), false);
}

describe('reading the default protocol', () => {
  it("understands jupyter_server's binary frame, byte for byte", () => {
    const { channel, ...parts } = message;
    const content = Buffer.from(CONTENT_IN_ASCII);
    expect(decodeDefault(defaultFrame, true)).toEqual({ channel, message: { ...parts, content } });
  });

  it("understands jupyter_server's text frame", () => {
    const { header, parentHeader, metadata } = message;
    const content = Buffer.from(CONTENT_IN_ASCII);
    expect(decodeDefault(defaultText, false)).toEqual({
      channel: 'iopub',
      message: { header, parentHeader, metadata, content, buffers: [] },
    });
  });

  it('leaves unknown fields, big integers and NaN as they were sent', () => {
    const header = '{ "msg_id" : "a", "subshell_id": null, "n": 12345678901234567890 }';
    const content = '{"x":NaN,"__proto__":{"y":1}, "n":1.0}';
    const { message: read } = decodeText(`{"header":${header},"content":${content},"channel":"shell"}`);
    expect(read.header.toString()).toBe(header);
    expect(read.content.toString()).toBe(content);
  });

  it.each(['{}', '{"parent_header":null,"metadata":null,"content":null,"channel":null}'])(
    'puts empty objects in place of what is not there: %s',
    (others) => {
      const empty = Buffer.from('{}');
      expect(decodeText(MINIMAL.replace(/}$/, others === '{}' ? '}' : `,${others.slice(1)}`))).toEqual({
        channel: '',
        message: {
          header: Buffer.from('{"msg_id":"a"}'),
          parentHeader: empty,
          metadata: empty,
          content: empty,
          buffers: [],
        },
      });
    },
  );

  it.each([
    ['{}', 'header: is missing'],
    ['{"header":null}', 'header: is missing'],
    ['{"header":[]}', 'header: must be an object'],
    ['{"header":"x"}', 'header: must be an object'],
    ['{"header":{},"parent_header":1}', 'parent_header: must be an object'],
    ['{"header":{},"metadata":false}', 'metadata: must be an object'],
    ['{"header":{},"content":"x"}', 'content: must be an object'],
    ['{"header":{},"channel":1}', 'channel: must be a string'],
    ['[]', 'not valid JSON: expected an object at offset 0'],
    ['', 'not valid JSON: expected an object at offset 0'],
  ])('names what is wrong with %s', (json, problem) => {
    expect(() => decodeText(json)).toThrow(new MalformedMessageError(problem));
  });

  it.each([
    ['is empty', Buffer.alloc(0), 'frame: shorter than its offset count'],
    ['has no offsets', frameOf([0], MINIMAL), 'frame: at least one offset is needed'],
    [
      'claims more offsets than it has',
      frameOf([2, 8]),
      'frame: claims 2 offsets, more than its 8 bytes can hold',
    ],
    [
      'claims as many offsets as a word can say',
      frameOf([0xffffffff, 8, 8, 8]),
      'frame: claims 4294967295 offsets, more than its 16 bytes can hold',
    ],
    ['starts within its own offsets', frameOf([1, 7], MINIMAL), 'frame: offset 1 is 7, expected 8 to 33'],
    ['goes backwards', frameOf([2, 37, 12], MINIMAL), 'frame: offset 2 is 12, expected 37 to 37'],
    ['points behind its end', frameOf([2, 12, 38], MINIMAL), 'frame: offset 2 is 38, expected 12 to 37'],
  ])('refuses a binary frame that %s', (_how, frame, problem) => {
    expect(() => decodeDefault(frame, true)).toThrow(new MalformedMessageError(problem));
  });
});

describe('writing the default protocol', () => {
  it('makes a text frame whose members are those of jupyter_server', () => {
    const { data, binary } = defaultData({ ...withoutBuffers, channel: 'iopub' });
    expect(binary).toBe(false);
    expect(JSON.parse(data.toString())).toEqual(JSON.parse(defaultText.toString()));
  });

  it('makes a binary frame with the buffers where jupyter_server puts them', () => {
    const { data, binary } = defaultData(message);
    const jsonEnd = data.readUInt32BE(8);
    expect(binary).toBe(true);
    expect([0, 4].map((at) => data.readUInt32BE(at))).toEqual([4, 20]);
    expect([8, 12, 16].map((at) => data.readUInt32BE(at) - jsonEnd)).toEqual([0, 4, 4]);
    expect(data.subarray(jsonEnd).toString('hex')).toBe('0001feff616263');
    expect(JSON.parse(data.toString('utf8', 20, jsonEnd))).toMatchObject({ channel: 'iopub', msg_id: 'm-1' });
  });

  it('passes the parts on byte for byte', () => {
    const content = Buffer.from('{"n": 12345678901234567890, "x" : NaN,"s":"\\u03c0"}');
    expect(defaultData({ ...withoutBuffers, content }).data.includes(content)).toBe(true);
  });

  it('brings back any message that it reads again, whatever its ids are', () => {
    fc.assert(
      fc.property(messageOn('shell', 'iopub', 'stdin', 'control'), ({ channel, ...parts }) => {
        const { data, binary } = defaultData({ channel, ...parts });
        expect(binary).toBe(parts.buffers.length > 0);
        expect(decodeDefault(data, binary)).toEqual({ channel, message: parts });
        if (binary) return;
        const { msg_id, msg_type } = readHeader(parts.header);
        expect(JSON.parse(data.toString())).toMatchObject({ msg_id, msg_type, channel, buffers: [] });
      }),
    );
  });

  it('replaces bytes that are no UTF-8 in a text frame, which would end the connection', () => {
    const content = Buffer.concat([Buffer.from('{"text":"a'), Buffer.from([0xff]), Buffer.from('b"}')]);
    const { data } = defaultData({ ...withoutBuffers, content });
    expect(JSON.parse(data.toString()).content).toEqual({ text: 'a\ufffdb' });
    expect(data.includes('\ufffd')).toBe(true);
  });
});
