/** Interrupting kernels in pods: through the launcher's comm port, or by a message on the control channel. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { evaluate, KernelClient, launchKernel, modelOf } from '../kernel-client.ts';
import { type ClusterGatewayOptions, sharedClusterGateway } from './gateway-on-cluster.ts';
import { PROJECT } from './images.ts';
import { ENDLESS, startCell } from './kernel-in-pod.ts';
import { describeCluster } from './suite.ts';

const shipped = JSON.parse(readFileSync(join(PROJECT, 'kernelspecs/python_kubernetes/kernel.json'), 'utf8'));
const byMessage = JSON.stringify({ ...shipped, interrupt_mode: 'message' });
const GATEWAY: ClusterGatewayOptions = {
  clusterSpecs: {
    by_message: { image: 'kernelPy', files: { 'kernel.json': byMessage } },
    old_by_message: { image: 'oldLauncher', files: { 'kernel.json': byMessage } },
    by_another_signal: { image: 'kernelPy', env: { EG_ALTERNATE_SIGINT: 'SIGUSR1' } },
  },
};

describeCluster('an interrupt', () => {
  const gateway = sharedClusterGateway(GATEWAY);

  async function interrupt(id: string): Promise<number> {
    return (await gateway.current.request(`/api/kernels/${id}/interrupt`, { method: 'POST' })).status;
  }

  it.each([
    ['the comm port of our launcher', 'python_kubernetes', ['a busy loop', 'a sleep', 'something awaited']],
    ['the comm port of an old launcher', 'old_launcher', ['a busy loop', 'a sleep']],
    ['a message to our launcher', 'by_message', ['a busy loop', 'a sleep', 'something awaited']],
    ['a message to an old launcher', 'old_by_message', ['a busy loop', 'a sleep']],
  ] as const)('by %s ends what the kernel is at, and nothing else of it', async (_way, name, cells) => {
    const id = await launchKernel(gateway.current, { name });
    const client = await KernelClient.connect(gateway.current, id);
    await client.execute('kept = 1');
    for (const cell of cells) {
      const running = await startCell(client, ENDLESS[cell]);
      expect(await interrupt(id), cell).toBe(204);
      const { reply } = await client.finished(running);
      expect(reply.content, cell).toMatchObject({ status: 'error' });
      // A task that is awaited is cancelled, and says so.
      expect(reply.content.ename, cell).toMatch(/^(KeyboardInterrupt|CancelledError)$/);
    }
    expect(await evaluate(client, 'kept')).toBe(1);
  });

  it.each(['python_kubernetes', 'old_launcher'])('of an idle kernel (%s) changes nothing', async (name) => {
    const id = await launchKernel(gateway.current, { name });
    const client = await KernelClient.connect(gateway.current, id);
    await client.execute('kept = 1');
    await modelOf(gateway.current, id, 'idle', ({ execution_state }) => execution_state === 'idle');
    expect(await interrupt(id)).toBe(204);
    expect(await evaluate(client, 'kept')).toBe(1);
  });

  it('that comes many times at once is answered each time, and ends one cell', async () => {
    const id = await launchKernel(gateway.current, { name: 'python_kubernetes' });
    const client = await KernelClient.connect(gateway.current, id);
    const running = await startCell(client, ENDLESS['a sleep']);
    const answers = await Promise.all(Array.from({ length: 5 }, () => interrupt(id)));
    expect(answers).toEqual(Array(5).fill(204));
    expect((await client.finished(running)).reply.content.ename).toBe('KeyboardInterrupt');
    expect((await client.execute('print("up")')).stdout).toBe('up\n');
  });

  it('reaches one kernel only', async () => {
    const [id, otherId] = await Promise.all([
      launchKernel(gateway.current, { name: 'python_kubernetes' }),
      launchKernel(gateway.current, { name: 'python_kubernetes' }),
    ]);
    const client = await KernelClient.connect(gateway.current, id);
    const other = await KernelClient.connect(gateway.current, otherId);
    const running = await startCell(client, ENDLESS['a sleep']);
    const running2 = await startCell(other, ENDLESS['a sleep']);
    expect(await interrupt(id)).toBe(204);
    expect((await client.finished(running)).reply.content.ename).toBe('KeyboardInterrupt');
    expect((await gateway.current.request(`/api/kernels/${otherId}`)).json.execution_state).toBe('busy');
    expect(other.about(running2).some(({ channel }) => channel === 'shell')).toBe(false);
    expect(await interrupt(otherId)).toBe(204);
    await other.finished(running2);
  });

  it('is the signal that the kernelspec names in EG_ALTERNATE_SIGINT', async () => {
    const id = await launchKernel(gateway.current, { name: 'by_another_signal' });
    const client = await KernelClient.connect(gateway.current, id);
    const code = [
      'import signal, time',
      'came = []',
      'signal.signal(signal.SIGUSR1, lambda *_: came.append("SIGUSR1"))',
      'print("at work", flush=True)',
      'while not came: time.sleep(0.05)',
      'print(came[0])',
    ].join('\n');
    const running = client.sendExecute(code);
    await client.message('its first output', ({ content }) => content.text === 'at work\n');
    expect(await interrupt(id)).toBe(204);
    expect((await client.finished(running)).stdout).toBe('at work\nSIGUSR1\n');
  });
});
