import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { ChannelEvent } from '../../../src/machines/ports.ts';
import { kernelMessage, typeOf } from './kernel-messages.ts';
import { KERNEL_ID, Recorder, readyChannels } from './open-channels.ts';
import { startKernel } from './socket-kernel.ts';

describe("the kernel's life", () => {
  it('is told by each status that lasts, with the time', async () => {
    const { kernel, recorder } = await readyChannels();
    recorder.now = 5_000_000;
    const isLate = (event: ChannelEvent) => 'at' in event && event.at === 5_000_000;
    for (const executionState of ['busy', 'of a kind']) {
      await kernel.publish('status', { execution_state: executionState });
      expect(await recorder.events.next(isLate)).toEqual({
        type: 'kernel.status',
        executionState,
        at: 5_000_000,
      });
    }
  });

  it('is not told by the status of what it does for control beside its work', async () => {
    const { kernel, recorder } = await readyChannels();
    const interrupted = recorder.channels.interrupt(KERNEL_ID);
    const ofGateway = await kernel.requests.control.next(({ msgType }) => msgType === 'interrupt_request');
    await kernel.reply(ofGateway, 'interrupt_reply');
    await interrupted;
    recorder.link.send(kernelMessage('control', 'debug_request'));
    const ofClient = await kernel.requests.control.next(({ msgType }) => msgType === 'debug_request');
    for (const { message } of [ofGateway, ofClient]) {
      await kernel.publish('status', { execution_state: 'beside' }, message.header);
    }
    await kernel.publish('status', { execution_state: 'at last' });
    const states: string[] = [];
    while (!states.includes('at last')) {
      const event = await recorder.events.next(({ type }) => type === 'kernel.status');
      if (event.type === 'kernel.status') states.push(event.executionState);
    }
    expect(states).not.toContain('beside');
    expect(recorder.messages.items.filter((message) => message.content.includes('beside'))).toHaveLength(2);
  });

  it('is told as busy when it is resumed and answers only beside its work', async () => {
    const { connection } = await startKernel({ answering: ['control'] });
    const recorder = new Recorder();
    recorder.open(connection, true);
    await recorder.ready();
    const states = recorder.events.items.filter(({ type }) => type === 'kernel.status');
    expect(states).toEqual([{ type: 'kernel.status', executionState: 'busy', at: recorder.now }]);
  });

  it('is told once a second at most by its other output', async () => {
    const { kernel, recorder } = await readyChannels({ answering: ['shell'] });
    kernel.publishing = false;
    const publish = async (now: number) => {
      recorder.now = now;
      await kernel.publish('stream', {});
      await recorder.messages.next((message) => typeOf(message) === 'stream');
    };
    const times = [1_900_000, 2_000_000, 2_000_999, 2_001_000, 2_001_500, 2_002_000];
    for (const now of times) await publish(now);
    await kernel.publish('status', { execution_state: 'idle' });
    await recorder.messages.next((message) => typeOf(message) === 'status');
    await publish(2_002_999);
    await recorder.events.next((event) => event.type === 'kernel.status' && event.at === 2_002_000);
    const since = recorder.events.items.filter((event) => 'at' in event && event.at >= 2_000_000);
    expect(since).toEqual([
      ...[2_000_000, 2_001_000, 2_002_000].map((at) => ({ type: 'kernel.activity', at })),
      { type: 'kernel.status', executionState: 'idle', at: 2_002_000 },
    ]);
  });

  it('may be at its end when a kernel that others launched closes the control connection', async () => {
    const { kernel, connection } = await startKernel();
    const recorder = new Recorder();
    recorder.open(connection, true);
    await recorder.ready();
    kernel.close();
    await recorder.calls.next((call) => call === 'disconnected');
  });

  it('is doubted after three heartbeats in a row without an answer, and believed again with the next', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const { kernel, recorder } = await readyChannels();
    const has = (type: ChannelEvent['type']) => recorder.events.items.some((event) => event.type === type);
    // A ping may be lost with the connection that is made anew after one without an answer: then the next one counts.
    const tickUntil = async (seen: Promise<unknown>) => {
      vi.advanceTimersByTime(5000);
      await Promise.race([seen, new Promise((resolve) => setTimeout(resolve, 500))]);
    };
    await kernel.beats.count(1);
    kernel.beating = false;
    let ticks = 0;
    for (; !has('heartbeat.lost'); ticks += 1)
      await tickUntil(kernel.beats.count(kernel.beats.items.length + 1));
    // The answer to the ping before may have come only after the first of these.
    expect([3, 4]).toContain(ticks);
    kernel.beating = true;
    const restored = recorder.events.next(({ type }) => type === 'heartbeat.restored');
    while (!has('heartbeat.restored')) await tickUntil(restored);
    expect(recorder.events.items.filter(({ type }) => type === 'heartbeat.lost')).toHaveLength(1);
  });
});

describe('an interrupt by message', () => {
  it('is done when the kernel confirms it', async () => {
    const { kernel, channels } = await readyChannels();
    const interrupted = channels.interrupt(KERNEL_ID);
    const request = await kernel.requests.control.next(({ msgType }) => msgType === 'interrupt_request');
    let isDone = false;
    void interrupted.then(() => {
      isDone = true;
    });
    expect(request.message.content.toString()).toBe('{}');
    expect(isDone).toBe(false);
    await kernel.reply(request, 'interrupt_reply', { status: 'ok' });
    await interrupted;
  });

  it('fails when the kernel does not confirm it within 5 s', async () => {
    const { kernel, channels } = await readyChannels();
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => {
      vi.useRealTimers();
    });
    const outcome = channels.interrupt(KERNEL_ID).catch((error: Error) => error.message);
    await kernel.requests.control.next(({ msgType }) => msgType === 'interrupt_request');
    vi.advanceTimersByTime(5000);
    expect(await outcome).toBe('the kernel did not confirm the interrupt_request within 5 s');
  });

  it('fails when the kernel has no channels', async () => {
    const { channels } = new Recorder();
    await expect(channels.interrupt(KERNEL_ID)).rejects.toThrow(`kernel ${KERNEL_ID} has no open channels`);
  });
});

it.each([true, false])(
  'a kernel is asked on control to exit; it is told that it is for a restart: %s',
  async (restart) => {
    const { kernel, channels } = await readyChannels();
    await channels.requestShutdown(KERNEL_ID, restart);
    const { message } = await kernel.requests.control.next(({ msgType }) => msgType === 'shutdown_request');
    expect(JSON.parse(message.content.toString())).toEqual({ restart });
  },
);

describe('closing', () => {
  it('disconnects every socket, and says so', async () => {
    const { kernel, recorder, channels, close } = await readyChannels();
    close();
    expect(recorder.calls.items).toEqual(['opened', 'closed']);
    await kernel.disconnected.count(5);
    expect(kernel.disconnected.items.toSorted()).toEqual(['control', 'hb', 'iopub', 'shell', 'stdin']);
    await expect(channels.interrupt(KERNEL_ID)).rejects.toThrow('has no open channels');
  });

  it('ends the search for a kernel that has never answered', async () => {
    const { kernel, connection } = await startKernel({ answering: [] });
    const recorder = new Recorder();
    const close = recorder.open(connection);
    await kernel.requests.shell.count(1);
    close();
    await kernel.disconnected.count(5);
    expect(recorder.isReady).toBe(false);
  });

  it('takes nothing from channels that were opened to the next kernel meanwhile', async () => {
    const { recorder, close } = await readyChannels();
    const next = await startKernel();
    recorder.open(next.connection);
    await recorder.ready();
    close();
    await recorder.channels.requestShutdown(KERNEL_ID, false);
    await next.kernel.requests.control.next(({ msgType }) => msgType === 'shutdown_request');
  });

  it('lets messages go that are sent afterwards', async () => {
    const { recorder, close } = await readyChannels();
    const { link } = recorder;
    close();
    expect(link.send(kernelMessage('shell', 'execute_request'))).toBe(true);
    link.pauseIopub();
    link.resumeIopub();
  });
});
