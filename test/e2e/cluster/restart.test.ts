/** Restarts over HTTP of kernels in pods: another pod, the same kernel. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../deadline.ts';
import { evaluate, KernelClient, launchKernel, modelOf } from '../kernel-client.ts';
import { clusterApi, createNamespace } from './cluster-api.ts';
import { sharedClusterGateway } from './gateway-on-cluster.ts';
import { ENDLESS, nothingLeftOf, STUBBORN, shutDown, startCell } from './kernel-in-pod.ts';
import { launchPod, podOfKernel } from './launched-pod.ts';
import { describeCluster } from './suite.ts';

const team = `restart-${randomUUID()}`;

describeCluster('a kernel that is restarted', () => {
  const gateway = sharedClusterGateway({ env: { EG_SHUTDOWN_GRACE: '3' } });

  beforeAll(() => createNamespace(team));
  afterAll(async () => {
    const { core } = await clusterApi();
    await core.deleteNamespace({ name: team });
  });

  function restart(id: string) {
    return gateway.current.request(`/api/kernels/${id}/restart`, { method: 'POST' });
  }

  it.each(['python_kubernetes', 'old_launcher'])(
    'keeps id, namespace, environment and clients, and gets a new pod (%s)',
    async (name) => {
      const env = { KERNEL_USERNAME: 'ada', KERNEL_COLOUR: 'green' };
      const { id, pod, namespace } = await launchPod(gateway.current, { name, env });
      const { core } = await clusterApi();
      const namespaceUid = (await core.readNamespace({ name: namespace })).metadata?.uid;
      const client = await KernelClient.connect(gateway.current, id);
      await client.execute('x = 1');
      const answer = await restart(id);
      expect(answer.status, answer.text).toBe(200);
      expect(answer.json).toMatchObject({ id, name, connections: 1 });
      await client.status('restarting');
      const { reply } = await client.execute('x');
      expect(reply.content.ename).toBe('NameError');
      expect(await evaluate(client, '__import__("os").environ["KERNEL_COLOUR"]')).toBe('green');
      const next = await podOfKernel(id);
      expect(next.metadata).toMatchObject({ name: pod.metadata?.name, namespace });
      expect(next.metadata?.uid).not.toBe(pod.metadata?.uid);
      expect((await core.readNamespace({ name: namespace })).metadata?.uid).toBe(namespaceUid);
      await modelOf(gateway.current, id, 'idle', ({ execution_state }) => execution_state === 'idle');
    },
  );

  it('works again and again', async () => {
    const { id, pod } = await launchPod(gateway.current);
    const uids = new Set([pod.metadata?.uid]);
    const client = await KernelClient.connect(gateway.current, id);
    for (let round = 0; round < 3; round += 1) {
      expect((await restart(id)).status).toBe(200);
      expect((await client.execute(`print(${round})`)).stdout).toBe(`${round}\n`);
      uids.add((await podOfKernel(id)).metadata?.uid);
    }
    expect(uids.size).toBe(4);
  });

  it('in the midst of a cell has that answered with an error', async () => {
    const id = await launchKernel(gateway.current, { name: 'python_kubernetes' });
    const client = await KernelClient.connect(gateway.current, id);
    const running = await startCell(client, ENDLESS['a busy loop']);
    expect((await restart(id)).status).toBe(200);
    expect((await client.replyTo(running)).content.status).toMatch(/error|aborted/);
    expect((await client.execute('print("up")')).stdout).toBe('up\n');
  });

  it('comes back though its container ignores every request to end', async () => {
    const { id, pod } = await launchPod(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    expect((await client.execute(STUBBORN)).reply.content.status).toBe('ok');
    await startCell(client, 'while True:\n  try:\n    while True: pass\n  except BaseException: pass');
    const answer = await restart(id);
    expect(answer.status, answer.text).toBe(200);
    expect((await client.execute('print("up")')).stdout).toBe('up\n');
    expect((await podOfKernel(id)).metadata?.uid).not.toBe(pod.metadata?.uid);
  });

  it('is restarted once for requests that come at the same time', async () => {
    const { id, pod } = await launchPod(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    const answers = await Promise.all([restart(id), restart(id), restart(id)]);
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
    expect((await client.execute('print("up")')).stdout).toBe('up\n');
    expect((await podOfKernel(id)).metadata?.uid).not.toBe(pod.metadata?.uid);
    const told = client.messages.filter(({ content }) => content.execution_state === 'restarting');
    expect(told).toHaveLength(1);
  });

  it('in a namespace that its client named comes back there', async () => {
    const { id, pod, namespace } = await launchPod(gateway.current, { env: { KERNEL_NAMESPACE: team } });
    expect(namespace).toBe(team);
    expect((await restart(id)).status).toBe(200);
    const next = await podOfKernel(id);
    expect(next.metadata?.namespace).toBe(team);
    expect(next.metadata?.uid).not.toBe(pod.metadata?.uid);
    const client = await KernelClient.connect(gateway.current, id);
    expect((await client.execute('print("up")')).stdout).toBe('up\n');
  });

  it.each([
    ['as soon as it is told', async () => {}],
    [
      'when its next pod is there',
      async (id: string, before: string | undefined) => {
        await eventually(60_000, 'the next pod', async () => {
          const pod = await podOfKernel(id).catch(() => null);
          return pod !== null && pod.metadata?.uid !== before;
        });
      },
    ],
  ])('and deleted meanwhile, %s, ends with nothing left of it', async (_when, moment) => {
    const { id, pod } = await launchPod(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    const restarted = restart(id);
    await client.status('restarting');
    await moment(id, pod.metadata?.uid);
    expect(await shutDown(gateway.current, id)).toBe(204);
    expect((await restarted).status).toBeGreaterThanOrEqual(400);
    expect((await gateway.current.request(`/api/kernels/${id}`)).status).toBe(404);
    expect([1000, 1001]).toContain((await client.closing()).code);
    await nothingLeftOf(id);
  });
});
