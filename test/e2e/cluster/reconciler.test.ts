/** What a gateway without persistence leaves when it is killed, and what another one makes of it. */
import { randomUUID } from 'node:crypto';
import type { KubernetesObject } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../deadline.ts';
import { type GatewayProcess, unusedPort } from '../gateway-process.ts';
import { KernelClient, launchKernel } from '../kernel-client.ts';
import { clusterApi, createNamespace, testCluster } from './cluster-api.ts';
import { kernelIdsOf, ownClusterGateway, startClusterGateway } from './gateway-on-cluster.ts';
import { nothingLeftOf } from './kernel-in-pod.ts';
import { launchPod, podOfKernel } from './launched-pod.ts';
import { leftOf, remove } from './leftovers.ts';
import { describeCluster } from './suite.ts';

const LIGHT = { name: 'light' };
const team = `reconciler-${randomUUID()}`;

/** Gateways that listen for kernels at one and the same port, one after the other: the same gateway, to the cluster. */
async function oneAndItsNext(env: Record<string, string> = {}) {
  const settings = { EG_RESPONSE_PORT: String(await unusedPort()), EG_RESPONSE_PORT_RETRIES: '0', ...env };
  const first = await ownClusterGateway({ env: settings });
  const startNext = async (): Promise<GatewayProcess> => {
    const next = await startClusterGateway({ env: settings, after: first });
    onTestFinished(() => next.destroy());
    return next;
  };
  return { first, startNext };
}

describeCluster('kill -9 of a gateway without persistence', () => {
  beforeAll(() => createNamespace(team));
  afterAll(async () => {
    const { core } = await clusterApi();
    await core.deleteNamespace({ name: team });
  });

  it('leaves nothing once the gateway has been started again, which works', async () => {
    const { first, startNext } = await oneAndItsNext();
    const ids = await Promise.all(
      ['python_kubernetes', 'old_launcher'].map((name) => launchKernel(first, { name })),
    );
    await first.kill();
    const next = await startNext();
    await nothingLeftOf(...ids);
    for (const id of ids) await next.logged(new RegExp(`removed what was left of kernel ${id}`));
    expect((await next.request('/api/kernels')).json).toEqual([]);
    const client = await KernelClient.connect(next, await launchKernel(next, LIGHT));
    expect((await client.execute('hello')).stdout).toBe('hello');
    await next.stop();
  });

  it('in the midst of launches leaves nothing either', async () => {
    const { first, startNext } = await oneAndItsNext();
    const launches = Array.from({ length: 4 }, () =>
      first.request('/api/kernels', { method: 'POST', body: LIGHT }).catch(() => null),
    );
    await eventually(30_000, 'the first object', async () => (await leftOf(kernelIdsOf(first))).length > 0);
    await first.kill();
    await Promise.all(launches);
    const next = await startNext();
    await nothingLeftOf(...kernelIdsOf(first));
    await next.stop();
  });

  it('has the pod removed from a namespace that the client named, and the namespace kept', async () => {
    const { first, startNext } = await oneAndItsNext();
    const { id } = await launchPod(first, { ...LIGHT, env: { KERNEL_NAMESPACE: team } });
    await first.kill();
    const next = await startNext();
    await nothingLeftOf(id);
    const { core } = await clusterApi();
    expect((await core.readNamespace({ name: team })).status?.phase).toBe('Active');
    await next.stop();
  });

  it("leaves other gateways' kernels to them, and what Enterprise Gateway has made", async () => {
    const other = await ownClusterGateway();
    const otherId = await launchKernel(other, LIGHT);
    const client = await KernelClient.connect(other, otherId);
    const othersPod = (await podOfKernel(otherId)).metadata?.uid;
    const foreign = await objectsOfEnterpriseGateway();
    const { first, startNext } = await oneAndItsNext();
    const id = await launchKernel(first, LIGHT);
    await first.kill();
    const next = await startNext();
    await nothingLeftOf(id);
    expect((await podOfKernel(otherId)).metadata?.uid).toBe(othersPod);
    expect((await client.execute('hello')).stdout).toBe('hello');
    const stillThere = (await leftOf([foreign])).map(({ kind, metadata }) => [
      kind,
      metadata?.deletionTimestamp,
    ]);
    expect(stillThere.sort()).toEqual([
      ['Namespace', undefined],
      ['Pod', undefined],
    ]);
    await next.stop();
    await other.stop();
  });
});

describeCluster('from time to time', () => {
  it('a gateway removes what it has made for kernels that are no more, and spares those that are', async () => {
    const gateway = await ownClusterGateway({ env: { EG_RECONCILE_INTERVAL: '1' } });
    const { id, pod } = await launchPod(gateway, { ...LIGHT, env: { KERNEL_NAMESPACE: 'default' } });
    const orphan = randomUUID();
    const { objects } = await clusterApi();
    const labels = { ...pod.metadata?.labels, kernel_id: orphan };
    await createNamespace(`orphan-${orphan}`, labels);
    await objects.create(sleepingPod(`orphan-${orphan}`, labels));
    await nothingLeftOf(orphan);
    expect((await podOfKernel(id)).metadata?.uid).toBe(pod.metadata?.uid);
    const client = await KernelClient.connect(gateway, id);
    expect((await client.execute('hello')).stdout).toBe('hello');
    await gateway.stop();
  });

  it('a gateway takes no launch that is under way for something left behind', async () => {
    const gateway = await ownClusterGateway({ env: { EG_RECONCILE_INTERVAL: '0.1' } });
    for (let round = 0; round < 3; round += 1) {
      const ids = await Promise.all([launchKernel(gateway, LIGHT), launchKernel(gateway, LIGHT)]);
      for (const id of ids) {
        const client = await KernelClient.connect(gateway, id);
        expect((await client.execute('hello')).stdout).toBe('hello');
        expect(client.messages.some(({ content }) => content.execution_state === 'restarting')).toBe(false);
      }
    }
    expect(gateway.log).not.toContain('removed what was left');
    await gateway.stop();
  });
});

/** @returns the id of a kernel that looks as Enterprise Gateway's do */
async function objectsOfEnterpriseGateway(): Promise<string> {
  const id = randomUUID();
  const labels = { app: 'enterprise-gateway', component: 'kernel', kernel_id: id };
  onTestFinished(async () => remove(await leftOf([id])));
  await createNamespace(`eg-${id}`, labels);
  const { objects } = await clusterApi();
  await objects.create(sleepingPod(`eg-${id}`, labels));
  return id;
}

function sleepingPod(namespace: string, labels: Record<string, string>): KubernetesObject {
  const command = ['sh', '-c', 'exec sleep 1000'];
  const container = {
    name: 'kernel',
    image: testCluster().images.light,
    command,
    imagePullPolicy: 'IfNotPresent',
  };
  const spec = {
    containers: [container],
    terminationGracePeriodSeconds: 0,
    automountServiceAccountToken: false,
  };
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'kernel', namespace, labels },
    spec,
  } as KubernetesObject;
}
