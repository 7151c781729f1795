import { describe, expect, it } from 'vitest';
import { typeOf } from './kernel-messages.ts';
import { Recorder } from './open-channels.ts';
import { type SocketKernelOptions, startKernel } from './socket-kernel.ts';

/** Channels that have been opened, but are not ready perhaps. */
async function opened(options: SocketKernelOptions, resumed = false) {
  const { kernel, connection } = await startKernel(options);
  const recorder = new Recorder();
  recorder.open(connection, resumed);
  return { kernel, recorder };
}

describe('channels become ready', () => {
  it('once the kernel has answered on shell and was seen on iopub', async () => {
    const { recorder } = await opened({ answering: ['shell'] });
    await recorder.ready();
  });

  it('only when iopub works, while the kernel answers and answers', async () => {
    const { kernel, recorder } = await opened({ publishing: false });
    await kernel.requests.shell.count(3);
    expect(recorder.isReady).toBe(false);
    kernel.publishing = true;
    await recorder.ready();
  });

  it('not while shell is silent, though control answers and iopub works', async () => {
    const { kernel, recorder } = await opened({ answering: ['control'] });
    await kernel.requests.control.count(4);
    expect(recorder.messages.items.length).toBeGreaterThan(0);
    expect(recorder.isReady).toBe(false);
    for (const request of kernel.requests.shell.items) await kernel.reply(request, 'kernel_info_reply');
    await recorder.ready();
  });

  it('when a resumed kernel is too busy for shell, but answers on control', async () => {
    const { kernel, recorder } = await opened({ answering: ['control'], beating: false }, true);
    await recorder.ready();
    expect(kernel.requests.shell.items.length).toBeGreaterThan(0);
  });

  it('when a resumed kernel is too busy for control too, but publishes, and its heart beats', async () => {
    const { kernel, recorder } = await opened({ answering: [] }, true);
    // What is published before the subscription has arrived is lost.
    while (!recorder.isReady) {
      await kernel.publish('stream', { text: 'at work' });
      await new Promise(setImmediate);
    }
    expect(kernel.requests.shell.items).toHaveLength(1);
  });

  it('with the state idle, when the kernel has answered, but no status of it was heard', async () => {
    const { kernel, recorder } = await opened({ publishing: false });
    while (!recorder.isReady) {
      await kernel.publish('stream', { text: 'hello' });
      await new Promise(setImmediate);
    }
    const states = recorder.events.items.filter(({ type }) => type === 'kernel.status');
    expect(states).toEqual([{ type: 'kernel.status', executionState: 'idle', at: recorder.now }]);
  });

  it('with the state idle, when a new kernel was busy with nothing but the question whether it is ready', async () => {
    const { kernel, recorder } = await opened({ publishing: false });
    while (!recorder.isReady) {
      await kernel.publish('status', { execution_state: 'busy' });
      await new Promise(setImmediate);
    }
    const states = recorder.events.items.filter(({ type }) => type === 'kernel.status');
    expect(states.at(-1)).toMatchObject({ executionState: 'idle' });
  });

  it('once', async () => {
    const { kernel, recorder } = await opened({});
    await recorder.ready();
    await kernel.publish('stream', { text: 'more' });
    await recorder.messages.next((message) => typeOf(message) === 'stream');
    expect(recorder.events.items.filter(({ type }) => type === 'channels.ready')).toHaveLength(1);
  });

  it('when the kernel binds its ports only later', async () => {
    const { kernel, connection } = await startKernel();
    kernel.close();
    const recorder = new Recorder();
    recorder.open(connection);
    await startKernel({}, connection);
    await recorder.ready();
  });
});
