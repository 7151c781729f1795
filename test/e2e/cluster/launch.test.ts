/** A kernel in a pod as its user has it: cells, clients, interrupts, restarts, with new launchers and old ones. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../deadline.ts';
import { testPython, unusedPort } from '../gateway-process.ts';
import { JupyterServer } from '../jupyter-server-process.ts';
import { evaluate, KernelClient, launchKernel } from '../kernel-client.ts';
import { ownClusterGateway, sharedClusterGateway } from './gateway-on-cluster.ts';
import { launchPod, podOfKernel, refusedLaunch } from './launched-pod.ts';
import { leftOf } from './leftovers.ts';
import { describeCluster } from './suite.ts';

const run = promisify(execFile);

describeCluster.each([
  ['our own launcher', 'python_kubernetes'],
  ['a launcher of version 1', 'old_launcher'],
])('a kernel with %s', (_launcher, name) => {
  const gateway = sharedClusterGateway();

  it('runs cells in its pod', async () => {
    const { id, pod } = await launchPod(gateway.current, { name });
    const client = await KernelClient.connect(gateway.current, id);
    expect((await client.execute('print(6 * 7)')).stdout).toBe('42\n');
    expect(await evaluate(client, '__import__("socket").gethostname()')).toBe(pod.metadata?.name);
    expect((await client.execute('1 / 0')).reply.content.ename).toBe('ZeroDivisionError');
  });

  it('shows what one client runs to the other one, in either protocol', async () => {
    const { id } = await launchPod(gateway.current, { name });
    const one = await KernelClient.connect(gateway.current, id);
    const other = await KernelClient.connect(gateway.current, id, { protocol: 'v1' });
    const msgId = one.sendExecute('x = "shared"; print(x)');
    await other.message(
      'the output',
      ({ header, parent_header, content }) =>
        header.msg_type === 'stream' && parent_header.msg_id === msgId && content.text === 'shared\n',
    );
    expect((await one.finished(msgId)).stdout).toBe('shared\n');
    expect(await evaluate(other, 'x')).toBe('shared');
    expect((await gateway.current.request(`/api/kernels/${id}`)).json.connections).toBe(2);
  });

  it('is interrupted, and keeps what it knows', async () => {
    const { id } = await launchPod(gateway.current, { name });
    const client = await KernelClient.connect(gateway.current, id);
    await client.execute('x = "kept"');
    const msgId = await client.runForever();
    const { status } = await gateway.current.request(`/api/kernels/${id}/interrupt`, { method: 'POST' });
    expect(status).toBe(204);
    expect((await client.finished(msgId)).reply.content.ename).toBe('KeyboardInterrupt');
    expect(await evaluate(client, 'x')).toBe('kept');
  });

  it('is restarted in a new pod of the same name, under the same id', async () => {
    const { id, pod } = await launchPod(gateway.current, { name });
    const client = await KernelClient.connect(gateway.current, id);
    await client.execute('x = 1');
    const { status, json } = await gateway.current.request(`/api/kernels/${id}/restart`, { method: 'POST' });
    expect(status).toBe(200);
    expect(json.id).toBe(id);
    expect((await client.execute('x')).reply.content.ename).toBe('NameError');
    const next = await podOfKernel(id);
    expect(next.metadata?.name).toBe(pod.metadata?.name);
    expect(next.metadata?.uid).not.toBe(pod.metadata?.uid);
  });

  it('ends when it is deleted', async () => {
    const { id } = await launchPod(gateway.current, { name });
    const client = await KernelClient.connect(gateway.current, id);
    expect((await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' })).status).toBe(204);
    await client.closing();
    expect((await gateway.current.request(`/api/kernels/${id}`)).status).toBe(404);
    await eventually(60_000, 'the end of its objects', async () => (await leftOf([id])).length === 0);
  });
});

describeCluster('Jupyter Server in front of a gateway with a cluster', () => {
  const gateway = sharedClusterGateway();
  let server: JupyterServer;

  beforeAll(async () => {
    server = new JupyterServer(gateway.current, await unusedPort(), { KERNEL_USERNAME: 'ada' });
    await server.ready();
  });
  afterAll(async () => {
    await server?.stop().finally(() => server.destroy());
  });

  it('runs a notebook session in a pod: created, executed, interrupted, restarted, ended', async () => {
    const body = { path: 'n.ipynb', name: 'n', type: 'notebook', kernel: { name: 'python_kubernetes' } };
    const created = await server.request('/api/sessions', { method: 'POST', body });
    expect(created.status, created.text.slice(0, 500)).toBe(201);
    const { id } = created.json.kernel;
    expect((await podOfKernel(id)).metadata?.name).toBe(`ada-${id}`);

    const client = await server.connect(id);
    expect((await client.execute('print(6 * 7)')).stdout).toBe('42\n');
    const msgId = await client.runForever();
    await server.request(`/api/kernels/${id}/interrupt`, { method: 'POST' });
    expect((await client.finished(msgId)).reply.content.ename).toBe('KeyboardInterrupt');

    await client.execute('x = 1');
    expect((await server.request(`/api/kernels/${id}/restart`, { method: 'POST' })).status).toBe(200);
    const next = await server.connect(id);
    expect((await next.execute('x')).reply.content.ename).toBe('NameError');

    const { status } = await server.request(`/api/sessions/${created.json.id}`, { method: 'DELETE' });
    expect(status).toBe(204);
    await eventually(60_000, 'the end of its objects', async () => (await leftOf([id])).length === 0);
  });

  it('offers the kernelspecs of the cluster', async () => {
    const { json } = await server.request('/api/kernelspecs');
    expect(json.kernelspecs.python_kubernetes.spec.display_name).toBe('Python on Kubernetes');
  });
});

describeCluster('a gateway whose cluster does not answer', () => {
  it('runs local kernels, and says of one for the cluster why it can not be launched', async () => {
    const gateway = await ownClusterGateway({ env: { KUBECONFIG: '/nowhere/kubeconfig' } });
    const { status, json } = await refusedLaunch(gateway, { name: 'python_kubernetes' });
    expect(status).toBe(503);
    expect(json.message).toContain('cluster');
    expect(json.reason).toContain('KUBECONFIG');
    await gateway.logged(/CLUSTER_UNREACHABLE/);
    const id = await launchKernel(gateway, { name: 'python3' });
    const client = await KernelClient.connect(gateway, id);
    expect((await client.execute('print(6 * 7)')).stdout).toBe('42\n');
  });
});

describeCluster('nbclient with a gateway', () => {
  // The gateway's manager asks for this one, whatever nbclient was told.
  const gateway = sharedClusterGateway({ clusterSpecs: { python3: { image: 'kernelPy' } } });
  const SCRIPT = [
    'import nbformat',
    'from nbclient import NotebookClient',
    'from jupyter_server.gateway.gateway_client import GatewayClient',
    'GatewayClient.instance().init_connection_args()',
    'sources = ["x = 6", "print(x * 7)", "import os; print(os.environ[\'KERNEL_POD_NAME\'])"]',
    'book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])',
    'manager = "jupyter_server.gateway.managers.GatewayKernelManager"',
    'NotebookClient(book, timeout=60, kernel_manager_class=manager).execute()',
    'print("".join(output.text for cell in book.cells for output in cell.outputs), end="")',
  ].join('\n');

  it('executes a notebook in a pod', async () => {
    const { root, url } = gateway.current;
    const { stdout } = await run(testPython(), ['-c', SCRIPT], {
      env: { PATH: process.env['PATH'], HOME: root, JUPYTER_GATEWAY_URL: url, KERNEL_USERNAME: 'grace' },
    });
    expect(stdout).toMatch(/^42\ngrace-[-0-9a-f]{36}\n$/);
  });
});
