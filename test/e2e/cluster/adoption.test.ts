/** With persistence: kernels in pods outlive their gateway, and the next one goes on with them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../deadline.ts';
import type { GatewayProcess } from '../gateway-process.ts';
import { evaluate, KernelClient, launchKernel, modelOf } from '../kernel-client.ts';
import { clusterApi } from './cluster-api.ts';
import {
  type ClusterGatewayOptions,
  kernelIdsOf,
  ownClusterGateway,
  startClusterGateway,
} from './gateway-on-cluster.ts';
import { barrier, ENDLESS, nothingLeftOf, shutDown, startCell } from './kernel-in-pod.ts';
import { podOfKernel } from './launched-pod.ts';
import { leftOf } from './leftovers.ts';
import { describeCluster } from './suite.ts';

const PERSISTENT: ClusterGatewayOptions = {
  env: { EG_KERNEL_SESSION_PERSISTENCE: 'true', EG_SHUTDOWN_GRACE: '3' },
};
const PYTHON = { name: 'python_kubernetes' };
const LIGHT = { name: 'light' };

async function startAgain(after: GatewayProcess): Promise<GatewayProcess> {
  const next = await startClusterGateway({ ...PERSISTENT, after });
  onTestFinished(() => next.destroy());
  return next;
}

/** Ends what was kept, so that a leak is a leak. */
async function finish(gateway: GatewayProcess, ...ids: string[]): Promise<void> {
  for (const id of ids) expect(await shutDown(gateway, id)).toBe(204);
  expect((await gateway.request('/api/kernels')).json).toEqual([]);
  expect(await gateway.stop()).toEqual({ code: 0, signal: null });
  expect(recordsOf(gateway), 'records left').toEqual([]);
  await nothingLeftOf(...ids);
}

function recordsOf(gateway: GatewayProcess): string[] {
  const all = readdirSync(join(gateway.root, 'data'), { recursive: true, encoding: 'utf8' });
  return all.filter((name) => /[0-9a-f]{8}-[0-9a-f]{4}-4/.test(name));
}

async function podUid(id: string): Promise<string | undefined> {
  return (await podOfKernel(id)).metadata?.uid;
}

describeCluster('with persistence, kernels in pods', () => {
  it('outlive kill -9 of the gateway: same ids, same pods, variables still there', async () => {
    const gateway = await ownClusterGateway(PERSISTENT);
    const ids = await Promise.all(
      [PYTHON, { name: 'old_launcher' }].map((body) => launchKernel(gateway, body)),
    );
    const clients = await Promise.all(ids.map((id) => KernelClient.connect(gateway, id)));
    for (const [index, client] of clients.entries()) await client.execute(`x = "kept ${index}"`);
    const uids = await Promise.all(ids.map(podUid));
    await gateway.kill();
    for (const client of clients) await client.closing();

    const next = await startAgain(gateway);
    const { json } = await next.request('/api/kernels');
    expect(json.map(({ id }: { id: string }) => id).sort()).toEqual([...ids].sort());
    for (const [index, id] of ids.entries()) {
      const back = await KernelClient.connect(next, id, { sessionId: clients[index]?.sessionId });
      expect(await evaluate(back, 'x')).toBe(`kept ${index}`);
      await modelOf(next, id, 'idle', ({ execution_state }) => execution_state === 'idle');
    }
    expect(await Promise.all(ids.map(podUid))).toEqual(uids);
    await finish(next, ...ids);
  });

  it('outlive SIGTERM of the gateway, which tells their clients that it goes', async () => {
    const gateway = await ownClusterGateway(PERSISTENT);
    const id = await launchKernel(gateway, PYTHON);
    const client = await KernelClient.connect(gateway, id, { protocol: 'v1' });
    await client.execute('x = "kept"');
    const uid = await podUid(id);
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
    expect([1001, 1012]).toContain((await client.closing()).code);
    expect(await podUid(id)).toBe(uid);

    const next = await startAgain(gateway);
    const back = await KernelClient.connect(next, id, { protocol: 'v1', sessionId: client.sessionId });
    expect(await evaluate(back, 'x')).toBe('kept');
    await finish(next, id);
  });

  it('go on meanwhile with the cell that they are at', async () => {
    const gateway = await ownClusterGateway(PERSISTENT);
    const id = await launchKernel(gateway, PYTHON);
    const client = await KernelClient.connect(gateway, id);
    const gate = await barrier();
    await startCell(client, `${gate.code}\nx = "done"`);
    await gateway.kill();
    const next = await startAgain(gateway);
    expect((await next.request(`/api/kernels/${id}`)).status).toBe(200);
    const back = await KernelClient.connect(next, id, { sessionId: client.sessionId });
    gate.open();
    expect(await evaluate(back, 'x')).toBe('done');
    await finish(next, id);
  });

  it.each(['python_kubernetes', 'old_launcher'])(
    'can be interrupted and restarted by the gateway that took them over (%s)',
    async (name) => {
      const gateway = await ownClusterGateway(PERSISTENT);
      const id = await launchKernel(gateway, { name, env: { KERNEL_COLOUR: 'green' } });
      const client = await KernelClient.connect(gateway, id);
      await startCell(client, ENDLESS['a sleep']);
      const uid = await podUid(id);
      await gateway.kill();

      const next = await startAgain(gateway);
      const back = await KernelClient.connect(next, id, { sessionId: client.sessionId });
      const waiting = back.sendExecute('print("interrupted")');
      await eventually(30_000, 'an interrupt', async () => {
        return (await next.request(`/api/kernels/${id}/interrupt`, { method: 'POST' })).status === 204;
      });
      const reply = await back.replyTo(waiting);
      // What waits behind an interrupted cell is aborted by the kernel, unless it came after the abort.
      if (reply.content.status === 'ok') expect((await back.finished(waiting)).stdout).toBe('interrupted\n');
      else expect(reply.content.status).toMatch(/aborted|error/);
      expect((await back.execute('print("up")')).stdout).toBe('up\n');

      expect((await next.request(`/api/kernels/${id}/restart`, { method: 'POST' })).status).toBe(200);
      expect(await evaluate(back, '__import__("os").environ["KERNEL_COLOUR"]')).toBe('green');
      expect(await podUid(id)).not.toBe(uid);
      await finish(next, id);
    },
  );

  it('come back when their pod is deleted after the take-over', async () => {
    const gateway = await ownClusterGateway(PERSISTENT);
    const id = await launchKernel(gateway, LIGHT);
    await gateway.kill();
    const next = await startAgain(gateway);
    const client = await KernelClient.connect(next, id);
    const pod = await podOfKernel(id);
    await deletePod(pod.metadata?.namespace, pod.metadata?.name);
    await client.status('restarting');
    expect((await client.execute('hello')).stdout).toBe('hello');
    expect(await podUid(id)).not.toBe(pod.metadata?.uid);
    await finish(next, id);
  });

  it('that died meanwhile, in whatever way, are reported and leave nothing, and the others are taken over', async () => {
    const gateway = await ownClusterGateway(PERSISTENT);
    const ids = await Promise.all([LIGHT, PYTHON, LIGHT, LIGHT].map((body) => launchKernel(gateway, body)));
    const [deleted = '', exited = '', withNamespace = '', alive = ''] = ids;
    const pods = await Promise.all(ids.map(podOfKernel));
    const client = await KernelClient.connect(gateway, exited);
    const body = { path: 'x.ipynb', name: '', type: 'notebook', kernel: { id: deleted } };
    expect((await gateway.request('/api/sessions', { method: 'POST', body })).status).toBe(201);
    const gate = await barrier();
    await startCell(client, `${gate.code}\nimport os; os._exit(3)`);
    await gateway.kill();
    gate.open();
    await deletePod(pods[0]?.metadata?.namespace, pods[0]?.metadata?.name);
    const { core } = await clusterApi();
    await core.deleteNamespace({ name: pods[2]?.metadata?.namespace ?? '' });
    await eventually(60_000, 'the deaths', async () => {
      const states = await Promise.all(ids.map((id) => podOfKernel(id).catch(() => null)));
      return states.filter((pod) => pod?.status?.phase === 'Running').length === 1;
    });

    const next = await startAgain(gateway);
    await eventually(30_000, 'the list without the dead', async () => {
      const { json } = await next.request('/api/kernels');
      return json.length === 1 && json[0].id === alive;
    });
    for (const id of [deleted, exited, withNamespace]) {
      expect((await next.request(`/api/kernels/${id}`)).status).toBe(404);
      await next.logged(new RegExp(`kernel ${id} is dead`));
    }
    expect((await next.request('/api/sessions')).json).toEqual([]);
    await nothingLeftOf(deleted, exited, withNamespace);
    const other = await KernelClient.connect(next, alive);
    expect((await other.execute('hello')).stdout).toBe('hello');
    await finish(next, alive);
  });

  it('that were still being launched are removed by the next gateway', async () => {
    const gateway = await ownClusterGateway(PERSISTENT);
    const kept = await launchKernel(gateway, LIGHT);
    const launches = Array.from({ length: 3 }, () =>
      gateway.request('/api/kernels', { method: 'POST', body: PYTHON }).catch(() => null),
    );
    await eventually(30_000, 'their first pod', async () => {
      const left = await leftOf(kernelIdsOf(gateway).filter((id) => id !== kept));
      return left.some(({ kind }) => kind === 'Pod');
    });
    await gateway.kill();
    await Promise.all(launches);
    const recorded = recordsOf(gateway);
    const begun = kernelIdsOf(gateway).filter((id) => !recorded.some((record) => record.includes(id)));
    expect(begun.length).toBeGreaterThan(0);
    const next = await startAgain(gateway);
    await nothingLeftOf(...begun);
    const { json } = await next.request('/api/kernels');
    await finish(next, ...json.map(({ id }: { id: string }) => id));
  });

  it('that were being deleted do not come back', async () => {
    const gateway = await ownClusterGateway(PERSISTENT);
    const id = await launchKernel(gateway, PYTHON);
    const deletion = shutDown(gateway, id).catch(() => 0);
    await gateway.kill();
    await deletion;
    const next = await startAgain(gateway);
    // Killed that early, the first gateway may not have got so far as to ask for it.
    const { json } = await next.request('/api/kernels');
    await finish(next, ...json.map((kernel: { id: string }) => kernel.id));
    await nothingLeftOf(id);
  });

  it('are taken over again and again, with their sessions', async () => {
    let gateway = await ownClusterGateway(PERSISTENT);
    const body = { path: 'a.ipynb', name: '', type: 'notebook', kernel: PYTHON };
    const { json: session } = await gateway.request('/api/sessions', { method: 'POST', body });
    const id: string = session.kernel.id;
    const first = await KernelClient.connect(gateway, id);
    await first.execute('rounds = 0');
    for (let round = 1; round <= 2; round += 1) {
      await gateway.kill();
      gateway = await startAgain(gateway);
      const client = await KernelClient.connect(gateway, id, { sessionId: first.sessionId });
      expect((await client.execute('rounds += 1; print(rounds)')).stdout).toBe(`${round}\n`);
      const shown = await gateway.request(`/api/sessions/${session.id}`);
      expect(shown.json).toMatchObject({ path: 'a.ipynb', kernel: { id } });
    }
    await finish(gateway, id);
  });
});

async function deletePod(namespace = '', name = ''): Promise<void> {
  const { core } = await clusterApi();
  await core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 });
}
