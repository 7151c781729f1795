import { describe, expect, it } from 'vitest';
import { kernelMessage, typeOf } from '../../adapters/channels/kernel-messages.ts';
import { relayFixture, request } from './relay-fixture.ts';

describe('what a kernel says', () => {
  it('on iopub reaches all its clients, in order', () => {
    const { join, says } = relayFixture();
    const clients = [join('a'), join('b'), join()];
    for (const text of ['1', '2', '3']) says(text);
    for (const client of clients) expect(client.heard).toEqual(['1', '2', '3']);
  });

  it('in reply reaches who has asked, and no one else', () => {
    const { join, answers } = relayFixture();
    const [asker, other] = [join('a'), join('b')];
    const asked = request('execute_request');
    asker.sends(asked);
    answers(asked, 'execute_reply');
    expect(asker.heard).toEqual(['execute_reply']);
    expect(other.heard).toEqual([]);
  });

  it('finds its client though two of them use the same message id', () => {
    const { join, answers } = relayFixture();
    const [one, other] = [join(), join()];
    const ofOne = request('execute_request', 'one');
    const ofOther = { ...ofOne, header: Buffer.from(ofOne.header.toString().replace('"one"', '"other"')) };
    one.sends(ofOne);
    other.sends(ofOther);
    answers(ofOther, 'execute_reply');
    expect([one.heard, other.heard]).toEqual([[], ['execute_reply']]);
    answers(ofOne, 'execute_reply');
    expect([one.heard, other.heard]).toEqual([['execute_reply'], ['execute_reply']]);
  });

  it('when it asks for input reaches whose request wants it, and the reply still comes', () => {
    const { relay, join, answers } = relayFixture();
    const [asker, other] = [join('a'), join('b')];
    const asked = request('execute_request');
    asker.sends(asked);
    for (let round = 0; round < 2; round += 1) {
      relay.received(kernelMessage('stdin', 'input_request', {}, asked.header));
    }
    answers(asked, 'execute_reply');
    expect(asker.heard).toEqual(['input_request', 'input_request', 'execute_reply']);
    expect(other.heard).toEqual([]);
  });

  it('in reply to what an earlier gateway passed on finds the client by its session', () => {
    const { join, answers } = relayFixture();
    const [client, other] = [join('session-1'), join('session-2')];
    answers(request('execute_request', 'session-1'), 'execute_reply');
    expect([client.heard, other.heard]).toEqual([['execute_reply'], []]);
  });

  it('in reply to no one is dropped', () => {
    const { relay, join, answers } = relayFixture();
    const client = join();
    answers(request('execute_request', ''), 'execute_reply');
    relay.received(kernelMessage('shell', 'x_reply'));
    expect(client.heard).toEqual([]);
  });
});

describe('what a client sends', () => {
  it('reaches the kernel as it is', () => {
    const { join, link } = relayFixture();
    const sent = [
      request('execute_request'),
      kernelMessage('control', 'interrupt_request'),
      kernelMessage('stdin', 'input_reply'),
    ];
    const client = join();
    for (const message of sent) client.sends(message);
    expect(link.sent).toEqual(sent);
    expect(client.isPaused).toBe(false);
  });

  it('is held back while the kernel can not take it, until it can', () => {
    const { relay, join, link } = relayFixture();
    const [busy, quiet] = [join(), join()];
    link.isFull = true;
    busy.sends(request('execute_request'));
    expect([busy.isPaused, quiet.isPaused]).toEqual([true, false]);
    relay.drained();
    expect(busy.isPaused).toBe(false);
  });

  it('while the kernel has no sockets is sent once it has them, in order', () => {
    const { relay, join, link } = relayFixture();
    const clients = [join('a'), join('b')];
    relay.closed();
    clients[0]?.sends(request('a_request'));
    clients[1]?.sends(request('b_request'));
    expect(clients.map(({ isPaused }) => isPaused)).toEqual([true, true]);
    expect(link.sent).toEqual([]);
    relay.opened(link);
    expect(link.sent.map(typeOf)).toEqual(['a_request', 'b_request']);
    expect(clients.map(({ isPaused }) => isPaused)).toEqual([false, false]);
  });

  it.each([
    ['{', 'not valid JSON: expected a key at offset 1'],
    [
      '{"header":{"msg_id":"a","msg_type":"b"},"channel":"iopub"}',
      'channel: is "iopub", must be one of shell, control, stdin',
    ],
  ])('ends only its own connection when it can not be understood: %s', (frame, reason) => {
    const { join, link, says } = relayFixture();
    const [broken, other] = [join(), join()];
    broken.sendsFrame(Buffer.from(frame));
    expect(broken.closedWith).toEqual({ code: 1007, reason });
    broken.leaves();
    says('hello');
    expect(other.heard).toEqual(['hello']);
    expect(link.sent).toEqual([]);
  });
});

it('it is told how many clients there are, at each change', () => {
  const { relay, join, counts } = relayFixture();
  const first = join('a');
  join();
  first.leaves();
  join('a');
  expect(counts).toEqual([1, 2, 1, 2]);
  expect(relay.clients).toBe(2);
});
