/** The API server goes away for a while: what runs goes on, what happens meanwhile is not missed. */
import { expect, it } from 'vitest';
import { eventually } from '../deadline.ts';
import { evaluate, KernelClient, launchKernel } from '../kernel-client.ts';
import { type Absence, apiOutage } from './api-outage.ts';
import { clusterApi } from './cluster-api.ts';
import { type ClusterGatewayOptions, ownClusterGateway, startClusterGateway } from './gateway-on-cluster.ts';
import { ENDLESS, noPodLeftOf, nothingLeftOf, shutDown, startCell } from './kernel-in-pod.ts';
import { podOfKernel } from './launched-pod.ts';
import { leftOf } from './leftovers.ts';
import { describeCluster } from './suite.ts';

const PYTHON = { name: 'python_kubernetes' };
const LIGHT = { name: 'light' };
const ABSENCES = ['refusing', 'silent'] as const;

/** As many as are made in some seconds: one that is refused is soon made again, one that gets no answer is waited for. */
function attemptsOf(absence: Absence): number {
  return absence === 'refusing' ? 15 : 4;
}

async function gatewayBehind(options: ClusterGatewayOptions = {}) {
  const { outage, kubeconfig } = await apiOutage();
  const env = { EG_SHUTDOWN_GRACE: '3', ...options.env, KUBECONFIG: kubeconfig };
  return { outage, kubeconfig, env, start: () => ownClusterGateway({ ...options, env }) };
}

describeCluster('while the API server is away', () => {
  it.each(ABSENCES)('(%s) kernels go on, and are interrupted', async (absence) => {
    const { outage, start } = await gatewayBehind();
    const gateway = await start();
    const id = await launchKernel(gateway, PYTHON);
    const before = (await podOfKernel(id)).metadata?.uid;
    const client = await KernelClient.connect(gateway, id);
    await client.execute('x = 1');
    outage.begin(absence);
    await outage.noticed(1);
    expect(await evaluate(client, 'x')).toBe(1);
    const running = await startCell(client, ENDLESS['a sleep']);
    expect((await gateway.request(`/api/kernels/${id}/interrupt`, { method: 'POST' })).status).toBe(204);
    expect((await client.finished(running)).reply.content.ename).toBe('KeyboardInterrupt');
    const another = await KernelClient.connect(gateway, id, { protocol: 'v1' });
    expect(await evaluate(another, 'x')).toBe(1);
    outage.end();
    expect(await evaluate(client, 'x')).toBe(1);
    expect((await podOfKernel(id)).metadata?.uid).toBe(before);
    expect(client.messages.some(({ content }) => content.execution_state === 'restarting')).toBe(false);
    expect(await shutDown(gateway, id)).toBe(204);
    await nothingLeftOf(id);
  });

  it.each(ABSENCES)('(%s) a launch says so, and the next one works when it is back', async (absence) => {
    const { outage, start } = await gatewayBehind();
    const gateway = await start();
    // So that nothing is on its way when it goes.
    await launchKernel(gateway, LIGHT);
    outage.begin(absence);
    const refused = await gateway.request('/api/kernels', { method: 'POST', body: LIGHT });
    expect(refused.status, refused.text).toBe(503);
    expect(refused.json).toMatchObject({ code: 'CLUSTER_UNREACHABLE', reason: expect.stringMatching(/\S/) });
    await gateway.logged(/CLUSTER_UNREACHABLE/);
    expect((await gateway.request('/api/kernels')).json).toHaveLength(1);
    outage.end();
    const id = await launchKernel(gateway, LIGHT);
    const client = await KernelClient.connect(gateway, id);
    expect((await client.execute('hello')).stdout).toBe('hello');
  });

  it('a launch that has begun waits for it, and succeeds', async () => {
    const { outage, start } = await gatewayBehind();
    const gateway = await start();
    await launchKernel(gateway, LIGHT);
    outage.begin('refusing');
    const launch = gateway.request('/api/kernels', { method: 'POST', body: LIGHT });
    await outage.noticed(2);
    outage.end();
    const { status, text, json } = await launch;
    expect(status, text).toBe(201);
    await shutDown(gateway, json.id);
  });

  it.each(ABSENCES)('(%s) a pod that was created before is waited for', async (absence) => {
    const { outage, start } = await gatewayBehind();
    const gateway = await start();
    // An old launcher does not say where its pod is: that comes from the watch.
    const launch = gateway.request('/api/kernels', { method: 'POST', body: { name: 'old_launcher' } });
    const id = await eventually(30_000, 'the kernel', async () => (await idsOf(gateway))[0]);
    await eventually(30_000, 'its pod', async () => (await leftOf([id])).some(({ kind }) => kind === 'Pod'));
    outage.begin(absence);
    const { core } = await clusterApi();
    await eventually(60_000, 'its container', async () => {
      const { items } = await core.listPodForAllNamespaces({ labelSelector: `kernel_id=${id}` });
      return items[0]?.status?.phase === 'Running';
    });
    outage.end();
    const { status, text } = await launch;
    expect(status, text).toBe(201);
    const client = await KernelClient.connect(gateway, id);
    expect((await client.execute('print("up")')).stdout).toBe('up\n');
    await shutDown(gateway, id);
  });

  it.each(ABSENCES)('(%s) the death of a pod is not missed', async (absence) => {
    const { outage, start } = await gatewayBehind();
    const gateway = await start();
    const ids = await Promise.all([launchKernel(gateway, LIGHT), launchKernel(gateway, LIGHT)]);
    const clients = await Promise.all(ids.map((id) => KernelClient.connect(gateway, id)));
    const [pod, spared] = await Promise.all(ids.map(podOfKernel));
    const { name = '', namespace = '', uid } = pod?.metadata ?? {};
    outage.begin(absence);
    await outage.noticed(1);
    const { core } = await clusterApi();
    await core.deleteNamespacedPod({ name, namespace, gracePeriodSeconds: 0 });
    outage.end();
    await clients[0]?.status('restarting');
    expect((await clients[0]?.execute('hello'))?.stdout).toBe('hello');
    expect((await podOfKernel(ids[0] ?? '')).metadata?.uid).not.toBe(uid);
    expect((await podOfKernel(ids[1] ?? '')).metadata?.uid).toBe(spared?.metadata?.uid);
    for (const id of ids) await shutDown(gateway, id);
    await nothingLeftOf(...ids);
  });

  it.each(ABSENCES)('(%s) a kernel that is deleted is gone when it is back', async (absence) => {
    const { outage, start } = await gatewayBehind({ env: { EG_RECONCILE_INTERVAL: '5' } });
    const gateway = await start();
    const id = await launchKernel(gateway, LIGHT);
    outage.begin(absence);
    const deletion = shutDown(gateway, id);
    await outage.noticed(attemptsOf(absence));
    outage.end();
    expect(await deletion).toBe(204);
    await noPodLeftOf(id);
    await nothingLeftOf(id);
  });

  it.each(ABSENCES)('(%s) a kernel that is restarted comes back with it', async (absence) => {
    const { outage, start } = await gatewayBehind();
    const gateway = await start();
    const id = await launchKernel(gateway, LIGHT);
    const before = (await podOfKernel(id)).metadata?.uid;
    outage.begin(absence);
    const restart = gateway.request(`/api/kernels/${id}/restart`, { method: 'POST' });
    await outage.noticed(attemptsOf(absence));
    outage.end();
    const { status, text } = await restart;
    expect(status, text).toBe(200);
    const client = await KernelClient.connect(gateway, id);
    expect((await client.execute('hello')).stdout).toBe('hello');
    expect((await podOfKernel(id)).metadata?.uid).not.toBe(before);
    await shutDown(gateway, id);
  });
});

describeCluster('a gateway that starts while the API server is away', () => {
  it('serves local kernels, says why there are no others, and launches them when it is back', async () => {
    const { outage, start } = await gatewayBehind();
    outage.begin('refusing');
    const gateway = await start();
    const local = await launchKernel(gateway, { name: 'python3' });
    expect(await evaluate(await KernelClient.connect(gateway, local), '1 + 1')).toBe(2);
    const refused = await gateway.request('/api/kernels', { method: 'POST', body: LIGHT });
    expect(refused.status, refused.text).toBe(503);
    expect(refused.json.code).toBe('CLUSTER_UNREACHABLE');
    outage.end();
    const client = await KernelClient.connect(gateway, await launchKernel(gateway, LIGHT));
    expect((await client.execute('hello')).stdout).toBe('hello');
  });

  it('takes over the kernels of its predecessor when it is back', async () => {
    const { outage, start, env } = await gatewayBehind({ env: { EG_KERNEL_SESSION_PERSISTENCE: 'true' } });
    const gateway = await start();
    const id = await launchKernel(gateway, PYTHON);
    const client = await KernelClient.connect(gateway, id);
    await client.execute('x = "kept"');
    await gateway.kill();
    outage.begin('refusing');
    const next = await startClusterGateway({ env, after: gateway });
    try {
      expect((await next.request(`/api/kernels/${id}`)).status).toBe(200);
      await outage.noticed(2);
      outage.end();
      const back = await KernelClient.connect(next, id, { sessionId: client.sessionId });
      expect(await evaluate(back, 'x')).toBe('kept');
      expect(await shutDown(next, id)).toBe(204);
      await nothingLeftOf(id);
    } finally {
      next.destroy();
    }
  });
});

async function idsOf(gateway: Awaited<ReturnType<typeof ownClusterGateway>>): Promise<string[]> {
  return (await gateway.request('/api/kernels')).json.map(({ id }: { id: string }) => id);
}
