/** Launches that can't succeed end at once, and say why. None of these waits for its timeout: there is none. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../deadline.ts';
import { clusterApi, createNamespace } from './cluster-api.ts';
import { beginLaunch, expectCode, failedLaunch, NEVER, progressLike, stayingOf } from './failing-kernels.ts';
import { sharedClusterGateway } from './gateway-on-cluster.ts';
import { podOfKernel } from './launched-pod.ts';
import { podSpec, scriptPod } from './pod-templates.ts';
import { describeCluster } from './suite.ts';

const SLEEP = 'import time; time.sleep(3600)';
const ALLOCATE = 'held = b"x" * 2**30';

describeCluster('a container that cannot be set up or started', () => {
  const gateway = sharedClusterGateway({
    env: { EG_KERNEL_LAUNCH_TIMEOUT: NEVER },
    clusterSpecs: {
      nowhere: podSpec('localhost:1/team/nowhere:1'),
      unknown_host: podSpec('registry.invalid/team/image:1'),
      misnamed: podSpec('light', { image: 'Registry.example/Team/Image:1' }),
      never_pulled: podSpec('localhost/not-on-the-node:1', { imagePullPolicy: 'Never' }),
      sidecar_nowhere: podSpec(
        'light',
        {},
        {
          initContainers: [{ name: 'fetch', image: 'localhost:1/team/fetch:1' }],
        },
      ),
      no_secret: podSpec('light', { envFrom: [{ secretRef: { name: 'no-such-secret' } }] }),
      no_key: podSpec('light', {
        env: [{ name: 'X', valueFrom: { configMapKeyRef: { name: 'no-such-map', key: 'x' } } }],
      }),
      no_command: podSpec('light', { command: ['/opt/no-such-launcher'] }),
      tiny: podSpec('light', { resources: { limits: { memory: '4' } } }),
    },
  });

  it.each([
    ['nowhere', 'localhost:1/team/nowhere:1'],
    ['unknown_host', 'registry.invalid/team/image:1'],
  ])('IMAGE_PULL_FAILED: its registry cannot be reached (%s)', async (name, image) => {
    const { message, reason } = await failedLaunch(gateway.current, { name }, 'IMAGE_PULL_FAILED');
    expect(message).toContain(`Image ${image} cannot be pulled: its registry cannot be reached`);
    expect(reason).toMatch(/registry/);
  });

  it('IMAGE_PULL_FAILED: of an init container, which is named', async () => {
    const { message } = await failedLaunch(gateway.current, { name: 'sidecar_nowhere' }, 'IMAGE_PULL_FAILED');
    expect(message).toContain('Image localhost:1/team/fetch:1 of container fetch cannot be pulled');
  });

  it('IMAGE_PULL_FAILED: it may not be pulled, and is not on the node', async () => {
    const { message, reason } = await failedLaunch(
      gateway.current,
      { name: 'never_pulled' },
      'IMAGE_PULL_FAILED',
    );
    expect(message).toContain('localhost/not-on-the-node:1 is not on the node');
    expect(reason).toContain('imagePullPolicy');
  });

  it('IMAGE_NAME_INVALID: the template names an image that there cannot be', async () => {
    const { message } = await failedLaunch(gateway.current, { name: 'misnamed' }, 'IMAGE_NAME_INVALID');
    expect(message).toContain('Registry.example/Team/Image:1');
  });

  it.each([
    ['no_secret', 'secret "no-such-secret" not found'],
    ['no_key', 'configmap "no-such-map" not found'],
  ])('CONTAINER_CONFIG_INVALID: it wants what is not there (%s)', async (name, what) => {
    const { message, reason } = await failedLaunch(gateway.current, { name }, 'CONTAINER_CONFIG_INVALID');
    expect(message).toContain(what);
    expect(reason).toContain("in the kernel's namespace");
  });

  it('CONTAINER_START_FAILED: its command is not in the image', async () => {
    const { message, reason } = await failedLaunch(
      gateway.current,
      { name: 'no_command' },
      'CONTAINER_START_FAILED',
    );
    expect(message).toContain('/opt/no-such-launcher is not in image');
    expect(reason).toMatch(/image|command/);
  });

  it('OUT_OF_MEMORY: a limit without a unit, in which nothing can start', async () => {
    const { message, reason } = await failedLaunch(gateway.current, { name: 'tiny' }, 'OUT_OF_MEMORY');
    expect(message).toMatch(/its limit is 4\b/);
    expect(reason).toContain('4Gi');
  });
});

describeCluster('a container that ends instead of telling where its kernel is', () => {
  const gateway = sharedClusterGateway({
    env: { EG_KERNEL_LAUNCH_TIMEOUT: NEVER },
    clusterSpecs: {
      exits_1: scriptPod('light', 'import sys; sys.exit("libmagic.so.7 is missing")'),
      exits_0: scriptPod('light', ''),
      colourful: scriptPod(
        'light',
        String.raw`import sys; print("one\n\n\x1b[31mtwo\x1b[0m\x07\r\nthree"); sys.exit(42)`,
      ),
      kills_itself: scriptPod(
        'light',
        'import os, signal; print("at work"); os.kill(os.getpid(), signal.SIGKILL)',
        {},
        { shareProcessNamespace: true },
      ),
      greedy: scriptPod('light', ALLOCATE, { resources: { limits: { memory: '96Mi' } } }),
      init_fails: podSpec(
        'light',
        {},
        {
          initContainers: [
            {
              name: 'fetch-data',
              image: '{{ kernel_image }}',
              command: ['python3', '-c', 'import sys; sys.exit("bucket is empty")'],
            },
          ],
        },
      ),
      sleeps: scriptPod(
        'light',
        `print("still reading", flush=True); ${SLEEP}`,
        {},
        // Python as process 1 does not end for SIGTERM.
        { terminationGracePeriodSeconds: 1 },
      ),
    },
  });

  it('CONTAINER_EXITED: with its code, and its last words', async () => {
    const { message, reason } = await failedLaunch(gateway.current, { name: 'exits_1' }, 'CONTAINER_EXITED');
    expect(message).toBe("The kernel's container exited with code 1: libmagic.so.7 is missing");
    expect(reason).toMatch(/what the kernel wrote last/);
  });

  it('CONTAINER_EXITED: with code 0, though it never said where its kernel is', async () => {
    const { message } = await failedLaunch(gateway.current, { name: 'exits_0' }, 'CONTAINER_EXITED');
    expect(message).toContain('exited with code 0');
  });

  it('CONTAINER_EXITED: its last lines come in one, without colours', async () => {
    const { message } = await failedLaunch(gateway.current, { name: 'colourful' }, 'CONTAINER_EXITED');
    expect(message).toContain('exited with code 42: one | two | three');
  });

  it('CONTAINER_EXITED: killed by a signal, which is named', async () => {
    const { message } = await failedLaunch(gateway.current, { name: 'kills_itself' }, 'CONTAINER_EXITED');
    expect(message).toContain('SIGKILL');
  });

  it('CONTAINER_EXITED: an init container, which is named with its last words', async () => {
    const { message, reason } = await failedLaunch(
      gateway.current,
      { name: 'init_fails' },
      'CONTAINER_EXITED',
    );
    expect(message).toBe('Init container fetch-data exited with code 1: bucket is empty');
    expect(reason).toContain('fetch-data');
  });

  it('OUT_OF_MEMORY: killed at its limit, which is told', async () => {
    const { message, reason } = await failedLaunch(gateway.current, { name: 'greedy' }, 'OUT_OF_MEMORY');
    expect(message).toContain('its limit is 96Mi');
    expect(reason).toContain('KERNEL_MEMORY_LIMIT');
  });

  it('POD_DELETED: somebody else deletes its pod', async () => {
    const { id, answer } = beginLaunch(gateway.current, { name: 'sleeps' });
    await progressLike(gateway.current, id, /waiting for the kernel to tell/);
    const { metadata } = await podOfKernel(id);
    const { core } = await clusterApi();
    await core.deleteNamespacedPod({ name: metadata?.name ?? '', namespace: metadata?.namespace ?? '' });
    const { status, json } = await answer;
    expect(status).toBe(500);
    expect(json.message).toContain(`pod ${metadata?.name} was deleted by somebody else`);
    await expectCode(gateway.current, id, 'POD_DELETED');
    expect(await stayingOf(id)).toBe('');
  });

  it('LAUNCH_CANCELLED: its client deletes the kernel', async () => {
    const { id, answer } = beginLaunch(gateway.current, { name: 'sleeps' });
    await progressLike(gateway.current, id, /waiting for the kernel to tell/);
    expect((await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' })).status).toBe(204);
    const { status, json } = await answer;
    expect(status).toBe(500);
    expect(json.message).toContain('shut down before it was ready');
    expect(await stayingOf(id)).toBe('');
  });

  it('LAUNCH_TIMEOUT: the last resort, which says what was waited for', async () => {
    const { message, reason } = await failedLaunch(
      gateway.current,
      { name: 'sleeps', env: { KERNEL_LAUNCH_TIMEOUT: '5' } },
      'LAUNCH_TIMEOUT',
    );
    expect(message).toContain('not ready within 5 s');
    expect(message).toContain('waiting for the kernel to tell how to reach it');
    expect(reason).toContain('KERNEL_LAUNCH_TIMEOUT');
  });
});

describeCluster('a namespace that does not take the pod', () => {
  const gateway = sharedClusterGateway({
    env: { EG_KERNEL_LAUNCH_TIMEOUT: NEVER },
    clusterSpecs: { sleeps: scriptPod('light', SLEEP) },
  });
  const suffix = randomUUID();
  const names = {
    full: `full-${suffix}`,
    small: `small-${suffix}`,
    strict: `strict-${suffix}`,
    plain: `plain-${suffix}`,
  };

  beforeAll(async () => {
    const { core } = await clusterApi();
    await createNamespace(names.full);
    await createNamespace(names.small);
    await createNamespace(names.plain);
    await createNamespace(names.strict, { 'pod-security.kubernetes.io/enforce': 'restricted' });
    await core.createNamespacedResourceQuota({
      namespace: names.full,
      body: { metadata: { name: 'team-quota' }, spec: { hard: { pods: '0' } } },
    });
    await core.createNamespacedLimitRange({
      namespace: names.small,
      body: {
        metadata: { name: 'team-limits' },
        spec: { limits: [{ type: 'Container', max: { memory: '64Mi' } }] },
      },
    });
    // The quota is obeyed once its controller has seen it.
    await eventually(30_000, 'the quota', async () => {
      const { status } = await core.readNamespacedResourceQuota({
        namespace: names.full,
        name: 'team-quota',
      });
      return status?.hard !== undefined;
    });
  });
  afterAll(async () => {
    const { core } = await clusterApi();
    for (const name of Object.values(names)) await core.deleteNamespace({ name });
  });

  const inNamespace = (namespace: string, env: Record<string, string> = {}) => ({
    name: 'light',
    env: { KERNEL_NAMESPACE: namespace, KERNEL_SERVICE_ACCOUNT_NAME: 'default', ...env },
  });

  it('QUOTA_EXCEEDED: with the quota, what it allows and what is in use', async () => {
    const { message, reason } = await failedLaunch(
      gateway.current,
      inNamespace(names.full),
      'QUOTA_EXCEEDED',
    );
    expect(message).toContain(`Quota team-quota of namespace ${names.full}`);
    expect(message).toContain('pods=0');
    expect(reason).toMatch(/Shut down kernels/);
  });

  it('ADMISSION_DENIED: by a LimitRange, with the bound', async () => {
    const { message, reason } = await failedLaunch(
      gateway.current,
      inNamespace(names.small, { KERNEL_MEMORY: '128Mi', KERNEL_MEMORY_LIMIT: '128Mi' }),
      'ADMISSION_DENIED',
    );
    expect(message).toContain(`LimitRange of namespace ${names.small}`);
    expect(message).toMatch(/64Mi.*128Mi/);
    expect(reason).toContain('KERNEL_MEMORY');
  });

  it('ADMISSION_DENIED: by the level of Pod Security, with what it wants', async () => {
    const { message, reason } = await failedLaunch(
      gateway.current,
      { ...inNamespace(names.strict), name: 'sleeps' },
      'ADMISSION_DENIED',
    );
    expect(message).toContain(`Namespace ${names.strict} accepts only pods of security level restricted`);
    expect(message).toContain('allowPrivilegeEscalation');
    expect(reason).toContain('pod template');
  });

  it('NAMESPACE_NOT_FOUND: it does not exist', async () => {
    const { message, reason } = await failedLaunch(
      gateway.current,
      inNamespace(`none-${suffix}`),
      'NAMESPACE_NOT_FOUND',
    );
    expect(message).toContain(`no namespace none-${suffix}`);
    expect(reason).toContain('KERNEL_NAMESPACE');
  });

  it('SERVICE_ACCOUNT_NOT_FOUND: it has no service account of that name', async () => {
    const { message, reason } = await failedLaunch(
      gateway.current,
      inNamespace(names.plain, { KERNEL_SERVICE_ACCOUNT_NAME: 'ghost' }),
      'SERVICE_ACCOUNT_NOT_FOUND',
    );
    expect(message).toContain(`no service account ghost in namespace ${names.plain}`);
    expect(reason).toContain('KERNEL_SERVICE_ACCOUNT_NAME');
  });

  it('NAMESPACE_NOT_FOUND: it is being deleted', async () => {
    const name = `going-${suffix}`;
    await createNamespace(name);
    const { core } = await clusterApi();
    // Something in it that can't go keeps it.
    await core.createNamespacedConfigMap({
      namespace: name,
      body: { metadata: { name: 'keeper', finalizers: ['example.com/kept-by-a-test'] } },
    });
    await core.deleteNamespace({ name });
    try {
      const { message } = await failedLaunch(gateway.current, inNamespace(name), 'NAMESPACE_NOT_FOUND');
      expect(message).toContain(`Namespace ${name} is being deleted`);
    } finally {
      await core.replaceNamespacedConfigMap({
        namespace: name,
        name: 'keeper',
        body: { metadata: { name: 'keeper', finalizers: [] } },
      });
    }
  });

  it('takes a pod that does as the strictest level wants', async () => {
    const { answer, id } = beginLaunch(gateway.current, inNamespace(names.strict));
    const { status, text } = await answer;
    expect(status, text).toBe(201);
    await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
    expect(await stayingOf(id)).toBe('');
  });
});
