import { expect, it } from 'vitest';
import { readHeader } from '../../../src/adapters/channels/kernel-message.ts';
import { PendingRequests } from '../../../src/server/websocket/pending-requests.ts';
import { request } from './relay-fixture.ts';

function noted(client: string, msgType = 'execute_request', pending = new PendingRequests<string>()) {
  const { header } = request(msgType, client);
  const fields = readHeader(header);
  pending.add(client, 'shell', fields, header);
  return { pending, header, fields };
}

it('a request is found as often as it is looked for, and taken once', () => {
  const { pending, header, fields } = noted('a');
  const expected = { client: 'a', channel: 'shell', msgType: 'execute_request', header };
  expect(pending.find(fields)).toEqual(expected);
  expect(pending.take(fields)).toEqual(expected);
  expect(pending.find(fields)).toBeUndefined();
  expect(pending.take(fields)).toBeUndefined();
});

it('what asks for no reply is not noted', () => {
  const { pending, fields } = noted('a', 'input_reply');
  expect(pending.find(fields)).toBeUndefined();
});

it('two requests with one id are answered in the order in which they came', () => {
  const { pending, header, fields } = noted('a');
  pending.add('b', 'shell', fields, header);
  expect([pending.take(fields)?.client, pending.take(fields)?.client]).toEqual(['a', 'b']);
});

it('a client that is forgotten takes its own requests along, and no others', () => {
  const { pending, header, fields } = noted('a');
  pending.add('b', 'shell', fields, header);
  noted('a', 'execute_request', pending);
  pending.forget('a');
  expect(pending.takeAll().map(({ client }) => client)).toEqual(['b']);
  expect(pending.takeAll()).toEqual([]);
});

it('the header is kept though the frame that it came in is used for something else', () => {
  const { header } = request('execute_request');
  const copy = Buffer.from(header);
  const pending = new PendingRequests<string>();
  pending.add('a', 'shell', readHeader(header), header);
  header.fill(0);
  expect(pending.takeAll()[0]?.header).toEqual(copy);
});

it('the oldest of more than 10,000 is forgotten', () => {
  const { pending, fields } = noted('first');
  const second = noted('second', 'execute_request', pending);
  for (let count = 2; count < 10_001; count += 1) noted('others', 'execute_request', pending);
  expect(pending.find(fields)).toBeUndefined();
  expect(pending.find(second.fields)?.client).toBe('second');
  expect(pending.takeAll()).toHaveLength(10_000);
});
