/** Kernels that die in the middle of a cell: whoever is connected learns why, and it is started anew where that can help. */
import { SchedulingV1Api, type V1Pod } from '@kubernetes/client-node';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../deadline.ts';
import { evaluate, KernelClient } from '../kernel-client.ts';
import type { Message } from '../message-codec.ts';
import { clusterApi, testCluster } from './cluster-api.ts';
import { expectCode, stayingOf } from './failing-kernels.ts';
import { type ClusterSpec, sharedClusterGateway } from './gateway-on-cluster.ts';
import { startCell } from './kernel-in-pod.ts';
import { type LaunchedPod, launchPod, podOfKernel } from './launched-pod.ts';
import { podSpec } from './pod-templates.ts';
import { describeCluster } from './suite.ts';

/** Milliseconds for a pod to be replaced by another one on a machine that has other work. */
const RESTART_MS = 60_000;
const FOREVER = 'import time\nwhile True: time.sleep(0.05)';
/** A resource of which there is one. */
const SEAT = 'kernelgate.test/seat';
const SPECS: Record<string, ClusterSpec> = {
  // Process 1 of a container can't be killed from inside of it, even by itself.
  killable: podSpec('kernelPy', {}, { shareProcessNamespace: true }),
  seated: podSpec('kernelPy', { resources: { requests: { [SEAT]: '1' }, limits: { [SEAT]: '1' } } }),
};

/** A kernel that is at work on a cell, and a second client of it that waits for nothing. */
interface Victim extends LaunchedPod {
  client: KernelClient;
  onlooker: KernelClient;
}

describeCluster('a kernel that dies in its pod', () => {
  const gateway = sharedClusterGateway({ clusterSpecs: SPECS });

  async function victim(body: Parameters<typeof launchPod>[1] = {}): Promise<Victim> {
    const launched = await launchPod(gateway.current, body);
    const client = await KernelClient.connect(gateway.current, launched.id);
    const onlooker = await KernelClient.connect(gateway.current, launched.id, { protocol: 'v1' });
    await onlooker.request('shell', 'kernel_info_request');
    return { ...launched, client, onlooker };
  }

  /**
   * What both clients are told of the death. A kernel that gets the time may
   * answer the cell itself, by a KeyboardInterrupt; the reason comes from the gateway.
   */
  async function told({ client, onlooker }: Victim, running: string, saying: RegExp): Promise<void> {
    const { header, content } = await client.replyTo(running, RESTART_MS);
    expect(header.msg_type).toBe('execute_reply');
    expect(content.status).toBe('error');
    if (content.ename === 'KernelDied') expect(content.evalue).toMatch(saying);
    else expect(content.ename).toBe('KeyboardInterrupt');
    await Promise.all([
      client.status('idle', running),
      stderrLine(client, saying),
      stderrLine(onlooker, saying),
    ]);
  }

  /** Its clients go on over the same sockets, with a kernel in a new pod. */
  async function comesBack({ id, pod, namespace, client, onlooker }: Victim): Promise<void> {
    await Promise.all([client.status('restarting'), onlooker.status('restarting')]);
    const { stdout } = await client.finished(client.sendExecute('print("back")'), RESTART_MS);
    expect(stdout).toBe('back\n');
    const next = await podOfKernel(id);
    expect(next.metadata?.uid).not.toBe(pod.metadata?.uid);
    expect(next.metadata?.namespace).toBe(namespace);
    expect((await gateway.current.request(`/api/kernels/${id}`)).json).toMatchObject({ id, connections: 2 });
  }

  it.each([
    ['leaves by itself', {}, 'os._exit(3)', /exited with code 3/],
    ['leaves in peace', {}, 'os._exit(0)', /exited with code 0/],
    ['is killed', { name: 'killable' }, 'import signal; os.kill(os.getpid(), signal.SIGKILL)', /SIGKILL/],
    ['runs into a segmentation fault', { name: 'killable' }, 'import ctypes; ctypes.string_at(0)', /SIGSEGV/],
  ])('and %s is started anew', async (_what, body, code, saying) => {
    const kernel = await victim(body);
    const running = kernel.client.sendExecute(`import os; ${code}`);
    await told(kernel, running, saying);
    await comesBack(kernel);
    await expectCode(gateway.current, kernel.id, 'CONTAINER_EXITED');
  });

  it('and wrote last words has them told', async () => {
    const kernel = await victim();
    // What a kernel writes becomes output of its cell; its container's own stderr is what it was before.
    const code =
      'import os, sys; os.write(sys.stderr._original_stdstream_copy, b"the disk is on fire\\n"); os._exit(4)';
    await told(kernel, kernel.client.sendExecute(code), /exited with code 4: .*the disk is on fire/);
    await comesBack(kernel);
  });

  it('and ran out of memory is dead: it would again', async () => {
    const kernel = await victim({ env: { KERNEL_MEMORY: '200Mi', KERNEL_MEMORY_LIMIT: '200Mi' } });
    const { id, client, onlooker } = kernel;
    const running = client.sendExecute('held = b"x" * 2**30');
    await told(kernel, running, /out of memory \(its limit is 200Mi\)/);
    await Promise.all([client.status('dead'), onlooker.status('dead')]);
    const { code, reason } = await client.closing();
    expect(code).toBe(1011);
    expect(reason).toContain('out of memory');
    await eventually(30_000, 'its 404', async () => {
      return (await gateway.current.request(`/api/kernels/${id}`)).status === 404;
    });
    expect(client.messages.some(({ content }) => content.execution_state === 'restarting')).toBe(false);
    await expectCode(gateway.current, id, 'OUT_OF_MEMORY');
    expect(await stayingOf(id)).toBe('');
  });

  it('because somebody deleted its pod is started anew', async () => {
    const kernel = await victim();
    const running = await startCell(kernel.client, FOREVER);
    const { core } = await clusterApi();
    await core.deleteNamespacedPod(keyOf(kernel.pod));
    await told(kernel, running, new RegExp(`pod ${kernel.pod.metadata?.name} was deleted by somebody else`));
    await comesBack(kernel);
    await expectCode(gateway.current, kernel.id, 'POD_DELETED');
  });

  it('because somebody deleted its pod by force is started anew', async () => {
    const kernel = await victim();
    const running = await startCell(kernel.client, FOREVER);
    const { core } = await clusterApi();
    await core.deleteNamespacedPod({ ...keyOf(kernel.pod), gracePeriodSeconds: 0 });
    await told(kernel, running, /was deleted by somebody else/);
    await comesBack(kernel);
    await expectCode(gateway.current, kernel.id, 'POD_DELETED');
  });

  it('because its pod was evicted is started anew', async () => {
    const kernel = await victim();
    const running = await startCell(kernel.client, FOREVER);
    const { core } = await clusterApi();
    const key = keyOf(kernel.pod);
    await core.createNamespacedPodEviction({ ...key, body: { metadata: key } });
    await told(kernel, running, /pod was evicted from node \S+: /);
    await comesBack(kernel);
    await expectCode(gateway.current, kernel.id, 'POD_EVICTED');
  });

  it('because its pod was preempted by a more important one waits for its place, and is started anew', async () => {
    const takeAway = await offerSeat();
    onTestFinished(takeAway);
    const kernel = await victim({ name: 'seated' });
    const running = await startCell(kernel.client, FOREVER);
    const makeRoom = await takeSeat(kernel.namespace);
    onTestFinished(makeRoom);
    await told(kernel, running, /had to leave .* to a pod of higher priority/);
    await eventually(RESTART_MS, 'the wait for a place', async () => {
      const { json } = await gateway.current.request(`/api/kernels/${kernel.id}`);
      return String(json.progress).includes('waiting for its pod');
    });
    await makeRoom();
    await comesBack(kernel);
    await expectCode(gateway.current, kernel.id, 'POD_PREEMPTED');
  });

  it('with its namespace is dead, and leaves nothing', async () => {
    const kernel = await victim();
    const { id, client, namespace } = kernel;
    const running = await startCell(client, FOREVER);
    const { core } = await clusterApi();
    await core.deleteNamespace({ name: namespace });
    await told(kernel, running, /was deleted/);
    await client.status('dead', undefined, RESTART_MS);
    expect((await client.closing()).reason).toContain(`Namespace ${namespace} is being deleted`);
    await eventually(30_000, 'its 404', async () => {
      return (await gateway.current.request(`/api/kernels/${id}`)).status === 404;
    });
    await expectCode(gateway.current, id, 'NAMESPACE_FAILED');
    expect(await stayingOf(id)).toBe('');
  });

  it('though no client is there is started anew', async () => {
    const kernel = await victim();
    await Promise.all([kernel.client.close(), kernel.onlooker.close()]);
    const { core } = await clusterApi();
    await core.deleteNamespacedPod({ ...keyOf(kernel.pod), gracePeriodSeconds: 0 });
    await eventually(RESTART_MS, 'another pod', async () => {
      const next = await podOfKernel(kernel.id).catch(() => kernel.pod);
      return next.metadata?.uid !== kernel.pod.metadata?.uid;
    });
    const next = await KernelClient.connect(gateway.current, kernel.id);
    expect(await evaluate(next, '6 * 7')).toBe(42);
  });

  it('disturbs no other', async () => {
    const [one, other] = [await victim(), await victim()];
    await other.client.execute('x = 1');
    await told(one, one.client.sendExecute('import os; os._exit(3)'), /code 3/);
    await comesBack(one);
    expect(await evaluate(other.client, 'x')).toBe(1);
    expect(other.client.messages.some(({ content }) => content.execution_state === 'restarting')).toBe(false);
  });
});

async function stderrLine(client: KernelClient, saying: RegExp): Promise<void> {
  const isLine = ({ header, content }: Message) =>
    header.msg_type === 'stream' && content.name === 'stderr' && saying.test(content.text);
  await client.message(`a line on stderr that says ${saying}`, isLine, RESTART_MS);
}

function keyOf({ metadata }: V1Pod): { name: string; namespace: string } {
  return { name: metadata?.name ?? '', namespace: metadata?.namespace ?? '' };
}

/** One node has a seat. @returns takes it away again */
async function offerSeat(): Promise<() => Promise<void>> {
  const { core } = await clusterApi();
  const name = (await core.listNode()).items[0]?.metadata?.name ?? '';
  const patch = (op: string) =>
    ['capacity', 'allocatable'].map((list) => ({
      op,
      path: `/status/${list}/${SEAT.replace('/', '~1')}`,
      ...(op === 'add' && { value: '1' }),
    }));
  await core.patchNodeStatus({ name, body: patch('add') });
  return async () => {
    await core.patchNodeStatus({ name, body: patch('remove') }).catch(() => {});
  };
}

/** A pod that goes before all kernels takes the seat. @returns removes it, once or again */
async function takeSeat(namespace: string): Promise<() => Promise<void>> {
  const { core, config } = await clusterApi();
  const scheduling = config.makeApiClient(SchedulingV1Api);
  const name = `important-${namespace.slice(-12)}`;
  await scheduling.createPriorityClass({
    body: { metadata: { name }, value: 1_000_000, globalDefault: false },
  });
  const container = {
    name: 'important',
    image: testCluster().images.kernelPy,
    command: ['sleep', '600'],
    resources: { requests: { [SEAT]: '1' }, limits: { [SEAT]: '1' } },
  };
  const spec = { priorityClassName: name, terminationGracePeriodSeconds: 0, containers: [container] };
  await core.createNamespacedPod({ namespace, body: { metadata: { name }, spec } });
  return async () => {
    await core.deleteNamespacedPod({ namespace, name, gracePeriodSeconds: 0 }).catch(() => {});
    await scheduling.deletePriorityClass({ name }).catch(() => {});
  };
}
