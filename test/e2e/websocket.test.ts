import { randomBytes } from 'node:crypto';
import { expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { within } from './deadline.ts';
import { sharedGateway } from './gateway-process.ts';
import { evaluate, HandshakeRefused, KernelClient, launchKernel } from './kernel-client.ts';
import type { Protocol } from './message-codec.ts';
import { describeE2e, UNKNOWN_ID } from './suite.ts';

const PROTOCOLS: Protocol[] = ['default', 'v1'];

/** Sends back the buffers of each comm message, each reversed, with what it knows of them. */
const ECHO_COMM = `
def opened(comm, message):
    def received(message):
        parts = [bytes(part) for part in message["buffers"]]
        comm.send(data={"sizes": [len(part) for part in parts]}, buffers=[part[::-1] for part in parts])
    comm.on_msg(received)
get_ipython().kernel.comm_manager.register_target("echo", opened)
`;

describeE2e.each(PROTOCOLS)('a kernel over WebSocket, %s protocol', (protocol) => {
  const gateway = sharedGateway();
  const connect = (id: string, more = {}) => KernelClient.connect(gateway.current, id, { protocol, ...more });

  it('agrees on the protocol', async () => {
    const client = await connect(await launchKernel(gateway.current));
    expect(client.socket.protocol).toBe(protocol === 'v1' ? 'v1.kernel.websocket.jupyter.org' : '');
  });

  it('chooses v1 among several that are offered', async () => {
    if (protocol === 'default') return;
    const id = await launchKernel(gateway.current);
    const address = `${gateway.current.url.replace('http', 'ws')}/api/kernels/${id}/channels`;
    const socket = new WebSocket(address, ['v9.unheard.of', 'v1.kernel.websocket.jupyter.org']);
    await within(10_000, 'the handshake', new Promise((resolve) => socket.once('open', resolve)));
    expect(socket.protocol).toBe('v1.kernel.websocket.jupyter.org');
    socket.terminate();
  });

  it('answers kernel_info first thing, with its busy and idle', async () => {
    const client = await connect(await launchKernel(gateway.current));
    const msgId = client.send({ channel: 'shell', type: 'kernel_info_request', content: {} });
    const reply = await client.replyTo(msgId);
    expect(reply.channel).toBe('shell');
    expect(reply.content).toMatchObject({ status: 'ok', language_info: { name: 'python' } });
    await client.status('busy', msgId);
    await client.status('idle', msgId);
  });

  it('runs code: busy, input, output, result, idle on iopub and a reply on shell', async () => {
    const client = await connect(await launchKernel(gateway.current));
    const { reply, iopub, stdout, stderr } = await client.execute(
      'import sys\nprint("out")\nprint("err", file=sys.stderr)\n6 * 7',
    );
    expect(reply.content).toMatchObject({ status: 'ok', execution_count: 1 });
    expect([stdout, stderr]).toEqual(['out\n', 'err\n']);
    const types = iopub.map(({ header }) => header.msg_type);
    expect(types.slice(0, 2)).toEqual(['status', 'execute_input']);
    expect(types.at(-1)).toBe('status');
    const result = iopub.find(({ header }) => header.msg_type === 'execute_result');
    expect(result?.content.data['text/plain']).toBe('42');
  });

  it('carries every channel: control answers while shell is busy', async () => {
    const client = await connect(await launchKernel(gateway.current));
    const running = await client.runForever();
    const reply = await client.request('control', 'kernel_info_request');
    expect(reply.channel).toBe('control');
    expect(client.about(running).some(({ channel }) => channel === 'shell')).toBe(false);
    await client.request('control', 'interrupt_request');
    expect((await client.finished(running)).reply.content.ename).toBe('KeyboardInterrupt');
  });

  it('carries binary buffers both ways', async () => {
    const client = await connect(await launchKernel(gateway.current));
    await client.execute(ECHO_COMM);
    client.send({
      channel: 'shell',
      type: 'comm_open',
      content: { comm_id: 'c1', target_name: 'echo', data: {} },
    });
    const buffers = [Buffer.from([0, 255, 1]), Buffer.alloc(0), randomBytes(1024 * 1024), Buffer.from('end')];
    const content = { comm_id: 'c1', data: {} };
    const msgId = client.send({ channel: 'shell', type: 'comm_msg', content, buffers });
    const echo = await client.message(
      'the echo',
      ({ header, parent_header }) => header.msg_type === 'comm_msg' && parent_header.msg_id === msgId,
    );
    expect(echo.content.data.sizes).toEqual(buffers.map((part) => part.length));
    expect(echo.buffers.length).toBe(buffers.length);
    for (const [index, part] of buffers.entries()) {
      expect(echo.buffers[index]?.equals(Buffer.from(part).reverse())).toBe(true);
    }
  });

  it('carries messages of many megabytes both ways', async () => {
    const client = await connect(await launchKernel(gateway.current));
    const text = 'x'.repeat(12 * 1024 * 1024);
    const { stdout } = await client.execute(`text = "${text}"\nprint(len(text))`);
    expect(stdout).toBe(`${text.length}\n`);
    const back = await client.execute('print(text)');
    expect(back.stdout.length).toBe(text.length + 1);
  });

  it('passes unknown fields, large integers and odd keys unchanged', async () => {
    const client = await connect(await launchKernel(gateway.current));
    const odd =
      '{"big":9007199254740993,"__proto__":{"x":1},"constructor":1,"a\\u2028b":"\\ud83d\\ude00","n":1.0}';
    const data = `{"application/json": json.loads(${JSON.stringify(odd)})}`;
    const code = `import json\nfrom IPython.display import display\ndisplay(${data}, raw=True)`;
    const msgId = client.sendExecute(code);
    await client.finished(msgId);
    const shown = client.about(msgId).find(({ header }) => header.msg_type === 'display_data');
    for (const piece of ['9007199254740993', '"__proto__"', '"constructor"', '1.0']) {
      expect(shown?.raw).toContain(piece);
    }
  });

  it('passes the header of a request unchanged to the kernel, and back as the parent', async () => {
    const client = await connect(await launchKernel(gateway.current));
    const header = `{"msg_id":"m-1","msg_type":"kernel_info_request","session":"s","username":"ü \\" \\u0000","date":"2020-01-01T00:00:00.000001Z","version":"5.0","extra":{"big":18446744073709551617,"__proto__":{"y":2}},"subshell_id":null}`;
    const parts = ['shell', header, '{}', '{"k":18446744073709551617}', '{}'];
    client.sendRaw(protocol === 'v1' ? v1Frame(parts) : defaultText(parts));
    const reply = await client.replyTo('m-1');
    expect(reply.raw).toContain('18446744073709551617');
    expect(reply.raw).toContain('"__proto__"');
    expect(reply.parent_header.username).toBe('ü " \0');
  });

  it('shows all of iopub to every client, and replies only to who asked', async () => {
    const id = await launchKernel(gateway.current);
    const [first, second, third] = await Promise.all([connect(id), connect(id), connect(id)]);
    const msgId = first.sendExecute('print("to all")\n1 + 1');
    await first.finished(msgId);
    for (const other of [second, third]) {
      await other.status('idle', msgId);
      // A round trip of its own behind it: a reply that was on its way would have come.
      await other.request('shell', 'kernel_info_request');
      const types = other.about(msgId).map(({ header, channel }) => `${channel} ${header.msg_type}`);
      expect(types).toEqual([
        'iopub status',
        'iopub execute_input',
        'iopub stream',
        'iopub execute_result',
        'iopub status',
      ]);
    }
  });

  it('gives each of two clients its own replies though their msg_ids are the same', async () => {
    const id = await launchKernel(gateway.current);
    const [first, second] = await Promise.all([connect(id), connect(id)]);
    const header = (session: string) =>
      JSON.stringify({
        msg_id: 'same',
        msg_type: 'kernel_info_request',
        session,
        username: '',
        version: '5.4',
      });
    for (const client of [first, second]) {
      const parts = ['shell', header(client.sessionId), '{}', '{}', '{}'];
      client.sendRaw(protocol === 'v1' ? v1Frame(parts) : defaultText(parts));
    }
    for (const client of [first, second]) {
      expect((await client.replyTo('same')).parent_header.session).toBe(client.sessionId);
      await client.request('shell', 'kernel_info_request');
      expect(client.about('same').filter(({ channel }) => channel === 'shell')).toHaveLength(1);
    }
  });

  it('asks for input only whom it concerns', async () => {
    const id = await launchKernel(gateway.current);
    const [asking, other] = await Promise.all([connect(id), connect(id)]);
    const msgId = asking.sendExecute('name = input("Who? ")\nprint("Hello", name)', { allow_stdin: true });
    const question = await asking.message('the question', ({ channel }) => channel === 'stdin');
    expect(question.header.msg_type).toBe('input_request');
    expect(question.content.prompt).toBe('Who? ');
    asking.send({ channel: 'stdin', type: 'input_reply', content: { status: 'ok', value: 'Ada' } });
    expect((await asking.finished(msgId)).stdout).toBe('Hello Ada\n');
    await other.request('shell', 'kernel_info_request');
    expect(other.messages.some(({ channel }) => channel === 'stdin')).toBe(false);
  });

  it('lets a client in at once though the kernel is busy', async () => {
    const id = await launchKernel(gateway.current);
    const busy = await connect(id);
    const running = await busy.runForever();
    const late = await within(5_000, 'the second handshake', connect(id));
    await gateway.current.request(`/api/kernels/${id}/interrupt`, { method: 'POST' });
    await late.status('idle', running);
  });

  it('keeps the order of a long output', async () => {
    const client = await connect(await launchKernel(gateway.current));
    const { stdout } = await client.execute('for i in range(20000): print(i)');
    expect(stdout).toBe(`${Array.from({ length: 20_000 }, (_, index) => index).join('\n')}\n`);
  });

  it('drops nothing by rate: thousands of messages arrive', async () => {
    const client = await connect(await launchKernel(gateway.current));
    const code =
      'from IPython.display import display\nfor i in range(5000): display({"text/plain": str(i)}, raw=True)';
    const { iopub } = await client.execute(code);
    const shown = iopub.filter(({ header }) => header.msg_type === 'display_data');
    expect(shown.map(({ content }) => Number(content.data['text/plain']))).toEqual(
      Array.from({ length: 5000 }, (_, index) => index),
    );
  });

  it('keeps kernels apart', async () => {
    const ids = await Promise.all([launchKernel(gateway.current), launchKernel(gateway.current)]);
    const [first, second] = await Promise.all([connect(ids[0]), connect(ids[1])]);
    await first.execute('x = "of the first"');
    expect((await second.execute('x')).reply.content.ename).toBe('NameError');
    expect(await evaluate(first, 'x')).toBe('of the first');
    expect(JSON.stringify(second.messages)).not.toContain('of the first');
  });

  it('answers 404 at the handshake for an unknown kernel', async () => {
    for (const id of [UNKNOWN_ID, 'nonsense', '%00']) {
      const refused = await connect(id).catch((error) => error);
      expect(refused).toBeInstanceOf(HandshakeRefused);
      expect(refused.status, id).toBe(404);
    }
  });

  it('closes the sockets of a kernel that is deleted', async () => {
    const id = await launchKernel(gateway.current);
    const clients = await Promise.all([connect(id), connect(id)]);
    await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
    for (const client of clients) {
      const { code } = await client.closing();
      expect(code).not.toBe(1006);
    }
  });

  it('gives no one a header by the session_id', async () => {
    const id = await launchKernel(gateway.current);
    const refused = await connect(id, { query: 'session_id=a%0d%0aX-Injected:%201%0d%0a%0d%0a' }).catch(
      (error) => error,
    );
    expect(refused).toBeInstanceOf(HandshakeRefused);
    expect(refused.status).toBe(400);
  });

  it('works without a session_id', async () => {
    const client = await connect(await launchKernel(gateway.current), { query: '' });
    expect((await client.execute('print(1)')).stdout).toBe('1\n');
  });
});

describeE2e('ping', () => {
  const gateway = sharedGateway({ env: { EG_WS_PING_INTERVAL_SECS: '1' } });

  it('comes at the interval that the operator sets', async () => {
    const client = await KernelClient.connect(gateway.current, await launchKernel(gateway.current));
    const pinged = new Promise((resolve) => client.socket.on('ping', resolve));
    await within(5_000, 'a ping', pinged);
  });
});

describeE2e('lenient input under the default protocol', () => {
  const gateway = sharedGateway();
  const full = {
    header: { msg_id: 'm', msg_type: 'kernel_info_request', session: '', username: '', version: '5.0' },
    parent_header: {},
    metadata: {},
    content: {},
    buffers: [],
    channel: 'shell',
  };
  const without = (field: keyof typeof full) => {
    const { [field]: _left, ...rest } = full;
    return rest;
  };

  it.each([
    ['buffers that are an object', { ...full, buffers: {} }],
    ['missing buffers', without('buffers')],
    ['null buffers', { ...full, buffers: null }],
    ['a missing channel', without('channel')],
    ['a missing parent_header', without('parent_header')],
    ['a missing metadata', without('metadata')],
    ['a sparse header', { ...full, header: { msg_id: 'm', msg_type: 'kernel_info_request' } }],
    ['msg_id and msg_type at the top', { ...full, msg_id: 'm', msg_type: 'kernel_info_request' }],
    ['fields that no one knows', { ...full, surprise: [1, 2] }],
  ])('takes %s', async (_title, message) => {
    const client = await KernelClient.connect(gateway.current, await launchKernel(gateway.current));
    client.sendRaw(JSON.stringify(message));
    expect((await client.replyTo('m')).content.status).toBe('ok');
  });

  it('puts an input_reply without a channel on stdin', async () => {
    const client = await KernelClient.connect(gateway.current, await launchKernel(gateway.current));
    const msgId = client.sendExecute('print(input())', { allow_stdin: true });
    await client.message('the question', ({ channel }) => channel === 'stdin');
    const header = { msg_id: 'r', msg_type: 'input_reply', session: '', username: '', version: '5.0' };
    client.sendRaw(
      JSON.stringify({ ...full, ...{ channel: undefined }, header, content: { value: 'here' } }),
    );
    expect((await client.finished(msgId)).stdout).toBe('here\n');
  });

  it('takes JSON text in a binary frame that announces no buffers', async () => {
    const client = await KernelClient.connect(gateway.current, await launchKernel(gateway.current));
    const json = Buffer.from(JSON.stringify(full));
    const head = Buffer.alloc(8);
    head.writeUInt32BE(1, 0);
    head.writeUInt32BE(8, 4);
    client.sendRaw(Buffer.concat([head, json]));
    expect((await client.replyTo('m')).content.status).toBe('ok');
  });
});

/** A message whose parts are texts that are to arrive as they are. */
function defaultText([channel, header, parent, metadata, content]: string[]): string {
  return `{"channel":${JSON.stringify(channel)},"header":${header},"parent_header":${parent},"metadata":${metadata},"content":${content},"buffers":[]}`;
}

function v1Frame(texts: string[]): Buffer {
  const parts = texts.map((text) => Buffer.from(text));
  const head = Buffer.alloc(8 * (parts.length + 2));
  head.writeBigUInt64LE(BigInt(parts.length + 1), 0);
  let offset = head.length;
  for (const [index, part] of [...parts, Buffer.alloc(0)].entries()) {
    head.writeBigUInt64LE(BigInt(offset), 8 * (index + 1));
    offset += part.length;
  }
  return Buffer.concat([head, ...parts]);
}
