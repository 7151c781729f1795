/** Kernels in pods that nobody uses any more. */
import { expect, it } from 'vitest';
import { eventually } from '../deadline.ts';
import type { GatewayProcess } from '../gateway-process.ts';
import { evaluate, KernelClient, launchKernel } from '../kernel-client.ts';
import { sharedClusterGateway } from './gateway-on-cluster.ts';
import { farewells, nothingLeftOf } from './kernel-in-pod.ts';
import { describeCluster } from './suite.ts';

const SHORT = { EG_CULL_IDLE_TIMEOUT: '3', EG_CULL_INTERVAL: '1', EG_SHUTDOWN_GRACE: '60' };

async function culled(gateway: GatewayProcess, id: string): Promise<void> {
  await eventually(60_000, 'the end of an idle kernel', async () => {
    return (await gateway.request(`/api/kernels/${id}`)).status === 404;
  });
}

/** What was idle before it was launched has been passed over when it is gone. */
async function anotherIsCulled(gateway: GatewayProcess): Promise<void> {
  await culled(gateway, await launchKernel(gateway, { name: 'light' }));
}

describeCluster('culling', () => {
  const gateway = sharedClusterGateway({ env: SHORT });

  it('ends an idle kernel in order, with its session, its pod and its namespace', async () => {
    const body = { path: 'x.ipynb', name: '', type: 'notebook', kernel: { name: 'python_kubernetes' } };
    const { json } = await gateway.current.request('/api/sessions', { method: 'POST', body });
    const id: string = json.kernel.id;
    const { heard, codeFor } = await farewells();
    const client = await KernelClient.connect(gateway.current, id);
    await client.execute(codeFor('culled'));
    await client.close();
    await culled(gateway.current, id);
    await gateway.current.logged(new RegExp(`kernel ${id} is stopped \\(culled\\)`));
    await eventually(10_000, 'its farewell', () => heard.length > 0);
    await nothingLeftOf(id);
    await eventually(5_000, 'the end of the session', async () => {
      const list = await gateway.current.request('/api/sessions');
      return !list.json.some((session: { id: string }) => session.id === json.id);
    });
  });

  it('spares kernels with a client, and busy ones', async () => {
    const [busyId, visitedId] = await Promise.all([
      launchKernel(gateway.current, { name: 'python_kubernetes' }),
      launchKernel(gateway.current, { name: 'python_kubernetes' }),
    ]);
    const busy = await KernelClient.connect(gateway.current, busyId);
    await busy.runForever();
    await busy.close();
    const visitor = await KernelClient.connect(gateway.current, visitedId);
    await visitor.execute('x = 1');
    await anotherIsCulled(gateway.current);
    expect((await gateway.current.request(`/api/kernels/${busyId}`)).json.execution_state).toBe('busy');
    expect(await evaluate(visitor, 'x')).toBe(1);
    await gateway.current.request(`/api/kernels/${busyId}/interrupt`, { method: 'POST' });
    await visitor.close();
    await Promise.all([culled(gateway.current, busyId), culled(gateway.current, visitedId)]);
    await nothingLeftOf(busyId, visitedId);
  });
});

describeCluster('culling of connected kernels', () => {
  const gateway = sharedClusterGateway({ env: { ...SHORT, EG_CULL_CONNECTED: 'True' } });

  it('ends an idle kernel though it has a client, and closes its socket', async () => {
    const id = await launchKernel(gateway.current, { name: 'light' });
    const client = await KernelClient.connect(gateway.current, id);
    await culled(gateway.current, id);
    expect((await client.closing()).code).not.toBe(1006);
    await nothingLeftOf(id);
  });
});
