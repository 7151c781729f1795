import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { eventually } from './deadline.ts';
import { sharedGateway } from './gateway-process.ts';
import { evaluate, KernelClient, launchKernel, modelOf } from './kernel-client.ts';
import { switchableSpec } from './kernelspecs.ts';
import { killProcess } from './process-list.ts';
import { describeE2e } from './suite.ts';

const PID = '__import__("os").getpid()';

describeE2e('a kernel that dies', () => {
  const gateway = sharedGateway({
    kernelspecs: (python, root) => ({ switchable: switchableSpec(python, join(root, 'switched-off')) }),
  });

  it('says restarting to all its clients, and works again over the same sockets', async () => {
    const id = await launchKernel(gateway.current);
    const [first, second] = await Promise.all([
      KernelClient.connect(gateway.current, id),
      KernelClient.connect(gateway.current, id, { protocol: 'v1' }),
    ]);
    const pid = await evaluate<number>(first, PID);
    await second.request('shell', 'kernel_info_request');
    killProcess(pid);
    await Promise.all([first.status('restarting'), second.status('restarting')]);
    expect(await evaluate<number>(first, PID)).not.toBe(pid);
    expect((await second.execute('print("back")')).stdout).toBe('back\n');
    const { json } = await gateway.current.request(`/api/kernels/${id}`);
    expect(json).toMatchObject({ id, connections: 2 });
  });

  it('fails the requests in flight, and says why on stderr', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    const running = client.sendExecute('import os, signal\nos.kill(os.getpid(), signal.SIGKILL)');
    const waiting = client.send({ channel: 'shell', type: 'kernel_info_request', content: {} });
    const reply = await client.replyTo(running);
    expect(reply.content).toMatchObject({
      status: 'error',
      ename: expect.any(String),
      evalue: expect.any(String),
    });
    expect(reply.header.msg_type).toBe('execute_reply');
    await client.replyTo(waiting);
    await client.status('idle', running);
    const line = client
      .about(running)
      .find(({ header, content }) => header.msg_type === 'stream' && content.name === 'stderr');
    expect(line?.content.text).toMatch(/SIGKILL|killed/i);
    expect((await client.execute('print("back")')).stdout).toBe('back\n');
  });

  it('tells the exit code of a kernel that left by itself', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    const running = client.sendExecute('import os\nos._exit(37)');
    expect((await client.replyTo(running)).content.status).toBe('error');
    const line = await client.message(
      'a word on stderr',
      ({ header, content }) => header.msg_type === 'stream' && content.name === 'stderr',
    );
    expect(line.content.text).toContain('37');
  });

  it('is restarted though no client is there', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    const pid = await evaluate<number>(client, PID);
    await client.close();
    killProcess(pid);
    await eventually(30_000, 'another process', async () => {
      const next = await KernelClient.connect(gateway.current, id);
      const found = await evaluate<number>(next, PID).catch(() => pid);
      await next.close();
      return found !== pid;
    });
  });

  it('comes back each time when it dies now and then', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    for (let round = 0; round < 3; round += 1) {
      const running = client.sendExecute('import os, signal\nos.kill(os.getpid(), signal.SIGKILL)');
      expect((await client.replyTo(running)).content.status).toBe('error');
      expect((await client.execute(`print(${round})`)).stdout).toBe(`${round}\n`);
    }
  });

  it('is dead in the end when it cannot be started any more: told, closed, and 404', async () => {
    const id = await launchKernel(gateway.current, { name: 'switchable' });
    const client = await KernelClient.connect(gateway.current, id);
    const pid = await evaluate<number>(client, PID);
    const waiting = await client.runForever();
    const switchedOff = join(gateway.current.root, 'switched-off');
    writeFileSync(switchedOff, '');
    try {
      killProcess(pid);
      await client.status('restarting');
      await client.status('dead', undefined, 45_000);
      expect((await client.replyTo(waiting)).content.status).toBe('error');
      await eventually(10_000, 'its 404', async () => {
        return (await gateway.current.request(`/api/kernels/${id}`)).status === 404;
      });
    } finally {
      rmSync(switchedOff);
    }
  });

  it('disturbs no other kernel', async () => {
    const [first, second] = await Promise.all([launchKernel(gateway.current), launchKernel(gateway.current)]);
    const other = await KernelClient.connect(gateway.current, second);
    await other.execute('x = 1');
    const client = await KernelClient.connect(gateway.current, first);
    killProcess(await evaluate<number>(client, PID));
    await client.status('restarting');
    expect(await evaluate(other, 'x')).toBe(1);
    expect(other.messages.some(({ content }) => content.execution_state === 'restarting')).toBe(false);
  });
});

describeE2e('a kernel that is restarted over HTTP', () => {
  const gateway = sharedGateway();

  it('says restarting, keeps the sockets, and works again', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    await client.execute('x = 1');
    const answer = await gateway.current.request(`/api/kernels/${id}/restart`, { method: 'POST' });
    expect(answer.status).toBe(200);
    await client.status('restarting');
    const { reply } = await client.execute('x');
    expect(reply.content.ename).toBe('NameError');
    await modelOf(gateway.current, id, 'idle', ({ execution_state }) => execution_state === 'idle');
  });

  it('fails what was running', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    const running = await client.runForever();
    const answer = await gateway.current.request(`/api/kernels/${id}/restart`, { method: 'POST' });
    expect(answer.status).toBe(200);
    expect((await client.replyTo(running)).content.status).toMatch(/error|aborted/);
    expect((await client.execute('print(1)')).stdout).toBe('1\n');
  });

  it('answers what was sent meanwhile in full: its output is not lost before iopub is there', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    for (let round = 0; round < 6; round += 1) {
      const restart = gateway.current.request(`/api/kernels/${id}/restart`, { method: 'POST' });
      const seen = client.messages.length;
      await client.message('restarting', (message) => {
        return client.messages.indexOf(message) >= seen && message.content.execution_state === 'restarting';
      });
      // What the old kernel did not get to is answered with an error; from then on it is the new one's.
      let answer = await client.execute(`print("round ${round}")`);
      if (answer.reply.content.status === 'error') answer = await client.execute(`print("round ${round}")`);
      expect(answer.reply.content.status).toBe('ok');
      expect(answer.stdout).toBe(`round ${round}\n`);
      expect((await restart).status).toBe(200);
    }
  });

  it('restarts once for requests that overlap', async () => {
    const id = await launchKernel(gateway.current);
    const restarts = [1, 2, 3].map(() =>
      gateway.current.request(`/api/kernels/${id}/restart`, { method: 'POST' }).then(({ status }) => status),
    );
    expect(await Promise.all(restarts)).toEqual([200, 200, 200]);
    const client = await KernelClient.connect(gateway.current, id);
    expect((await client.execute('print("up")')).stdout).toBe('up\n');
  });
});
