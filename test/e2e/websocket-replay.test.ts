import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { sharedGateway } from './gateway-process.ts';
import { KernelClient, launchKernel, modelOf } from './kernel-client.ts';
import type { Message, Protocol } from './message-codec.ts';
import { describeE2e } from './suite.ts';

const PROTOCOLS: Protocol[] = ['default', 'v1'];

/** Code that waits for the file `gate`, and then goes on with `then`. */
function behindGate(gate: string, then: string): string {
  return `import os, time\nwhile not os.path.exists(${JSON.stringify(gate)}): time.sleep(0.02)\n${then}`;
}

const numbers = (messages: Message[]) =>
  messages
    .filter(({ header }) => header.msg_type === 'display_data')
    .map(({ content }) => Number(content.data['text/plain']));

const SHOW =
  'from IPython.display import display\nfor i in range(COUNT): display({"text/plain": str(i)}, raw=True)';

describeE2e.each(PROTOCOLS)('a client that comes back, %s protocol', (protocol) => {
  const gateway = sharedGateway();

  /** A client starts something, goes away, and what it started goes on without it. */
  async function leaveBehind(code: string): Promise<{ id: string; sessionId: string; msgId: string }> {
    const id = await launchKernel(gateway.current);
    const gate = join(gateway.current.root, `gate-${id}`);
    const client = await KernelClient.connect(gateway.current, id, { protocol });
    const msgId = client.sendExecute(behindGate(gate, code));
    await client.message('input', ({ header }) => header.msg_type === 'execute_input');
    client.terminate();
    await modelOf(gateway.current, id, 'no connections', ({ connections }) => connections === 0);
    writeFileSync(gate, '');
    await modelOf(gateway.current, id, 'idle', ({ execution_state }) => execution_state === 'idle');
    return { id, sessionId: client.sessionId, msgId };
  }

  it('gets what it missed, in order and once', async () => {
    const { id, sessionId, msgId } = await leaveBehind(SHOW.replace('COUNT', '300'));
    const back = await KernelClient.connect(gateway.current, id, { protocol, sessionId });
    const { reply, iopub } = await back.finished(msgId);
    expect(reply.content.status).toBe('ok');
    expect(numbers(iopub)).toEqual(Array.from({ length: 300 }, (_, index) => index));
    // It goes on as if nothing had been: new work follows the old.
    expect((await back.execute('print("next")')).stdout).toBe('next\n');
    expect(numbers(back.messages)).toHaveLength(300);
    await back.close();

    const again = await KernelClient.connect(gateway.current, id, { protocol, sessionId });
    expect((await again.execute('print("again")')).stdout).toBe('again\n');
    expect(again.about(msgId)).toEqual([]);
  });

  it('gets each message once, of which it saw some before it left', async () => {
    const id = await launchKernel(gateway.current);
    const gate = join(gateway.current.root, `gate-${id}`);
    const client = await KernelClient.connect(gateway.current, id, { protocol });
    const half = SHOW.replace('COUNT', '50');
    const msgId = client.sendExecute(`${half}\n${behindGate(gate, half.replace('str(i)', 'str(50 + i)'))}`);
    await client.message('the fiftieth', (message) => numbers([message])[0] === 49);
    await client.close();
    writeFileSync(gate, '');
    await modelOf(gateway.current, id, 'idle', ({ execution_state }) => execution_state === 'idle');
    const back = await KernelClient.connect(gateway.current, id, { protocol, sessionId: client.sessionId });
    await back.finished(msgId);
    const seen = [...numbers(client.messages), ...numbers(back.messages)];
    expect(seen).toEqual(Array.from({ length: 100 }, (_, index) => index));
  });

  it('gets the question that was asked meanwhile', async () => {
    const { id, sessionId, msgId } = await leaveBehindAsking();
    const back = await KernelClient.connect(gateway.current, id, { protocol, sessionId });
    const question = await back.message('the question', ({ channel }) => channel === 'stdin');
    expect(question.parent_header.msg_id).toBe(msgId);
    back.send({ channel: 'stdin', type: 'input_reply', content: { status: 'ok', value: 'yes' } });
    expect((await back.finished(msgId)).stdout).toContain('yes');
  });

  async function leaveBehindAsking(): Promise<{ id: string; sessionId: string; msgId: string }> {
    const id = await launchKernel(gateway.current);
    const gate = join(gateway.current.root, `gate-${id}`);
    const client = await KernelClient.connect(gateway.current, id, { protocol });
    const msgId = client.sendExecute(behindGate(gate, 'print(input("really? "))'), { allow_stdin: true });
    await client.message('input', ({ header }) => header.msg_type === 'execute_input');
    client.terminate();
    await modelOf(gateway.current, id, 'no connections', ({ connections }) => connections === 0);
    writeFileSync(gate, '');
    return { id, sessionId: client.sessionId, msgId };
  }

  it('is spared the replies of others', async () => {
    const { id, msgId } = await leaveBehind(SHOW.replace('COUNT', '3'));
    const stranger = await KernelClient.connect(gateway.current, id, { protocol });
    await stranger.request('shell', 'kernel_info_request');
    expect(stranger.about(msgId).filter(({ channel }) => channel !== 'iopub')).toEqual([]);
  });
});

describeE2e('more output than is kept for an absent client', () => {
  const gateway = sharedGateway({ env: { EG_WS_REPLAY_BUFFER_SIZE: '65536' } });

  it('is lost, and the client is told so', async () => {
    const id = await launchKernel(gateway.current);
    const gate = join(gateway.current.root, 'gate');
    const client = await KernelClient.connect(gateway.current, id);
    const flood =
      'from IPython.display import display\nfor i in range(2000): display({"text/plain": "x" * 1000}, raw=True)';
    const msgId = client.sendExecute(behindGate(gate, flood));
    await client.message('input', ({ header }) => header.msg_type === 'execute_input');
    client.terminate();
    await modelOf(gateway.current, id, 'no connections', ({ connections }) => connections === 0);
    writeFileSync(gate, '');
    await modelOf(gateway.current, id, 'idle', ({ execution_state }) => execution_state === 'idle');

    const back = await KernelClient.connect(gateway.current, id, { sessionId: client.sessionId });
    const notice = await back.message(
      'a notice',
      ({ header, content }) => header.msg_type === 'stream' && content.name === 'stderr',
    );
    expect(notice.content.text).toMatch(/\d/);
    const { reply } = await back.finished(msgId);
    expect(reply.content.status).toBe('ok');
    const shown = back.messages.filter(({ header }) => header.msg_type === 'display_data');
    expect(shown.length).toBeLessThan(100);
    expect((await back.execute('print("goes on")')).stdout).toBe('goes on\n');
  });
});
