/** What a person at a notebook sees of a kernel's trouble: all of it comes through an unmodified Jupyter Server. */
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { eventually } from '../deadline.ts';
import { unusedPort } from '../gateway-process.ts';
import { JupyterServer } from '../jupyter-server-process.ts';
import { type KernelClient, modelOf } from '../kernel-client.ts';
import type { Message } from '../message-codec.ts';
import { clusterApi } from './cluster-api.ts';
import { stayingOf } from './failing-kernels.ts';
import { kernelIdsOf, sharedClusterGateway } from './gateway-on-cluster.ts';
import { startCell } from './kernel-in-pod.ts';
import { podOfKernel } from './launched-pod.ts';
import { podSpec, scriptPod } from './pod-templates.ts';
import { describeCluster } from './suite.ts';

const FOREVER = 'import time\nwhile True: time.sleep(0.05)';

describeCluster('a notebook whose kernel runs in a pod', () => {
  const gateway = sharedClusterGateway({
    clusterSpecs: {
      nowhere: podSpec('localhost:1/team/nowhere:1'),
      exits: scriptPod('light', 'import sys; sys.exit("libmagic.so.7 is missing")'),
      no_secret: podSpec('light', { envFrom: [{ secretRef: { name: 'no-such-secret' } }] }),
      too_large: podSpec('light', { resources: { requests: { cpu: '1000' } } }),
      small: podSpec('kernelPy', { resources: { limits: { memory: '200Mi' } } }),
    },
  });
  let server: JupyterServer;

  beforeAll(async () => {
    server = new JupyterServer(gateway.current, await unusedPort(), {
      KERNEL_USERNAME: 'ada',
      // Sent along with each launch; the server itself waits a little longer for the answer.
      KERNEL_LAUNCH_TIMEOUT: '30',
      JUPYTER_GATEWAY_REQUEST_TIMEOUT: '32',
    });
    await server.ready();
  });
  afterAll(async () => {
    try {
      await server?.stop();
    } finally {
      server?.destroy();
    }
  });

  /** As JupyterLab does it when a notebook is opened. */
  const openNotebook = (kernelName: string) =>
    server.request('/api/sessions', {
      method: 'POST',
      body: { path: `${kernelName}.ipynb`, name: kernelName, type: 'notebook', kernel: { name: kernelName } },
    });

  it.each([
    [
      'nowhere',
      'Image localhost:1/team/nowhere:1 cannot be pulled: its registry cannot be reached',
      'Check the registry in the name of the image',
    ],
    [
      'exits',
      "The kernel's container exited with code 1: libmagic.so.7 is missing",
      'Look at what the kernel wrote last',
    ],
    ['no_secret', 'secret "no-such-secret" not found', "Create it in the kernel's namespace"],
    ['too_large', 'still waiting for its pod (no node can take it: ', 'raise KERNEL_LAUNCH_TIMEOUT'],
  ])('shows why it could not be started, and what to do: %s', async (name, message, hint) => {
    const before = kernelIdsOf(gateway.current);
    const { status, json } = await openNotebook(name);
    expect(status).toBe(500);
    expect(json.message).toContain(message);
    expect(json.message).toContain(hint);
    expect(server.log).toContain(message);
    const ids = kernelIdsOf(gateway.current).filter((id) => !before.includes(id));
    expect(ids).toHaveLength(1);
    expect(await stayingOf(ids[0] ?? '')).toBe('');
    expect((await server.request('/api/sessions')).json).toEqual([]);
  });

  async function openedNotebook(kernelName: string): Promise<{ id: string; client: KernelClient }> {
    const created = await openNotebook(kernelName);
    expect(created.status, created.text.slice(0, 500)).toBe(201);
    onTestFinished(async () => {
      await server.request(`/api/sessions/${created.json.id}`, { method: 'DELETE' });
    });
    const { id } = created.json.kernel;
    return { id, client: await server.connect(id) };
  }

  it('says in its cell how its kernel died, and goes on with a new one', async () => {
    const { id, client } = await openedNotebook('python_kubernetes');
    const running = client.sendExecute('import os; os._exit(3)');
    const { content } = await client.replyTo(running);
    expect(content).toMatchObject({ status: 'error', ename: 'KernelDied' });
    expect(content.traceback.join('\n')).toMatch(/exited with code 3.*\n.*start it anew/);
    expect((await stderrLine(client, /exited with code 3/)).parent_header.msg_id).toBe(running);
    await client.status('restarting');
    await modelOf(gateway.current, id, 'idle', ({ execution_state }) => execution_state === 'idle');
    expect((await client.execute('print("back")')).stdout).toBe('back\n');
  });

  it('says that somebody deleted its pod', async () => {
    const { id, client } = await openedNotebook('python_kubernetes');
    const running = await startCell(client, FOREVER);
    const { metadata } = await podOfKernel(id);
    const { core } = await clusterApi();
    await core.deleteNamespacedPod({ name: metadata?.name ?? '', namespace: metadata?.namespace ?? '' });
    expect((await client.replyTo(running)).content.status).toBe('error');
    await stderrLine(client, /was deleted by somebody else/);
    await client.status('restarting');
    expect((await client.finished(client.sendExecute('print("back")'), 60_000)).stdout).toBe('back\n');
  });

  it('says in its cell that memory was not enough, how much there is, and that the kernel is dead', async () => {
    const { id, client } = await openedNotebook('small');
    const running = client.sendExecute('held = b"x" * 2**30');
    const { content } = await client.replyTo(running);
    expect(content.evalue).toContain('out of memory (its limit is 200Mi)');
    expect(content.traceback.join('\n')).toContain('KERNEL_MEMORY_LIMIT');
    expect((await stderrLine(client, /its limit is 200Mi/)).parent_header.msg_id).toBe(running);
    await client.status('dead');
    await eventually(30_000, 'its end in the list of kernels', async () => {
      const { json } = await server.request('/api/kernels');
      return !json.some((kernel: { id: string }) => kernel.id === id);
    });
  });
});

function stderrLine(client: KernelClient, saying: RegExp): Promise<Message> {
  const isLine = ({ header, content }: Message) =>
    header.msg_type === 'stream' && content.name === 'stderr' && saying.test(content.text);
  return client.message(`a line on stderr that says ${saying}`, isLine);
}
