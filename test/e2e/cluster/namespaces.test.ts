/** Where kernels live in the cluster: a namespace each, one that was named, or the gateway's. */
import { randomUUID } from 'node:crypto';
import { type KubernetesObject, RbacAuthorizationV1Api, type V1RoleBinding } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OLDER_POD } from '../../adapters/kubernetes/operator-templates.ts';
import { eventually } from '../deadline.ts';
import type { GatewayProcess } from '../gateway-process.ts';
import { clusterApi, createNamespace } from './cluster-api.ts';
import { sharedClusterGateway } from './gateway-on-cluster.ts';
import { launchPod, refusedLaunch } from './launched-pod.ts';
import { leftOf, namesOf } from './leftovers.ts';
import { describeCluster } from './suite.ts';

/** Most of these look at the pod alone: any kernel will do. */
const LIGHT = { name: 'light' };

describeCluster('a namespace of its own', () => {
  const gateway = sharedClusterGateway();

  it('is called as the pod and its container, and carries the labels of the kernel', async () => {
    const { id, pod, container, namespace } = await launchPod(gateway.current, {
      ...LIGHT,
      env: { KERNEL_USERNAME: 'ada' },
    });
    expect(namespace).toBe(`ada-${id}`);
    expect(pod.metadata?.name).toBe(namespace);
    expect(container.name).toBe(namespace);
    const { core } = await clusterApi();
    const labels = { app: 'enterprise-gateway', component: 'kernel', kernel_id: id };
    expect((await core.readNamespace({ name: namespace })).metadata?.labels).toMatchObject(labels);
    expect(pod.metadata?.labels).toMatchObject(labels);
  });

  it("binds the kernel's service account to the cluster role of kernels", async () => {
    const { id, namespace } = await launchPod(gateway.current, LIGHT);
    const [binding, ...others] = await roleBindingsIn(namespace);
    expect(others).toEqual([]);
    expect(binding?.metadata).toMatchObject({
      name: 'kernel-controller',
      labels: { app: 'enterprise-gateway', component: 'kernel', kernel_id: id },
    });
    expect(binding?.roleRef).toMatchObject({ kind: 'ClusterRole', name: 'kernel-controller' });
    expect(binding?.subjects).toEqual([{ kind: 'ServiceAccount', name: 'default', namespace }]);
  });

  it('is gone with all that was in it after the kernel was deleted', async () => {
    const { id } = await launchPod(gateway.current, LIGHT);
    expect((await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' })).status).toBe(204);
    await eventually(60_000, 'the end of the namespace', async () => (await leftOf([id])).length === 0);
  });

  it('is not taken from somebody else who has one of that name', async () => {
    const name = `taken-${randomUUID()}`;
    await createNamespace(name);
    const { core } = await clusterApi();
    try {
      const { status, json } = await refusedLaunch(gateway.current, {
        ...LIGHT,
        env: { KERNEL_POD_NAME: name },
      });
      expect(status).toBe(500);
      expect(json.message).toContain(`Namespace ${name} exists already`);
      expect(json.reason).toContain('KERNEL_POD_NAME');
      expect((await core.readNamespace({ name })).status?.phase).toBe('Active');
      expect((await core.listNamespacedPod({ namespace: name })).items).toEqual([]);
    } finally {
      await core.deleteNamespace({ name });
    }
  });
});

describeCluster('the name of a pod', () => {
  const gateway = sharedClusterGateway();
  const ID = '{{ kernel_id }}';

  it.each([
    ['a template of variables', { KERNEL_POD_NAME: `{{kernel_username}}.lab.${ID}` }, `ada-lab-${ID}`],
    ['a name in upper case', { KERNEL_POD_NAME: `Lab_${ID}` }, `lab-${ID}`],
    ['a variable that is not there', { KERNEL_POD_NAME: `{{ kernel_team }}-${ID}` }, `ada-${ID}`],
    ['an expression', { KERNEL_POD_NAME: '{{ kernel_id.__class__ }}' }, `ada-${ID}`],
    [
      'an e-mail address as user',
      { KERNEL_USERNAME: 'Ada.Lovelace+ml@Example.com' },
      `ada-lovelace-ml-example-co-${ID}`,
    ],
    ['a path as user', { KERNEL_USERNAME: '../../etc' }, `etc-${ID}`],
    ['a user whose name has no Latin letter', { KERNEL_USERNAME: 'Ада' }, ID],
    ['a very long user', { KERNEL_USERNAME: `user-${'x'.repeat(300)}` }, `user-${'x'.repeat(21)}-${ID}`],
  ])('is made of %s', async (_what, env, expected) => {
    const { id, pod, namespace } = await launchPod(gateway.current, {
      ...LIGHT,
      env: { KERNEL_USERNAME: 'ada', ...env },
    });
    expect(pod.metadata?.name).toBe(expected.replace(ID, id));
    expect(namespace).toBe(pod.metadata?.name);
    expect(pod.metadata?.name?.length).toBeLessThanOrEqual(63);
  });
});

describeCluster('a namespace that the client names', () => {
  const team = `team-${randomUUID()}`;
  const gateway = sharedClusterGateway();

  beforeAll(async () => {
    await createNamespace(team);
    const { core } = await clusterApi();
    await core.createNamespacedServiceAccount({ namespace: team, body: { metadata: { name: 'kernel-sa' } } });
  });
  afterAll(async () => {
    const { core } = await clusterApi();
    await core.deleteNamespace({ name: team });
  });

  const env = { KERNEL_NAMESPACE: team, KERNEL_SERVICE_ACCOUNT_NAME: 'kernel-sa' };

  it('holds the pod, which runs as the service account that was named with it', async () => {
    const { id, pod, namespace } = await launchPod(gateway.current, {
      ...LIGHT,
      env: { ...env, KERNEL_USERNAME: 'ada' },
    });
    expect(namespace).toBe(team);
    expect(pod.metadata?.name).toBe(`ada-${id}`);
    expect(pod.spec?.serviceAccountName).toBe('kernel-sa');
  });

  it('is neither given labels or role bindings nor deleted', async () => {
    const { core } = await clusterApi();
    const before = await core.readNamespace({ name: team });
    const { id } = await launchPod(gateway.current, { ...LIGHT, env });
    expect(await roleBindingsIn(team)).toEqual([]);
    await deleted(gateway.current, id);
    const after = await core.readNamespace({ name: team });
    expect(after.status?.phase).toBe('Active');
    expect(after.metadata?.labels).toEqual(before.metadata?.labels);
    expect(
      (await core.readNamespacedServiceAccount({ namespace: team, name: 'kernel-sa' })).kind,
    ).toBeDefined();
  });

  it('can hold several kernels, each of which ends alone', async () => {
    const [one, other] = await Promise.all([
      launchPod(gateway.current, { ...LIGHT, env }),
      launchPod(gateway.current, { ...LIGHT, env }),
    ]);
    await deleted(gateway.current, one.id);
    expect(namesOf(await leftOf([other.id]))).toBe(`Pod ${team}/${other.pod.metadata?.name}`);
    expect((await gateway.current.request(`/api/kernels/${other.id}`)).status).toBe(200);
  });
});

describeCluster('the namespace of the gateway', () => {
  const own = `gateway-${randomUUID()}`;

  beforeAll(() => createNamespace(own));
  afterAll(async () => {
    const { core } = await clusterApi();
    await core.deleteNamespace({ name: own });
  });

  describe('with EG_SHARED_NAMESPACE', () => {
    const gateway = sharedClusterGateway({ env: { EG_NAMESPACE: own, EG_SHARED_NAMESPACE: 'True' } });

    it('holds the pods of kernels, and outlives them', async () => {
      const { id, pod, namespace } = await launchPod(gateway.current, {
        ...LIGHT,
        env: { KERNEL_USERNAME: 'ada' },
      });
      expect(namespace).toBe(own);
      expect(pod.metadata?.name).toBe(`ada-${id}`);
      expect(await roleBindingsIn(own)).toEqual([]);
      await deleted(gateway.current, id);
      const { core } = await clusterApi();
      expect((await core.readNamespace({ name: own })).status?.phase).toBe('Active');
    });

    it('gives way to a namespace that the client names', async () => {
      const { namespace } = await launchPod(gateway.current, {
        ...LIGHT,
        env: { KERNEL_NAMESPACE: 'default' },
      });
      expect(namespace).toBe('default');
    });
  });

  describe('with image pull secrets', () => {
    const auths = { 'registry.example': { auth: Buffer.from('ada:lovelace').toString('base64') } };
    const dockerConfig = Buffer.from(JSON.stringify({ auths })).toString('base64');
    const gateway = sharedClusterGateway({
      env: { EG_NAMESPACE: own, EG_IMAGE_PULL_SECRETS: 'registry-login' },
      clusterSpecs: {
        with_own_secret: {
          image: 'light',
          files: { 'kernel-pod.yaml.j2': `${OLDER_POD}  imagePullSecrets: [{name: template-login}]\n` },
        },
      },
    });

    beforeAll(async () => {
      const { core } = await clusterApi();
      const type = 'kubernetes.io/dockerconfigjson';
      const data = { '.dockerconfigjson': dockerConfig };
      for (const name of ['registry-login', 'template-login']) {
        await core.createNamespacedSecret({ namespace: own, body: { metadata: { name }, type, data } });
      }
    });

    it('has those copied, too, that a template names', async () => {
      const { pod, namespace } = await launchPod(gateway.current, { name: 'with_own_secret' });
      const names = ['template-login', 'registry-login'];
      expect(pod.spec?.imagePullSecrets?.map(({ name }) => name)).toEqual(names);
      const { core } = await clusterApi();
      for (const name of names) {
        expect((await core.readNamespacedSecret({ namespace, name })).data).toBeDefined();
      }
    });

    it('has them copied into the namespace of each kernel, whose pod pulls its images with them', async () => {
      const { id, pod, namespace } = await launchPod(gateway.current, LIGHT);
      expect(namespace).not.toBe(own);
      expect(pod.spec?.imagePullSecrets).toEqual([{ name: 'registry-login' }]);
      const { core } = await clusterApi();
      const copy = await core.readNamespacedSecret({ namespace, name: 'registry-login' });
      expect(copy.type).toBe('kubernetes.io/dockerconfigjson');
      expect(copy.data).toEqual({ '.dockerconfigjson': dockerConfig });
      await deleted(gateway.current, id);
      await eventually(60_000, 'the end of the copy', async () => (await leftOf([id])).length === 0);
      expect(
        (await core.readNamespacedSecret({ namespace: own, name: 'registry-login' })).data,
      ).toBeDefined();
    });
  });
});

/** Deletes a kernel, and waits until its pod is gone. */
async function deleted(gateway: GatewayProcess, id: string): Promise<void> {
  expect((await gateway.request(`/api/kernels/${id}`, { method: 'DELETE' })).status).toBe(204);
  const isPod = ({ kind }: KubernetesObject) => kind === 'Pod';
  await eventually(60_000, 'the end of the pod', async () => !(await leftOf([id])).some(isPod));
}

async function roleBindingsIn(namespace: string): Promise<V1RoleBinding[]> {
  const { config } = await clusterApi();
  const rbac = config.makeApiClient(RbacAuthorizationV1Api);
  return (await rbac.listNamespacedRoleBinding({ namespace })).items;
}
