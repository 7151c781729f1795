/** Launches that may yet succeed are waited for, and say meanwhile for what. */
import { randomUUID } from 'node:crypto';
import type { V1ContainerState } from '@kubernetes/client-node';
import { expect, it, onTestFinished, type TestContext } from 'vitest';
import { KernelClient } from '../kernel-client.ts';
import { clusterApi, createNamespace } from './cluster-api.ts';
import {
  beginLaunch,
  failedLaunch,
  NEVER,
  type PendingLaunch,
  progressLike,
  stayingOf,
} from './failing-kernels.ts';
import { fakeRegistry, registryError, whyNoFakeRegistry } from './fake-registry.ts';
import { sharedClusterGateway } from './gateway-on-cluster.ts';
import { barrier } from './kernel-in-pod.ts';
import { podOfKernel } from './launched-pod.ts';
import { podSpec, scriptPod } from './pod-templates.ts';
import { describeCluster } from './suite.ts';

const SLEEP = 'import time; time.sleep(3600)';
/** Of a node, until a test puts it on. */
const LABEL = `kernelgate.test/${randomUUID()}`;

describeCluster('a pod that waits', () => {
  const gateway = sharedClusterGateway({
    env: { EG_KERNEL_LAUNCH_TIMEOUT: NEVER },
    clusterSpecs: {
      labelled_node: podSpec('light', {}, { nodeSelector: { [LABEL]: 'yes' } }),
      gated: podSpec('light', {}, { schedulingGates: [{ name: 'example.com/approval' }] }),
      with_claim: podSpec(
        'light',
        { volumeMounts: [{ name: 'work', mountPath: '/work' }] },
        { volumes: [{ name: 'work', persistentVolumeClaim: { claimName: 'team-work' } }] },
      ),
      with_secret: podSpec(
        'light',
        { volumeMounts: [{ name: 'login', mountPath: '/login' }] },
        { volumes: [{ name: 'login', secret: { secretName: 'team-login' } }] },
      ),
      // Its script is the client's, so that each test can say what it waits for.
      prepared: podSpec(
        'light',
        {},
        {
          initContainers: [
            {
              name: 'prepare',
              image: '{{ kernel_image }}',
              command: ['python3', '-c', '{{ kernel_preparation }}'],
            },
          ],
        },
      ),
      silent: scriptPod('light', SLEEP),
      pulled: podSpec('light', { imagePullPolicy: 'Always' }),
    },
  });

  async function comesUp({ id, answer }: PendingLaunch): Promise<void> {
    const { status, text } = await answer;
    expect(status, text).toBe(201);
    const client = await KernelClient.connect(gateway.current, id);
    expect((await client.execute('print("up")')).reply.content.status).toBe('ok');
    const { json } = await gateway.current.request('/api/kernels');
    const model = json.find((kernel: { id: string }) => kernel.id === id);
    expect(model).not.toHaveProperty('progress');
  }

  async function isDeletedWithoutTrace({ id, answer }: PendingLaunch): Promise<void> {
    expect((await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' })).status).toBe(204);
    const { status, json } = await answer;
    expect(status).toBe(500);
    expect(json).toMatchObject({ code: 'LAUNCH_CANCELLED' });
    expect(await stayingOf(id)).toBe('');
  }

  it('for a node with enough of what it wants, says what there is too little of', async () => {
    const launch = beginLaunch(gateway.current, { name: 'light', env: { KERNEL_CPUS: '1000' } });
    const progress = await progressLike(gateway.current, launch.id, /no node can take it/);
    expect(progress).toMatch(/^waiting for its pod \(no node can take it: .*Insufficient cpu\)$/);
    await gateway.current.logged(new RegExp(`${launch.id} is launched: waiting for its pod \\(no node`));
    const { json } = await gateway.current.request(`/api/kernels/${launch.id}`);
    expect(json).toMatchObject({ execution_state: 'starting', progress });
    await isDeletedWithoutTrace(launch);
  });

  it('longer than the launch may take, says so in the error', async () => {
    const { message, reason } = await failedLaunch(
      gateway.current,
      { name: 'light', env: { KERNEL_CPUS: '1000', KERNEL_LAUNCH_TIMEOUT: '5' } },
      'LAUNCH_TIMEOUT',
    );
    expect(message).toMatch(/still waiting for its pod \(no node can take it: .*Insufficient cpu\)/);
    expect(reason).toContain('KERNEL_LAUNCH_TIMEOUT');
  });

  it('for a node of some kind, goes on when there is one', async () => {
    const launch = beginLaunch(gateway.current, { name: 'labelled_node' });
    await progressLike(gateway.current, launch.id, /no node can take it: .*(selector|affinity)/);
    await labelNode('yes');
    onTestFinished(() => labelNode(null));
    await comesUp(launch);
  });

  it('for leave to be scheduled, says whose', async () => {
    const launch = beginLaunch(gateway.current, { name: 'gated' });
    await progressLike(gateway.current, launch.id, /held back from scheduling by example\.com\/approval/);
    const { core } = await clusterApi();
    const { metadata, spec } = await podOfKernel(launch.id);
    const { name = '', namespace = '' } = metadata ?? {};
    await core.replaceNamespacedPod({
      name,
      namespace,
      body: {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: metadata ?? {},
        spec: { ...known(spec), schedulingGates: [] },
      },
    });
    await comesUp(launch);
  });

  it('for a volume claim, goes on when it is there', async () => {
    const namespace = await ownNamespace();
    const launch = beginLaunch(gateway.current, { name: 'with_claim', env: { KERNEL_NAMESPACE: namespace } });
    await progressLike(gateway.current, launch.id, /persistentvolumeclaim "team-work" not found/);
    await createClaim(namespace);
    await comesUp(launch);
  });

  it('for a volume that cannot be mounted, says why, and goes on when it can', async () => {
    const namespace = await ownNamespace();
    const launch = beginLaunch(gateway.current, {
      name: 'with_secret',
      env: { KERNEL_NAMESPACE: namespace },
    });
    await progressLike(
      gateway.current,
      launch.id,
      /volumes cannot be mounted: .*secret "team-login" not found/,
    );
    const { core } = await clusterApi();
    await core.createNamespacedSecret({ namespace, body: { metadata: { name: 'team-login' } } });
    await comesUp(launch);
  });

  it('for an init container, says which', async () => {
    const { code, open } = await barrier();
    const launch = beginLaunch(gateway.current, { name: 'prepared', env: { KERNEL_PREPARATION: code } });
    await progressLike(gateway.current, launch.id, /\(init container prepare is still at work\)/);
    open();
    await comesUp(launch);
  });

  it('for the kernel in its running container, says so, and can be deleted', async () => {
    const launch = beginLaunch(gateway.current, { name: 'silent' });
    await progressLike(gateway.current, launch.id, /^waiting for the kernel to tell how to reach it$/);
    const { status } = await podOfKernel(launch.id);
    const states: (V1ContainerState | undefined)[] =
      status?.containerStatuses?.map(({ state }) => state) ?? [];
    expect(states[0]?.running).toBeDefined();
    await isDeletedWithoutTrace(launch);
  });

  it('for an image, says which, and fails once its registry refuses it', async (context) => {
    await skipWithoutRegistry(context);
    const registry = await fakeRegistry(registryError(404, 'MANIFEST_UNKNOWN'));
    const image = `${registry.host}/team/kernel:7`;
    const launch = beginLaunch(gateway.current, { name: 'pulled', env: { KERNEL_IMAGE: image } });
    await progressLike(gateway.current, launch.id, new RegExp(`pulls image ${image}`));
    registry.open();
    const { status, json } = await launch.answer;
    expect(status).toBe(500);
    expect(json).toMatchObject({ code: 'IMAGE_PULL_FAILED' });
    expect(json.message).toBe(`Image ${image} cannot be pulled: not found in its registry.`);
    expect(json.reason).toContain('the tag');
  });

  it.for([
    [
      'credentials',
      registryError(401, 'UNAUTHORIZED', { 'www-authenticate': 'Basic realm="team"' }),
      /wants credentials/,
      /EG_IMAGE_PULL_SECRETS/,
    ],
    ['patience', registryError(429, 'TOOMANYREQUESTS'), /allows no more pulls for now/, /later/],
    ['a repair', registryError(503, 'UNAVAILABLE'), /cannot be reached/, /nodes can reach it/],
  ] as const)(
    'for an image whose registry wants %s, fails at once',
    async ([_what, answer, said, hint], context) => {
      await skipWithoutRegistry(context);
      const registry = await fakeRegistry(answer);
      registry.open();
      const { message, reason } = await failedLaunch(
        gateway.current,
        { name: 'pulled', env: { KERNEL_IMAGE: `${registry.host}/team/kernel:7` } },
        'IMAGE_PULL_FAILED',
      );
      expect(message).toMatch(said);
      expect(reason).toMatch(hint);
    },
  );
});

async function skipWithoutRegistry(context: TestContext): Promise<void> {
  const reason = await whyNoFakeRegistry();
  if (reason !== null) context.skip(reason);
}

function known<Value>(value: Value | undefined): Value {
  if (value === undefined) throw new Error('the pod has no spec');
  return value;
}

/** Puts the label of these tests on one of the nodes, or takes it away. */
async function labelNode(value: string | null): Promise<void> {
  const { core, objects } = await clusterApi();
  const { items } = await core.listNode();
  const name = items[0]?.metadata?.name ?? '';
  await objects.patch({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, labels: { [LABEL]: value as string } },
  });
}

/** A namespace of one test. */
async function ownNamespace(): Promise<string> {
  const name = `pending-${randomUUID()}`;
  await createNamespace(name);
  const { core } = await clusterApi();
  onTestFinished(async () => {
    await core.deleteNamespace({ name });
  });
  return name;
}

/** With a volume of its own, so that no cluster has to provide any. */
async function createClaim(namespace: string): Promise<void> {
  const { core } = await clusterApi();
  const accessModes = ['ReadWriteOnce'];
  await core.createPersistentVolume({
    body: {
      metadata: { name: namespace },
      spec: {
        accessModes,
        capacity: { storage: '1Mi' },
        hostPath: { path: '/tmp' },
        storageClassName: '',
        claimRef: { namespace, name: 'team-work' },
      },
    },
  });
  onTestFinished(async () => {
    await core.deletePersistentVolume({ name: namespace });
  });
  await core.createNamespacedPersistentVolumeClaim({
    namespace,
    body: {
      metadata: { name: 'team-work' },
      spec: {
        accessModes,
        resources: { requests: { storage: '1Mi' } },
        storageClassName: '',
        volumeName: namespace,
      },
    },
  });
}
