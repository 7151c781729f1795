import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  answersGateway,
  composeMessage,
  GATEWAY_SESSION,
} from '../../../src/adapters/channels/gateway-session.ts';
import {
  MalformedMessageError,
  mayBeStatus,
  messageSize,
  readHeader,
} from '../../../src/adapters/channels/kernel-message.ts';
import { message } from './golden-messages.ts';

describe('a header', () => {
  it('tells its id, its type and its session', () => {
    expect(readHeader(message.header)).toEqual({ msg_id: 'm-1', msg_type: 'display_data', session: 's-1' });
  });

  it('has empty fields in place of those that are missing or no text', () => {
    const header = Buffer.from('{"msg_id":7,"session":null,"__proto__":{"msg_type":"x"}}');
    expect(readHeader(header)).toEqual({ msg_id: '', msg_type: '', session: '' });
  });

  it.each(['', '{', 'null', '[]', '"text"', '1'])('is refused when it is %j', (text) => {
    expect(() => readHeader(Buffer.from(text))).toThrow(MalformedMessageError);
  });

  it('that is of a status message is never overlooked', () => {
    fc.assert(
      fc.property(fc.string(), fc.constantFrom(undefined, 1), (msg_id, indentation) => {
        const header = JSON.stringify({ msg_id, msg_type: 'status' }, null, indentation);
        expect(mayBeStatus(Buffer.from(header))).toBe(true);
      }),
    );
    expect(mayBeStatus(message.header)).toBe(false);
  });
});

it('a message is as large as all of its parts', () => {
  const { header, parentHeader, metadata, content } = message;
  const parts = [header, parentHeader, metadata, content, ...message.buffers];
  expect(messageSize(message)).toBe(Buffer.concat(parts).length);
});

describe("the gateway's own messages", () => {
  it('carry what the protocol asks of a header', () => {
    const { message: own, msgId } = composeMessage('control', 'interrupt_request', { a: 1 });
    expect(JSON.parse(own.header.toString())).toEqual({
      msg_id: msgId,
      msg_type: 'interrupt_request',
      username: 'kernelgate',
      session: GATEWAY_SESSION,
      date: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
      version: expect.stringMatching(/^5\.\d$/),
    });
    expect(own).toMatchObject({ channel: 'control', content: Buffer.from('{"a":1}'), buffers: [] });
    expect(own.parentHeader.toString()).toBe('{}');
  });

  it('have ids of their own', () => {
    const ids = [1, 2, 3].map(() => composeMessage('shell', 'kernel_info_request', {}).msgId);
    expect(new Set(ids).size).toBe(3);
  });

  it('are told from those of clients by the answers to them', () => {
    const { message: own } = composeMessage('shell', 'kernel_info_request', {});
    expect(answersGateway({ ...message, parentHeader: own.header })).toBe(true);
    expect(answersGateway(message)).toBe(false);
    expect(answersGateway({ ...message, header: own.header })).toBe(false);
  });
});
