import { randomUUID } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import type { KubernetesObject } from '../../../src/adapters/kubernetes/cluster.ts';
import {
  checkNamespaceExists,
  createKernelNamespace,
  deleteKernelNamespace,
  type NamespaceOptions,
} from '../../../src/adapters/kubernetes/kernel-namespace.ts';
import type { FailureCode } from '../../../src/machines/failure.ts';
import { type FakeCluster, type FakeFault, refusal } from './fake-cluster.ts';
import { GATEWAY_NAMESPACE, LABELS, namespaceOf, never, newCluster } from './provisioner-under-test.ts';

const KERNEL_ID = randomUUID();
const NAME = `alice-${KERNEL_ID}`;
const OWN = { kernel_id: KERNEL_ID };
const DOCKER_CONFIG = 'kubernetes.io/dockerconfigjson';

function create(
  cluster: FakeCluster,
  options: Partial<NamespaceOptions> = {},
  patience = 5000,
): Promise<void> {
  return createKernelNamespace(
    cluster,
    NAME,
    KERNEL_ID,
    {
      kernelClusterRole: 'kernel-controller',
      serviceAccountName: 'kernels',
      gatewayNamespace: GATEWAY_NAMESPACE,
      imagePullSecrets: [],
      labels: LABELS,
      ...options,
    },
    { deadline: performance.now() + patience, signal: never },
  );
}

function putSecret(cluster: FakeCluster, name: string, type: string): void {
  const metadata = { name, namespace: GATEWAY_NAMESPACE, uid: randomUUID(), annotations: { not: 'ours' } };
  const secret = { apiVersion: 'v1', kind: 'Secret', metadata, type, data: { '.dockerconfigjson': 'e30=' } };
  cluster.put(secret as KubernetesObject);
}

function failing(cluster: FakeCluster, verb: string, kind: string, fault: FakeFault, times = 1): void {
  let left = times;
  cluster.faultFor = (call) => {
    if (call.verb !== verb || call.kind !== kind || left === 0) return null;
    left -= 1;
    return fault;
  };
}

const namespaceIn = (cluster: FakeCluster) => cluster.objectOf({ kind: 'Namespace', name: NAME });

describe("a kernel's own namespace", () => {
  test('is found again by its labels, and its service account may do what kernels may', async () => {
    const cluster = newCluster();
    await create(cluster);
    const labels = { app: 'enterprise-gateway', component: 'kernel', kernel_id: KERNEL_ID, ...LABELS };
    expect(namespaceIn(cluster)?.metadata.labels).toEqual(labels);
    expect(
      cluster.objectOf({ kind: 'RoleBinding', name: 'kernel-controller', namespace: NAME }),
    ).toMatchObject({
      metadata: { labels },
      roleRef: { kind: 'ClusterRole', name: 'kernel-controller' },
      subjects: [{ kind: 'ServiceAccount', name: 'kernels', namespace: NAME }],
    });
  });

  test('has copies of the secrets that its images are pulled with', async () => {
    const cluster = newCluster();
    putSecret(cluster, 'registry', DOCKER_CONFIG);
    await create(cluster, { imagePullSecrets: ['registry'] });
    const copy = cluster.objectOf({ kind: 'Secret', name: 'registry', namespace: NAME });
    expect(copy).toMatchObject({ type: DOCKER_CONFIG, data: { '.dockerconfigjson': 'e30=' } });
    expect(copy?.metadata.annotations).toBeUndefined();
  });

  test.each([
    ['is not there', null, 'is not in namespace gateway'],
    ['is no such secret: no other may leave the gateway', 'Opaque', 'is of type Opaque'],
  ])('is refused when a pull secret %s', async (_, type, message) => {
    const cluster = newCluster();
    if (type !== null) putSecret(cluster, 'registry', type);
    await expect(create(cluster, { imagePullSecrets: ['registry'] })).rejects.toMatchObject({
      failure: { code: 'NAMESPACE_FAILED', message: expect.stringContaining(message) },
    });
    expect(cluster.objectOf({ kind: 'Secret', name: 'registry', namespace: NAME })).toBeUndefined();
  });

  test.each(['Namespace', 'RoleBinding', 'Secret'])(
    'is made though the answer to the creation of its %s was lost',
    async (kind) => {
      const cluster = newCluster();
      putSecret(cluster, 'registry', DOCKER_CONFIG);
      failing(cluster, 'create', kind, { ...refusal(null, 'timeout'), isLost: true });
      await create(cluster, { imagePullSecrets: ['registry'] });
      expect(cluster.leftOf(KERNEL_ID)).toHaveLength(3);
    },
  );

  test.each<[string, string, number]>([
    ['create', 'Namespace', 500],
    ['create', 'RoleBinding', 429],
    ['read', 'Secret', 503],
    ['create', 'Secret', 500],
  ])('is made though the API server has trouble at first: %s %s %s', async (verb, kind, status) => {
    const cluster = newCluster();
    putSecret(cluster, 'registry', DOCKER_CONFIG);
    failing(cluster, verb, kind, refusal(status, 'trouble'), 2);
    await create(cluster, { imagePullSecrets: ['registry'] });
    expect(cluster.leftOf(KERNEL_ID)).toHaveLength(3);
  });

  test.each<[string, string, FakeFault, FailureCode]>([
    [
      'create',
      'Namespace',
      refusal(403, 'User "g" cannot create resource "namespaces" in API group "" at the cluster scope'),
      'CLUSTER_FORBIDDEN',
    ],
    ['create', 'Namespace', refusal(422, 'Namespace "x" is invalid: metadata.name'), 'LAUNCH_REFUSED'],
    [
      'create',
      'RoleBinding',
      refusal(404, 'rolebindings.rbac.authorization.k8s.io "kernel-controller" not found'),
      'NAMESPACE_FAILED',
    ],
    [
      'create',
      'RoleBinding',
      refusal(403, 'attempting to grant RBAC permissions not currently held'),
      'CLUSTER_FORBIDDEN',
    ],
    [
      'read',
      'Secret',
      refusal(403, 'User "g" cannot get resource "secrets" in API group "" in the namespace "gateway"'),
      'CLUSTER_FORBIDDEN',
    ],
    ['create', 'Secret', refusal(500, 'trouble'), 'CLUSTER_UNREACHABLE'],
  ])('is refused for good with a code: %s %s, %o', async (verb, kind, fault, code) => {
    const cluster = newCluster();
    putSecret(cluster, 'registry', DOCKER_CONFIG);
    failing(cluster, verb, kind, fault, Number.POSITIVE_INFINITY);
    await expect(create(cluster, { imagePullSecrets: ['registry'] }, 0)).rejects.toMatchObject({
      failure: { code },
    });
  });

  test('is another one than that of somebody else, which is neither used nor deleted', async () => {
    const cluster = newCluster();
    cluster.put(namespaceOf(NAME, { kernel_id: 'another' }));
    await expect(create(cluster)).rejects.toMatchObject({
      failure: { code: 'NAMESPACE_FAILED', message: expect.stringContaining('was not made for this kernel') },
    });
    await deleteKernelNamespace(cluster, NAME, KERNEL_ID);
    expect(namespaceIn(cluster)).toBeDefined();
    expect(cluster.calls).not.toContain('create RoleBinding kernel-controller');
  });

  test('is not one of the same name that is going', async () => {
    const cluster = newCluster();
    cluster.keepsNamespaces = true;
    cluster.put(namespaceOf(NAME, OWN));
    await deleteKernelNamespace(cluster, NAME, KERNEL_ID);
    await expect(create(cluster)).rejects.toMatchObject({
      failure: { code: 'NAMESPACE_FAILED', message: expect.stringContaining('is still being deleted') },
    });
    await deleteKernelNamespace(cluster, NAME, KERNEL_ID);
    expect(cluster.calls.filter((call) => call.startsWith('delete'))).toHaveLength(1);
  });
});

describe('a namespace that a client has named', () => {
  test('must be there', async () => {
    await expect(checkNamespaceExists(newCluster(), 'nowhere', never)).rejects.toMatchObject({
      failure: { code: 'NAMESPACE_NOT_FOUND', message: 'There is no namespace nowhere in the cluster.' },
    });
  });

  test('must not be going', async () => {
    const cluster = newCluster();
    cluster.keepsNamespaces = true;
    cluster.put(namespaceOf(NAME));
    await checkNamespaceExists(cluster, NAME, never);
    await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: NAME });
    await expect(checkNamespaceExists(cluster, NAME, never)).rejects.toMatchObject({
      failure: { code: 'NAMESPACE_NOT_FOUND', message: `Namespace ${NAME} is being deleted.` },
    });
  });
});
