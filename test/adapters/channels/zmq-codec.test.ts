import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MalformedMessageError } from '../../../src/adapters/channels/kernel-message.ts';
import {
  BadSignatureError,
  decodeZmqMessage,
  encodeZmqMessage,
  MessageSigner,
} from '../../../src/adapters/channels/zmq-codec.ts';
import { messageOn } from './arbitrary-messages.ts';
import { KEY, message, otherSignatures, zmqFrames } from './golden-messages.ts';

const signer = new MessageSigner(KEY, 'hmac-sha256');
const [, DELIMITER, SIGNATURE, ...PARTS] = zmqFrames as [Buffer, Buffer, Buffer, ...Buffer[]];

describe('kernel messages over ZeroMQ', () => {
  it("are jupyter_client's frames, without an identity", () => {
    expect(encodeZmqMessage(message, signer)).toEqual(zmqFrames.slice(1));
  });

  it('are read with identities, topics or nothing before the delimiter', () => {
    expect(decodeZmqMessage('iopub', zmqFrames, signer)).toEqual(message);
    expect(decodeZmqMessage('iopub', zmqFrames.slice(1), signer)).toEqual(message);
    const identities = [Buffer.from([0, 1]), Buffer.from('another')];
    expect(decodeZmqMessage('iopub', [...identities, ...zmqFrames.slice(1)], signer)).toEqual(message);
  });

  it('come back as they were sent, whatever they hold', () => {
    fc.assert(
      fc.property(messageOn('shell', 'stdin', 'control'), (sent) => {
        expect(decodeZmqMessage(sent.channel, encodeZmqMessage(sent, signer), signer)).toEqual(sent);
      }),
    );
  });

  it('may have the delimiter among their buffers', () => {
    const frames = [...zmqFrames, DELIMITER];
    expect(decodeZmqMessage('iopub', frames, signer).buffers.at(-1)).toEqual(DELIMITER);
  });

  it.each([
    ['nothing', []],
    ['no delimiter', [SIGNATURE, ...PARTS]],
    ['something like a delimiter', [Buffer.from('<ids|msg>'), SIGNATURE, ...PARTS]],
  ])('are refused with %s', (_what, frames) => {
    const problem = new MalformedMessageError('a kernel message has no <IDS|MSG> delimiter');
    expect(() => decodeZmqMessage('shell', frames, signer)).toThrow(problem);
  });

  it.each([0, 1, 2, 3, 4])('are refused with only %i parts behind the delimiter', (count) => {
    const frames = [DELIMITER, SIGNATURE, ...PARTS].slice(0, 1 + count);
    const problem = new MalformedMessageError('a kernel message has too few parts');
    expect(() => decodeZmqMessage('shell', frames, signer)).toThrow(problem);
  });
});

describe('signatures', () => {
  it.each(Object.entries(otherSignatures))("are jupyter_client's for %s too", (scheme, signature) => {
    const { header, parentHeader, metadata, content } = message;
    const other = new MessageSigner(KEY, scheme);
    expect(other.sign(header, parentHeader, metadata, content).toString()).toBe(signature);
  });

  it.each(['header', 'parentHeader', 'metadata', 'content'] as const)('cover the %s', (part) => {
    const frames = encodeZmqMessage(message, signer);
    const index = frames.indexOf(message[part]);
    frames[index] = Buffer.concat([message[part], Buffer.from(' ')]);
    expect(() => decodeZmqMessage('iopub', frames, signer)).toThrow(BadSignatureError);
  });

  it.each(['', '00', `${SIGNATURE}00`, SIGNATURE.toString().replace(/^./, '0')])(
    'are refused: "%s"',
    (wrong) => {
      const frames = [DELIMITER, Buffer.from(wrong), ...PARTS];
      expect(() => decodeZmqMessage('iopub', frames, signer)).toThrow(BadSignatureError);
    },
  );

  it('of another key are refused', () => {
    const other = new MessageSigner('another key', 'hmac-sha256');
    expect(() => decodeZmqMessage('iopub', zmqFrames, other)).toThrow(BadSignatureError);
  });

  it('are empty, and not looked at, when the kernel has no key', () => {
    const open = new MessageSigner('', 'hmac-sha256');
    expect(encodeZmqMessage(message, open)[1]).toEqual(Buffer.alloc(0));
    expect(decodeZmqMessage('iopub', zmqFrames, open)).toEqual(message);
  });

  it.each(['sha256', 'hmac-', 'hmac-nothing', ''])('can not be made by the scheme "%s"', (scheme) => {
    expect(() => new MessageSigner(KEY, scheme)).toThrow();
  });
});
