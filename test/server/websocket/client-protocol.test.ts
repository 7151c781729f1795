import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KernelMessage } from '../../../src/adapters/channels/kernel-message.ts';
import { MalformedMessageError, messageSize } from '../../../src/adapters/channels/kernel-message.ts';
import {
  type ClientProtocol,
  chooseSubprotocol,
  decodeFrame,
  OutgoingMessage,
  protocolOf,
} from '../../../src/server/websocket/client-protocol.ts';
import { messageOn, mutatedJson } from '../../adapters/channels/arbitrary-messages.ts';
import { message, withoutBuffers } from '../../adapters/channels/golden-messages.ts';
import { defaultData, v1Data } from '../../adapters/channels/websocket-data.ts';

const protocols: ClientProtocol[] = ['v1', 'default'];

function encode(protocol: ClientProtocol, sent: KernelMessage) {
  return protocol === 'v1' ? { data: v1Data(sent), binary: true } : defaultData(sent);
}

describe('the subprotocol', () => {
  it('is v1 when the client offers it, among others too', () => {
    const v1 = 'v1.kernel.websocket.jupyter.org';
    expect(chooseSubprotocol(new Set(['x', v1]))).toBe(v1);
    expect(protocolOf(v1)).toBe('v1');
  });

  it('is the default one else', () => {
    expect(chooseSubprotocol(new Set(['v2.kernel.websocket.jupyter.org']))).toBe(false);
    expect(protocolOf('')).toBe('default');
  });
});

describe("a client's frame", () => {
  it('is the message that was sent, under either protocol', () => {
    fc.assert(
      fc.property(fc.constantFrom(...protocols), messageOn('shell', 'stdin', 'control'), (protocol, sent) => {
        const { data, binary } = encode(protocol, sent);
        expect(decodeFrame(protocol, data, binary).message).toEqual(sent);
      }),
    );
  });

  it.each([
    ['execute_request', 'shell'],
    ['comm_msg', 'shell'],
    ['input_reply', 'stdin'],
  ])('without a channel goes where a %s belongs: %s', (msg_type, channel) => {
    const json = JSON.stringify({ header: { msg_id: 'a', msg_type } });
    expect(decodeFrame('default', Buffer.from(json), false).message.channel).toBe(channel);
  });

  it.each(['iopub', 'hb', 'Shell', 'toString', 'a channel with a very long name, of which a part is shown'])(
    'on channel "%s" is refused',
    (channel) => {
      const json = Buffer.from(JSON.stringify({ header: { msg_id: 'a', msg_type: 'b' }, channel }));
      const problem = `channel: is "${channel.slice(0, 40)}", must be one of shell, control, stdin`;
      expect(() => decodeFrame('default', json, false)).toThrow(new MalformedMessageError(problem));
    },
  );

  it.each([
    ['msg_id', { msg_type: 'x' }],
    ['msg_id', { msg_type: 'x', msg_id: '' }],
    ['msg_type', { msg_id: 'x' }],
    ['msg_type', { msg_id: 'x', msg_type: 7 }],
  ])('without a %s is refused', (name, header) => {
    const problem = new MalformedMessageError(`header.${name}: must be a string that is not empty`);
    expect(() => decodeFrame('default', Buffer.from(JSON.stringify({ header })), false)).toThrow(problem);
  });

  it('must be binary under v1', () => {
    const problem = new MalformedMessageError('frame: must be binary under this subprotocol');
    expect(() => decodeFrame('v1', v1Data(withoutBuffers), false)).toThrow(problem);
  });

  it('with a header that is no object is refused under v1 too', () => {
    const frame = v1Data({ ...withoutBuffers, header: Buffer.from('[]') });
    expect(() => decodeFrame('v1', frame, true)).toThrow('header: must be a JSON object');
  });

  it('may hold anything, and is understood or refused, never worse', () => {
    const words = fc.array(fc.constantFrom(0, 1, 4, 6, 12, 28, 56, 57, 0xff), { maxLength: 80 });
    const anyBytes = fc.oneof(
      fc.uint8Array({ maxLength: 120 }),
      words.map((each) => Uint8Array.from(each)),
    );
    const anyFrame = fc.oneof(
      anyBytes.map((bytes) => Buffer.from(bytes)),
      mutatedJson,
      damagedFrame,
    );
    fc.assert(
      fc.property(fc.constantFrom(...protocols), anyFrame, fc.boolean(), (protocol, data, binary) => {
        const { size, problem } = attempt(protocol, data, binary);
        if (problem !== null) expect(problem.message).not.toBe('');
        expect(size).toBeLessThanOrEqual(data.length + 3 * '{}'.length);
      }),
      { numRuns: 2000 },
    );
  });
});

/** A good frame in which some bytes were replaced. */
const damagedFrame = fc
  .tuple(
    fc.constantFrom(...protocols),
    messageOn('shell'),
    fc.array(fc.tuple(fc.nat(), fc.nat({ max: 255 })), { maxLength: 4 }),
  )
  .map(([protocol, sent, replacements]) => {
    const data = Buffer.from(encode(protocol, sent).data);
    for (const [at, byte] of replacements) data[at % Math.min(data.length, 100)] = byte;
    return data;
  });

/** How large the message is that comes out, or why there is none. */
function attempt(protocol: ClientProtocol, data: Buffer, binary: boolean) {
  try {
    return { size: messageSize(decodeFrame(protocol, data, binary).message), problem: null };
  } catch (problem) {
    if (!(problem instanceof MalformedMessageError)) throw problem;
    return { size: 0, problem };
  }
}

describe('a message for clients', () => {
  it('is encoded once for each protocol, however many clients get it', () => {
    const outgoing = new OutgoingMessage(message);
    for (const protocol of protocols) {
      const frame = outgoing.frame(protocol);
      const { data } = encode(protocol, message);
      expect(Buffer.concat(frame.pieces).subarray(-data.length)).toEqual(data);
      expect(outgoing.frame(protocol)).toBe(frame);
    }
  });
});
