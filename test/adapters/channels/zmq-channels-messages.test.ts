import { describe, expect, it } from 'vitest';
import type { KernelMessage } from '../../../src/adapters/channels/kernel-message.ts';
import { encodeZmqMessage, MessageSigner } from '../../../src/adapters/channels/zmq-codec.ts';
import { message as golden } from './golden-messages.ts';
import { kernelMessage, typeOf } from './kernel-messages.ts';
import { readyChannels } from './open-channels.ts';

const isOf = (msgType: string) => (message: KernelMessage) => typeOf(message) === msgType;

describe('messages', () => {
  it.each(['shell', 'control', 'stdin'] as const)('reach the kernel on %s as they are', async (channel) => {
    const { kernel, recorder } = await readyChannels();
    const sent = { ...golden, channel };
    expect(recorder.link.send(sent)).toBe(true);
    const { message } = await kernel.requests[channel].next(({ msgType }) => msgType === 'display_data');
    expect(message).toEqual(sent);
  });

  it('of the kernel are handed on as they are, on every channel', async () => {
    const { kernel, recorder } = await readyChannels();
    for (const channel of ['shell', 'control', 'stdin'] as const) {
      recorder.link.send(kernelMessage(channel, 'x_request'));
      const { identity } = await kernel.requests[channel].next(({ msgType }) => msgType === 'x_request');
      await kernel.sendFrames(channel, [identity, ...kernel.encode({ ...golden, channel })]);
      expect(await recorder.messages.next(isOf('display_data'))).toEqual({ ...golden, channel });
    }
    await kernel.publishFrames([Buffer.from('a topic'), ...kernel.encode(golden)]);
    expect(await recorder.messages.next(isOf('display_data'))).toEqual(golden);
  });

  it('for stdin find the gateway by the identity of its shell requests', async () => {
    const { kernel, recorder } = await readyChannels();
    recorder.link.send(kernelMessage('shell', 'execute_request'));
    const { identity } = await kernel.requests.shell.next(({ msgType }) => msgType === 'execute_request');
    await kernel.sendFrames('stdin', [identity, ...kernel.encode(kernelMessage('stdin', 'input_request'))]);
    expect((await recorder.messages.next(isOf('input_request'))).channel).toBe('stdin');
  });

  it("that answer the gateway's own requests are kept from the clients; the status around them is not", async () => {
    const { kernel, recorder } = await readyChannels();
    await kernel.publish('stream', {});
    await recorder.messages.next(isOf('stream'));
    expect(recorder.messages.items.map(typeOf)).not.toContain('kernel_info_reply');
    expect(recorder.messages.items.map(typeOf)).toContain('status');
  });

  it('keep their order, though more are sent at once than the kernel takes', async () => {
    const { kernel, recorder } = await readyChannels();
    const content = { padding: 'x'.repeat(2000) };
    const sent = Array.from({ length: 1500 }, () => kernelMessage('shell', 'x_request', content));
    const mayGoOn = sent.map((message) => recorder.link.send(message));
    expect(mayGoOn[0]).toBe(true);
    expect(mayGoOn.at(-1)).toBe(false);
    await recorder.calls.next((call) => call === 'drained');
    for (const { header } of sent) {
      const { message } = await kernel.requests.shell.next(({ msgType }) => msgType === 'x_request');
      expect(message.header.equals(header)).toBe(true);
    }
    expect(recorder.link.send(kernelMessage('shell', 'x_request'))).toBe(true);
  });

  it('on iopub are held back while it is paused, and then come in order', async () => {
    const { kernel, recorder } = await readyChannels();
    await kernel.publish('x_first', {});
    await recorder.messages.next(isOf('x_first'));
    recorder.link.pauseIopub();
    for (let index = 0; index < 20; index += 1) await kernel.publish('x_held', { index });
    for (let round = 0; round < 3; round += 1) {
      recorder.link.send(kernelMessage('shell', 'x_request'));
      const request = await kernel.requests.shell.next(({ msgType }) => msgType === 'x_request');
      await kernel.reply(request, 'x_reply');
      await recorder.messages.next(isOf('x_reply'));
    }
    // One was being waited for already.
    expect(recorder.messages.items.filter(isOf('x_held')).length).toBeLessThanOrEqual(1);
    recorder.link.resumeIopub();
    while (recorder.messages.items.filter(isOf('x_held')).length < 20) await recorder.messages.next();
    const held = recorder.messages.items.filter(isOf('x_held'));
    expect(held.map(({ content }) => JSON.parse(content.toString()).index)).toEqual([...held.keys()]);
  });
});

describe('messages that can not be trusted', () => {
  const forger = new MessageSigner('another key', 'hmac-sha256');
  const forged = encodeZmqMessage(kernelMessage('iopub', 'forged'), forger);

  it.each([
    ['signed with another key', forged, 'the signature of a kernel message is wrong'],
    ['without a delimiter', [Buffer.from('x')], 'a kernel message has no <IDS|MSG> delimiter'],
    ['cut short', forged.slice(0, 4), 'a kernel message has too few parts'],
  ])('are dropped and logged: %s', async (_what, frames, problem) => {
    const { kernel, recorder } = await readyChannels();
    await kernel.publishFrames(frames);
    await kernel.publish('x_good', {});
    await recorder.messages.next(isOf('x_good'));
    expect(recorder.messages.items.map(typeOf)).not.toContain('forged');
    const { context, text } = await recorder.log.next();
    expect(text).toMatch(new RegExp(`^dropped a message of kernel .* on iopub: ${problem}`));
    expect(context).toMatchObject({ channel: 'iopub', dropped: 1 });
    const { badSignatures, malformed } = recorder.channels.rejected;
    expect([badSignatures, malformed]).toEqual(problem.includes('signature') ? [1, 0] : [0, 1]);
  });

  it('are logged with their count, but only the first, the tenth and so on', async () => {
    const { kernel, recorder } = await readyChannels();
    for (let count = 0; count < 25; count += 1) await kernel.publishFrames(forged);
    await kernel.publish('x_good', {});
    await recorder.messages.next(isOf('x_good'));
    expect(recorder.log.items.map(({ context }) => (context as { dropped: number }).dropped)).toEqual([
      1, 10,
    ]);
  });
});
