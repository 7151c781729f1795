import { expect, it } from 'vitest';
import { eventually } from './deadline.ts';
import { type GatewayProcess, sharedGateway } from './gateway-process.ts';
import { evaluate, KernelClient, launchKernel } from './kernel-client.ts';
import { describeE2e } from './suite.ts';

const SHORT = { EG_CULL_IDLE_TIMEOUT: '2', EG_CULL_INTERVAL: '1' };

async function culled(gateway: GatewayProcess, id: string): Promise<void> {
  await eventually(30_000, 'the end of an idle kernel', async () => {
    return (await gateway.request(`/api/kernels/${id}`)).status === 404;
  });
}

/**
 * Waits until a kernel that no one visits is culled. Whatever was idle before
 * it was launched has then been passed over.
 */
async function anotherIsCulled(gateway: GatewayProcess): Promise<void> {
  await culled(gateway, await launchKernel(gateway));
}

describeE2e('culling', () => {
  const gateway = sharedGateway({ env: SHORT });

  it('ends a kernel that is idle and that no one visits, and the session with it', async () => {
    const body = { path: 'x.ipynb', name: '', type: 'notebook', kernel: { name: 'python3' } };
    const { json } = await gateway.current.request('/api/sessions', { method: 'POST', body });
    await culled(gateway.current, json.kernel.id);
    await eventually(5_000, 'the end of the session', async () => {
      const list = await gateway.current.request('/api/sessions');
      return !list.json.some((session: { id: string }) => session.id === json.id);
    });
  });

  it('spares a kernel with a client', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    await client.execute('x = 1');
    await anotherIsCulled(gateway.current);
    expect(await evaluate(client, 'x')).toBe(1);
    await client.close();
    await culled(gateway.current, id);
  });

  it('spares a busy kernel', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    await client.runForever();
    await client.close();
    await anotherIsCulled(gateway.current);
    expect((await gateway.current.request(`/api/kernels/${id}`)).json.execution_state).toBe('busy');
    await gateway.current.request(`/api/kernels/${id}/interrupt`, { method: 'POST' });
    await culled(gateway.current, id);
  });
});

describeE2e('culling of connected kernels', () => {
  const gateway = sharedGateway({ env: { ...SHORT, EG_CULL_CONNECTED: 'True' } });

  it('ends an idle kernel though it has a client, and closes its socket', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    await client.execute('x = 1');
    await culled(gateway.current, id);
    expect((await client.closing()).code).not.toBe(1006);
  });
});

describeE2e('culling of busy kernels', () => {
  const gateway = sharedGateway({ env: { ...SHORT, EG_CULL_BUSY: 'True' } });

  it('ends a kernel that is busy and that no one visits', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    await client.runForever();
    await client.close();
    await culled(gateway.current, id);
  });
});

describeE2e('culling by the options of the command line', () => {
  const gateway = sharedGateway({
    args: [
      '--RemoteMappingKernelManager.cull_idle_timeout=2',
      '--RemoteMappingKernelManager.cull_interval=1',
      '--RemoteMappingKernelManager.cull_connected=True',
    ],
  });

  it('works as the variables do', async () => {
    const id = await launchKernel(gateway.current);
    await KernelClient.connect(gateway.current, id);
    await culled(gateway.current, id);
  });
});
