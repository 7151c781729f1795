/** Checks of what all other tests in a cluster stand on. */
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { text } from 'node:stream/consumers';
import type { KubernetesObject, V1Pod } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { eventually, within } from '../deadline.ts';
import { clusterApi, createNamespace, podThat, testCluster } from './cluster-api.ts';
import { kernelIdsOf, ownClusterGateway } from './gateway-on-cluster.ts';
import { leftOf, namesOf, remove } from './leftovers.ts';
import { describeCluster } from './suite.ts';

describe('the cluster that was asked for', () => {
  it('is there', () => {
    const cluster = inject('cluster');
    const problem = !cluster.available && cluster.isWanted ? cluster.reason : null;
    expect(problem).toBeNull();
  });
});

describeCluster('the frame', () => {
  const namespace = `frame-${randomUUID()}`;

  beforeAll(() => createNamespace(namespace));
  afterAll(async () => {
    const { core } = await clusterApi();
    await core.deleteNamespace({ name: namespace });
  });

  it('has a node that takes pods', async () => {
    const { core } = await clusterApi();
    const { items } = await core.listNode();
    const isReady = items.map(
      (node) => node.status?.conditions?.find(({ type }) => type === 'Ready')?.status,
    );
    expect(isReady).toContain('True');
  });

  it.each(['kernelPy', 'oldLauncher', 'light'] as const)('runs a pod of the image %s', async (image) => {
    const name = image.toLowerCase();
    await runPython(namespace, name, 'print("at work")', testCluster().images[image]);
    await podThat(namespace, name, 'its end', ({ status }) => status?.phase === 'Succeeded');
    const { core } = await clusterApi();
    expect(await core.readNamespacedPodLog({ namespace, name })).toBe('at work\n');
  });

  it('lets a pod reach the address where gateways listen', async () => {
    const { responseIp, images } = testCluster();
    const server = createServer({ allowHalfOpen: false }).listen(0, responseIp);
    await once(server, 'listening');
    const heard = within(
      60_000,
      'a word from the pod',
      once(server, 'connection').then(([socket]: Socket[]) => text(socket as Socket)),
    );
    const { port } = server.address() as { port: number };
    const script = `import socket; socket.create_connection(("${responseIp}", ${port})).sendall(b"hello")`;
    await runPython(namespace, 'caller', script, images.kernelPy);
    expect(await heard).toBe('hello');
    server.close();
  });

  it('reaches a pod by its address', async () => {
    const script = [
      'import socket',
      'server = socket.create_server(("0.0.0.0", 4711))',
      'while True: server.accept()[0].sendall(b"hello")',
    ].join('\n');
    await runPython(namespace, 'callee', script, testCluster().images.kernelPy);
    const { status } = await podThat(namespace, 'callee', 'its address', (pod) => Boolean(pod.status?.podIP));
    const word = await eventually(60_000, 'a word from the pod', () => wordFrom(status?.podIP ?? ''));
    expect(word).toBe('hello');
  });
});

describeCluster("what a gateway's kernels leave", () => {
  it('is found by the id of the kernel in whatever namespace, and can be removed', async () => {
    const [id, other] = [randomUUID(), randomUUID()];
    const { objects } = await clusterApi();
    for (const kernelId of [id, other]) {
      await createNamespace(`left-${kernelId}`, { kernel_id: kernelId });
      for (const object of objectsOfKernel(kernelId)) await objects.create(object);
    }
    try {
      const names = namesOf(await leftOf([id])).split(', ');
      expect(names.sort()).toEqual(
        [
          `ConfigMap left-${id}/left`,
          `Namespace left-${id}`,
          `PersistentVolumeClaim left-${id}/left`,
          `Pod left-${id}/left`,
          `RoleBinding left-${id}/left`,
          `Secret left-${id}/left`,
          `Service left-${id}/left`,
        ].sort(),
      );
      expect(await leftOf([randomUUID()])).toEqual([]);
      expect(await leftOf([])).toEqual([]);
    } finally {
      await remove(await leftOf([id]));
    }
    expect(await leftOf([id])).toEqual([]);
    expect(namesOf(await leftOf([other]))).toContain(`Namespace left-${other}`);
    await remove(await leftOf([other]));
  });
});

describeCluster("a gateway of the cluster's tests", () => {
  it('offers the kernelspecs of the tests, with the images that were built for them', async () => {
    const gateway = await ownClusterGateway({
      clusterSpecs: {
        other: { image: 'localhost/other:1', env: { FROM_TEST: 'yes' }, config: { port_range: '1..2' } },
      },
    });
    const { json } = await gateway.request('/api/kernelspecs');
    const specs: Record<string, OfferedSpec> = json.kernelspecs;
    const imageOf = (name: string) => specs[name]?.spec.metadata.process_proxy.config['image_name'];
    const { images } = testCluster();
    expect(json.default).toBe('python_kubernetes');
    expect(imageOf('python_kubernetes')).toBe(images.kernelPy);
    expect(imageOf('old_launcher')).toBe(images.oldLauncher);
    expect(imageOf('light')).toBe(images.light);
    expect(imageOf('other')).toBe('localhost/other:1');
    expect(specs['other']?.spec.env).toMatchObject({ FROM_TEST: 'yes' });
    await gateway.stop();
  });

  it('is known by its log to have launched what it has launched', async () => {
    const gateway = await ownClusterGateway();
    const { json } = await gateway.request('/api/kernels', {
      method: 'POST',
      body: { name: 'python_kubernetes' },
    });
    expect(json).toMatchObject({ id: expect.any(String) });
    expect(kernelIdsOf(gateway)).toContain(json.id);
    expect(namesOf(await leftOf([json.id]))).toContain('Pod');
    await gateway.request(`/api/kernels/${json.id}`, { method: 'DELETE' });
    await gateway.stop();
  });
});

interface OfferedSpec {
  spec: { env: Record<string, string>; metadata: { process_proxy: { config: Record<string, unknown> } } };
}

async function runPython(namespace: string, name: string, script: string, image: string): Promise<V1Pod> {
  const { core } = await clusterApi();
  const command = ['python3', '-c', script];
  const containers = [{ name: 'python', image, command, imagePullPolicy: 'IfNotPresent' }];
  const spec = { restartPolicy: 'Never', containers, terminationGracePeriodSeconds: 0 };
  return core.createNamespacedPod({ namespace, body: { metadata: { name }, spec } });
}

/** Null as long as nobody listens. */
function wordFrom(host: string): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host, port: 4711 });
    socket.once('data', (data) => resolve(data.toString()) ?? socket.destroy());
    socket.once('error', () => resolve(null));
  });
}

/** One of each kind that gateways make inside of a namespace. */
function objectsOfKernel(id: string): KubernetesObject[] {
  const namespace = `left-${id}`;
  const labels = { kernel_id: id };
  const metadata = { name: 'left', namespace, labels };
  const more = (kind: string, fields: object, apiVersion = 'v1') => ({
    apiVersion,
    kind,
    metadata,
    ...fields,
  });
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Mi' } } };
  const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'view' };
  const pod = {
    containers: [{ name: 'none', image: 'localhost/none:1' }],
    automountServiceAccountToken: false,
  };
  return [
    more('ConfigMap', {}),
    more('Secret', {}),
    more('Service', { spec: { clusterIP: 'None' } }),
    more('PersistentVolumeClaim', { spec: claim }),
    more('RoleBinding', { roleRef: role, subjects: [] }, 'rbac.authorization.k8s.io/v1'),
    more('Pod', { spec: pod }),
  ];
}
