/** What clients, kernelspecs and settings say about a pod, seen from inside of it. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type ClientOptions, evaluate, KernelClient } from '../kernel-client.ts';
import { clusterApi, createNamespace, podThat, testCluster } from './cluster-api.ts';
import { ownClusterGateway, sharedClusterGateway } from './gateway-on-cluster.ts';
import { type LaunchedPod, launchPod, printed, refusedLaunch } from './launched-pod.ts';
import { describeCluster } from './suite.ts';

type Gateway = ReturnType<typeof sharedClusterGateway>;
type Launch = Parameters<typeof launchPod>[1];

const LIGHT = { name: 'light' };

async function connected(
  gateway: Gateway,
  body: Launch,
  options?: ClientOptions,
): Promise<LaunchedPod & { client: KernelClient }> {
  const launched = await launchPod(gateway.current, body);
  return { ...launched, client: await KernelClient.connect(gateway.current, launched.id, options) };
}

describeCluster('the user of a kernel', () => {
  const gateway = sharedClusterGateway();
  const WHO = '[__import__("os").getuid(), __import__("os").getgid(), sorted(__import__("os").getgroups())]';

  it('is 1000:100 unless the client says otherwise', async () => {
    const { client } = await connected(gateway, {});
    expect(await evaluate(client, WHO)).toEqual([1000, 100, [100]]);
  });

  it('is the one that the client chose, with write access to what its pod mounts', async () => {
    const { client } = await connected(gateway, {
      env: {
        KERNEL_UID: '4711',
        KERNEL_GID: '815',
        KERNEL_VOLUMES: '[{"name": "scratch", "emptyDir": {}}]',
        KERNEL_VOLUME_MOUNTS: '[{"name": "scratch", "mountPath": "/scratch"}]',
      },
    });
    expect(await evaluate(client, WHO)).toEqual([4711, 815, [100, 815]]);
    expect(await evaluate(client, 'open("/scratch/mine", "w").write("x")')).toBe(1);
  });

  it.each(['0', '+0', ' 00 ', '0x0', '0.0', '-0', '٠', '', '1e3', '4294967296'])(
    'CVE-2026-44180: is refused as %j before anything is created',
    async (uid) => {
      const { status, json } = await refusedLaunch(gateway.current, { env: { KERNEL_UID: uid } });
      expect(status).toBe(403);
      expect(json.message).toContain('KERNEL_UID');
      expect(json.reason).toContain('EG_PROHIBITED_UIDS');
    },
  );

  it('is refused for its group before anything is created', async () => {
    const { status, json } = await refusedLaunch(gateway.current, { env: { KERNEL_GID: '0' } });
    expect(status).toBe(403);
    expect(json.message).toContain('KERNEL_GID');
  });

  it('is not what a variable of almost the same name says', async () => {
    const { pod } = await launchPod(gateway.current, { ...LIGHT, env: { KERNEL_Uid: '0', KERNEL_uid: '0' } });
    expect(pod.spec?.securityContext).toMatchObject({ runAsUser: 1000, runAsGroup: 100 });
  });
});

describeCluster('the prohibition of users', () => {
  const gateway = sharedClusterGateway({
    env: { EG_PROHIBITED_UIDS: '4711,4712', EG_PROHIBITED_GIDS: '4713' },
  });

  it('is what the operator says', async () => {
    expect((await refusedLaunch(gateway.current, { env: { KERNEL_UID: '4712' } })).status).toBe(403);
    const { client } = await connected(gateway, { env: { KERNEL_UID: '0', KERNEL_GID: '0' } });
    expect(await evaluate(client, '__import__("os").getuid()')).toBe(0);
  });
});

describeCluster('the image of a kernel', () => {
  describe('when the operator has no list', () => {
    const gateway = sharedClusterGateway({
      env: { EG_KERNEL_IMAGE: 'localhost/never:used' },
      clusterSpecs: { executed: { image: 'light', config: { executor_image_name: 'localhost/executor:1' } } },
    });

    it('is that of the client, else that of the kernelspec', async () => {
      const { images } = testCluster();
      const chosen = await launchPod(gateway.current, { env: { KERNEL_IMAGE: images.light } });
      expect(chosen.container.image).toBe(images.light);
      expect((await launchPod(gateway.current, LIGHT)).container.image).toBe(images.light);
    });

    it('comes with one for executors, which the kernel is told', async () => {
      const { container } = await launchPod(gateway.current, { name: 'executed' });
      const { images } = testCluster();
      expect(container.env).toContainEqual({ name: 'KERNEL_EXECUTOR_IMAGE', value: 'localhost/executor:1' });
      expect(container.env).toContainEqual({ name: 'KERNEL_IMAGE', value: images.light });
    });

    it.each(['light --privileged', '../light', 'light"\t# x', 'registry.example/UPPER/case'])(
      'is refused as %j before anything is created',
      async (image) => {
        const { status, json } = await refusedLaunch(gateway.current, { env: { KERNEL_IMAGE: image } });
        expect(status).toBe(400);
        expect(json.message).toContain('env.KERNEL_IMAGE');
      },
    );
  });

  describe('when neither client nor kernelspec names one', () => {
    it('is that of EG_KERNEL_IMAGE', async () => {
      const { light } = testCluster().images;
      const gateway = await ownClusterGateway({
        env: { EG_KERNEL_IMAGE: light },
        clusterSpecs: { imageless: { image: '' } },
      });
      const { id, container } = await launchPod(gateway, { name: 'imageless' });
      expect(container.image).toBe(light);
      await gateway.request(`/api/kernels/${id}`, { method: 'DELETE' });
    });
  });

  describe('when the operator has a list', () => {
    const gateway = sharedClusterGateway({ env: { EG_ALLOWED_IMAGES: 'localhost/team/*, localhost/one:1' } });

    it('is refused if it is not on the list, before anything is created', async () => {
      const { status, json } = await refusedLaunch(gateway.current, {
        env: { KERNEL_IMAGE: 'localhost/other:1' },
      });
      expect(status).toBe(403);
      expect(json.message).toContain('localhost/other:1');
      expect(json.reason).toContain('EG_ALLOWED_IMAGES');
    });

    it("need not be on the list as the kernelspec's own", async () => {
      expect((await launchPod(gateway.current, LIGHT)).container.image).toBe(testCluster().images.light);
    });
  });
});

describeCluster('the resources of a kernel', () => {
  const gateway = sharedClusterGateway();
  const GPU = 'nvidia.com/gpu';
  /** Of either version of cgroups: the memory in bytes, and the processors. */
  const LIMITS = [
    'import json, os',
    'def read(*names):',
    '    return next(open(name).read().split() for name in names if os.path.exists(name))',
    'root = "/sys/fs/cgroup/"',
    'memory = read(root + "memory.max", root + "memory/memory.limit_in_bytes")[0]',
    'cpu = read(root + "cpu.max", root + "cpu/cpu.cfs_quota_us")[0]',
    'print(json.dumps([memory, cpu]))',
  ].join('\n');

  it('are requested and limited in the pod, and limited in its control group', async () => {
    const { client, container } = await connected(gateway, {
      env: {
        KERNEL_CPUS: '0.1',
        KERNEL_MEMORY: '64Mi',
        KERNEL_CPUS_LIMIT: '750m',
        KERNEL_MEMORY_LIMIT: '300Mi',
      },
    });
    expect(container.resources).toEqual({
      requests: { cpu: '100m', memory: '64Mi' },
      limits: { cpu: '750m', memory: '300Mi' },
    });
    expect(await printed(client, LIMITS)).toEqual([String(300 * 1024 ** 2), '75000']);
  });

  it('are not mentioned when nobody asks for any', async () => {
    const { container } = await launchPod(gateway.current, LIGHT);
    expect(container.resources ?? {}).toEqual({});
  });

  it.each([
    ['KERNEL_CPUS', 'two'],
    ['KERNEL_MEMORY_LIMIT', '1Gi, hugepages-2Mi: 1Gi'],
    ['KERNEL_GPUS', '0.5'],
  ])('are refused for %s=%j before anything is created', async (name, value) => {
    const { status, json } = await refusedLaunch(gateway.current, { env: { [name]: value } });
    expect(status).toBe(400);
    expect(json.message).toContain(`env.${name}`);
  });

  describe('on a node with processors for graphics', () => {
    let takeBack = async () => {};

    beforeAll(async () => {
      takeBack = await advertiseGpus(4);
    });
    afterAll(() => takeBack());

    it('can include some of these', async () => {
      const { pod, container, namespace } = await launchPod(gateway.current, {
        ...LIGHT,
        env: { KERNEL_GPUS: '2', KERNEL_GPUS_LIMIT: '2' },
      });
      expect(container.resources).toEqual({ requests: { [GPU]: '2' }, limits: { [GPU]: '2' } });
      await podThat(
        namespace,
        pod.metadata?.name ?? '',
        'its start',
        ({ status }) => status?.phase === 'Running',
      );
    });
  });
});

describeCluster('the volumes of a kernel', () => {
  const team = `values-${randomUUID()}`;
  const gateway = sharedClusterGateway();

  beforeAll(() => createNamespace(team));
  afterAll(async () => {
    const { core } = await clusterApi();
    await core.deleteNamespace({ name: team });
  });

  it('are mounted as the client says, in JSON or YAML', async () => {
    const { core } = await clusterApi();
    const metadata = { name: 'settings' };
    await core.createNamespacedConfigMap({
      namespace: team,
      body: { metadata, data: { 'a.txt': 'for ada' } },
    });
    const { client } = await connected(gateway, {
      env: {
        KERNEL_NAMESPACE: team,
        KERNEL_VOLUMES:
          '[{name: settings, configMap: {name: settings}}, {name: m, emptyDir: {medium: Memory}}]',
        KERNEL_VOLUME_MOUNTS: JSON.stringify([
          { name: 'settings', mountPath: '/etc/settings', readOnly: true },
          { name: 'm', mountPath: '/fast' },
        ]),
      },
    });
    expect(await evaluate(client, 'open("/etc/settings/a.txt").read()')).toBe('for ada');
    const type = '[line.split()[0] for line in open("/proc/mounts") if " /fast " in line]';
    expect(await evaluate(client, type)).toEqual(['tmpfs']);
  });

  it.each([
    ['hostPath', '[{"name": "root", "hostPath": {"path": "/"}}]'],
    ['hostPath', '[{"name": "root", "emptyDir": {}, "hostPath": {"path": "/"}}]'],
    ['hostPath', '[{name: root, ? hostPath : {path: /}}]'],
  ])('of type %s are refused as %s before anything is created', async (type, volumes) => {
    const { status, json } = await refusedLaunch(gateway.current, { env: { KERNEL_VOLUMES: volumes } });
    expect(status).toBe(403);
    expect(json.message).toContain(type);
    expect(json.reason).toContain('EG_ALLOWED_VOLUME_TYPES');
  });

  it.each([
    ['KERNEL_VOLUMES', '{"name": "x"}'],
    ['KERNEL_VOLUMES', '["x"]'],
    ['KERNEL_VOLUMES', '[{"name": '],
    ['KERNEL_VOLUME_MOUNTS', '/data'],
    ['KERNEL_VOLUMES', '[&a {name: x, emptyDir: {}}, *b]'],
    ['KERNEL_VOLUMES', '[!!python/object/apply:os.system ["id"]]'],
  ])('that are no list of mappings are refused: %s=%s', async (name, value) => {
    const { status, json } = await refusedLaunch(gateway.current, { env: { [name]: value } });
    expect(status).toBe(400);
    expect(json.message).toContain(`env.${name}`);
  });

  it('do not get a pod made that its cluster does not accept, and the reason is told', async () => {
    const { status, json } = await refusedLaunch(gateway.current, {
      ...LIGHT,
      env: { KERNEL_NAMESPACE: team, KERNEL_VOLUME_MOUNTS: '[{"name": "nowhere", "mountPath": "/x"}]' },
    });
    expect(status).toBe(500);
    expect(json.message).toContain('volumeMounts[0].name');
  });
});

describeCluster('the working directory of a kernel', () => {
  const gateway = sharedClusterGateway({ env: { EG_MIRROR_WORKING_DIRS: 'True' } });
  const other = sharedClusterGateway();
  const CWD = '__import__("os").getcwd()';

  it('is that of the notebook where EG_MIRROR_WORKING_DIRS is set', async () => {
    const { client } = await connected(gateway, { env: { KERNEL_WORKING_DIR: '/var/tmp' } });
    expect(await evaluate(client, CWD)).toBe('/var/tmp');
  });

  it("is the image's elsewhere", async () => {
    const { client, container } = await connected(other, { env: { KERNEL_WORKING_DIR: '/var/tmp' } });
    expect(container.workingDir).toBeUndefined();
    expect(await evaluate(client, CWD)).not.toBe('/var/tmp');
    expect(await evaluate(client, 'dict(__import__("os").environ)')).not.toHaveProperty('KERNEL_WORKING_DIR');
  });

  it('is refused if it is not absolute, before anything is created', async () => {
    const { status, json } = await refusedLaunch(gateway.current, { env: { KERNEL_WORKING_DIR: 'notes' } });
    expect(status).toBe(400);
    expect(json.message).toContain('env.KERNEL_WORKING_DIR');
  });
});

describeCluster('the environment of a kernel', () => {
  const gateway = sharedClusterGateway({
    env: {
      EG_INHERITED_ENVS: 'TEAM_PROXY,EG_AUTH_TOKEN',
      EG_CLIENT_ENVS: 'COLOUR',
      TEAM_PROXY: 'http://proxy.example:3128',
      GATEWAY_PASSWORD: 'swordfish-of-the-gateway',
    },
    clusterSpecs: {
      equipped: {
        image: 'kernelPy',
        env: { GREETING: 'Hello $KERNEL_USERNAME', COLOUR: 'blue', KERNEL_LEVEL: 'spec' },
      },
    },
  });

  it("is made of the client's, the kernelspec's and what is inherited, and holds what is the gateway's to say", async () => {
    const { id, client, namespace } = await connected(gateway, {
      name: 'equipped',
      env: {
        KERNEL_USERNAME: 'ada',
        KERNEL_LEVEL: 'client',
        KERNEL_NOTE: '(SHELL) & "quotes" \'and\' ü; | more',
        KERNEL_GATEWAY: 'no',
        COLOUR: 'red',
        OTHER: 'dropped',
      },
    });
    const environ = await evaluate<Record<string, string>>(client, 'dict(__import__("os").environ)');
    expect(environ).toMatchObject({
      GREETING: 'Hello ada',
      COLOUR: 'red',
      TEAM_PROXY: 'http://proxy.example:3128',
      KERNEL_LEVEL: 'client',
      KERNEL_NOTE: '(SHELL) & "quotes" \'and\' ü; | more',
      KERNEL_ID: id,
      KERNEL_NAME: 'equipped',
      KERNEL_LANGUAGE: 'python',
      KERNEL_USERNAME: 'ada',
      KERNEL_GATEWAY: '1',
      KERNEL_NAMESPACE: namespace,
      KERNEL_POD_NAME: namespace,
      KERNEL_SERVICE_ACCOUNT_NAME: 'default',
      KERNEL_UID: '1000',
      KERNEL_GID: '100',
    });
    expect(environ).not.toHaveProperty('OTHER');
  });

  it("is never the gateway's own, and tells the kernel's code no secret of the launch", async () => {
    const { client, pod } = await connected(gateway, { name: 'equipped' });
    const environ = await evaluate<Record<string, string>>(client, 'dict(__import__("os").environ)');
    for (const text of [JSON.stringify(pod), JSON.stringify(environ)]) {
      expect(text).not.toContain('swordfish-of-the-gateway');
      expect(text).not.toContain(gateway.current.root);
      expect(text).not.toContain('KUBECONFIG');
    }
    expect(environ['HOME']).not.toBe(process.env['HOME']);
    for (const name of ['KERNEL_LAUNCH_TOKEN', 'KERNEL_GATEWAY_KEY', 'EG_AUTH_TOKEN']) {
      expect(environ).not.toHaveProperty(name);
    }
  });

  it('does not take the place of other variables, whatever its values look like', async () => {
    const { client, container } = await connected(gateway, {
      env: { KERNEL_NOTE: 'see (KERNEL_ID) or %PATH%' },
    });
    expect(await evaluate(client, '__import__("os").environ["KERNEL_NOTE"]')).toBe(
      'see (KERNEL_ID) or %PATH%',
    );
    const names = container.env?.map(({ name }) => name);
    expect(new Set(names).size).toBe(names?.length);
  });
});

/** Says of a node that it has them, as device plugins do. @returns what takes them back */
async function advertiseGpus(count: number): Promise<() => Promise<void>> {
  const { core } = await clusterApi();
  const [node] = (await core.listNode()).items;
  const name = node?.metadata?.name ?? '';
  if (node?.status?.capacity?.['nvidia.com/gpu'] !== undefined) return async () => {};
  const patch = (op: string) =>
    ['capacity', 'allocatable'].map((list) => ({
      op,
      path: `/status/${list}/nvidia.com~1gpu`,
      ...(op === 'add' && { value: String(count) }),
    }));
  await core.patchNodeStatus({ name, body: patch('add') });
  return async () => {
    await core.patchNodeStatus({ name, body: patch('remove') }).catch(() => {});
  };
}
