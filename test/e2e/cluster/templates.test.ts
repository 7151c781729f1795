/** Kernelspecs as operators have them on disk: a launch script that is not there any more, and a template of their own. */
import { randomUUID } from 'node:crypto';
import type { KubernetesObject, V1Container } from '@kubernetes/client-node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OLDER_POD } from '../../adapters/kubernetes/operator-templates.ts';
import { eventually } from '../deadline.ts';
import { evaluate, KernelClient } from '../kernel-client.ts';
import { clusterApi, createNamespace } from './cluster-api.ts';
import { type ClusterSpec, sharedClusterGateway } from './gateway-on-cluster.ts';
import { launchPod, refusedLaunch } from './launched-pod.ts';
import { leftOf, namesOf } from './leftovers.ts';
import { describeCluster } from './suite.ts';

const TEMPLATE = 'scripts/kernel-pod.yaml.j2';
const SHARED_MEMORY = `
    volumeMounts:
# Define any "unconditional" mounts here, followed by "conditional" mounts that vary per client
    - mountPath: /dev/shm
      name: dshm
    {% if kernel_volume_mounts %}
      {% for volume_mount in kernel_volume_mounts %}
    - {{ volume_mount }}
      {% endfor %}
    {% endif %}
  volumes:
# Define any "unconditional" volumes here, followed by "conditional" volumes that vary per client
  - name: dshm
    emptyDir:
      medium: Memory
  {% if kernel_volumes %}
    {% for volume in kernel_volumes %}
  - {{ volume }}
    {% endfor %}
  {% endif %}
`;

/** A kernelspec whose command line is that of Enterprise Gateway's. */
function scriptSpec(script: string, files: Record<string, string>): ClusterSpec {
  const argument = (name: string) => [`--RemoteProcessProxy.${name}`, `{${name.replaceAll('-', '_')}}`];
  const kernel = {
    argv: [
      'python',
      script,
      ...['kernel-id', 'port-range', 'response-address', 'public-key'].flatMap(argument),
    ],
    display_name: 'Python as before',
    language: 'python',
    metadata: {
      process_proxy: {
        class_name: 'enterprise_gateway.services.processproxies.k8s.KubernetesProcessProxy',
        config: {},
      },
    },
  };
  return { image: 'kernelPy', files: { 'kernel.json': JSON.stringify(kernel), ...files } };
}

const ELSEWHERE = '/usr/local/share/jupyter/kernels/python_kubernetes/scripts/launch_kubernetes.py';

describeCluster('a kernelspec of Enterprise Gateway', () => {
  const older = { image: 'oldLauncher' as const };
  const gateway = sharedClusterGateway({
    clusterSpecs: {
      no_script: { ...scriptSpec(ELSEWHERE, { [TEMPLATE]: OLDER_POD }), ...older },
      stub: scriptSpec('{resource_dir}/scripts/launch_kubernetes.py', {
        'scripts/launch_kubernetes.py': 'raise SystemExit("nobody runs this")',
        [TEMPLATE]: OLDER_POD + SHARED_MEMORY,
      }),
      no_template: scriptSpec(ELSEWHERE, {}),
    },
  });

  it('works with its template though its script is gone, with an old image', async () => {
    const { id, container } = await launchPod(gateway.current, {
      name: 'no_script',
      env: { KERNEL_USERNAME: 'ada' },
    });
    const client = await KernelClient.connect(gateway.current, id);
    expect((await client.execute('print(6 * 7)')).stdout).toBe('42\n');
    const variable = (name: string) => valueIn(container, name);
    expect(variable('EG_RESPONSE_ADDRESS')).toMatch(/^\d+\.\d+\.\d+\.\d+:\d+$/);
    expect(variable('EG_RESPONSE_ADDRESS')).toBe(variable('RESPONSE_ADDRESS'));
    expect(variable('EG_PUBLIC_KEY')).toBe(variable('PUBLIC_KEY'));
    expect(variable('KERNEL_USERNAME')).toBe('ada');
  });

  it('has its script not run, and its unconditional volumes mounted beside those of a client', async () => {
    const { id } = await launchPod(gateway.current, {
      name: 'stub',
      env: {
        KERNEL_VOLUMES: '[{"name": "data", "emptyDir": {}}]',
        KERNEL_VOLUME_MOUNTS: '[{"name": "data", "mountPath": "/data"}]',
      },
    });
    const client = await KernelClient.connect(gateway.current, id);
    const places = '[line.split()[1] for line in open("/proc/mounts")]';
    expect(await evaluate(client, places)).toEqual(expect.arrayContaining(['/dev/shm', '/data']));
    const size = '__import__("shutil").disk_usage("/dev/shm").total > 64 * 1024 ** 2';
    expect(await evaluate(client, size)).toBe(true);
  });

  it('works with the shipped template if it has none', async () => {
    const { id, pod } = await launchPod(gateway.current, { name: 'no_template' });
    const client = await KernelClient.connect(gateway.current, id);
    expect((await client.execute('print(6 * 7)')).stdout).toBe('42\n');
    expect(pod.metadata?.labels?.['source']).toBe('kernel-pod.yaml');
  });
});

describeCluster('a template with more than a pod', () => {
  const team = `templates-${randomUUID()}`;
  const SEVERAL = `
apiVersion: v1
kind: Service
metadata:
  name: "{{ kernel_pod_name }}-ui"
spec:
  clusterIP: None
  selector: {kernel_id: "{{ kernel_id }}"}
---
${OLDER_POD}
    volumeMounts:
    - {name: settings, mountPath: /etc/settings}
    - {name: login, mountPath: /etc/login}
  volumes:
  - name: settings
    configMap: {name: "{{ kernel_pod_name }}-settings"}
  - name: login
    secret: {secretName: "{{ kernel_pod_name }}-login"}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: "{{ kernel_pod_name }}-settings"
data:
  user: "{{ kernel_username }}"
---
apiVersion: v1
kind: Secret
metadata: {name: "{{ kernel_pod_name }}-login"}
stringData: {password: "of {{ kernel_username }}"}
`;
  const gateway = sharedClusterGateway({
    clusterSpecs: { several: scriptSpec(ELSEWHERE, { [TEMPLATE]: SEVERAL }) },
  });

  beforeAll(() => createNamespace(team));
  afterAll(async () => {
    const { core } = await clusterApi();
    await core.deleteNamespace({ name: team });
  });

  it('has all of it made for the kernel, and removed with it from a namespace that stays', async () => {
    const env = { KERNEL_NAMESPACE: team, KERNEL_USERNAME: 'ada' };
    const { id, pod } = await launchPod(gateway.current, { name: 'several', env });
    const client = await KernelClient.connect(gateway.current, id);
    const settings = '[open("/etc/settings/user").read(), open("/etc/login/password").read()]';
    expect(await evaluate(client, settings)).toEqual(['ada', 'of ada']);
    const name = pod.metadata?.name;
    expect(
      namesOf(await leftOf([id]))
        .split(', ')
        .sort(),
    ).toEqual([
      `ConfigMap ${team}/${name}-settings`,
      `Pod ${team}/${name}`,
      `Secret ${team}/${name}-login`,
      `Service ${team}/${name}-ui`,
    ]);
    await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
    await eventually(60_000, 'the end of its objects', async () => (await leftOf([id])).length === 0);
  });

  it('has all of it made again at a restart', async () => {
    const env = { KERNEL_NAMESPACE: team, KERNEL_USERNAME: 'grace' };
    const { id } = await launchPod(gateway.current, { name: 'several', env });
    const { status, text } = await gateway.current.request(`/api/kernels/${id}/restart`, { method: 'POST' });
    expect(status, text).toBe(200);
    const client = await KernelClient.connect(gateway.current, id);
    expect(await evaluate(client, 'open("/etc/settings/user").read()')).toBe('grace');
    // What belonged to the first pod is collected a little later, and must not take the new one's along.
    await eventually(60_000, 'one of each', async () => {
      const left = (await leftOf([id])).filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
      return (
        left
          .map(({ kind }) => kind)
          .sort()
          .join() === 'ConfigMap,Pod,Secret,Service'
      );
    });
  });
});

describeCluster('a template with storage', () => {
  const team = `storage-${randomUUID()}`;
  const file = `/home-data/${team}.txt`;
  const STORAGE = `${OLDER_POD}
    volumeMounts:
    - {name: home, mountPath: /home-data}
  volumes:
  - name: home
    persistentVolumeClaim: {claimName: "home-{{ kernel_username }}"}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata:
  name: "home-{{ kernel_username }}"
spec:
  accessModes: [ReadWriteOnce]
  storageClassName: ${team}
  resources: {requests: {storage: 1Mi}}
`;
  const gateway = sharedClusterGateway({
    clusterSpecs: { stored: scriptSpec(ELSEWHERE, { [TEMPLATE]: STORAGE }) },
  });

  beforeAll(async () => {
    await createNamespace(team);
    const { objects } = await clusterApi();
    await objects.create(administratorsVolume(team));
  });
  afterAll(async () => {
    const { core } = await clusterApi();
    await core.deleteNamespace({ name: team });
    await core.deletePersistentVolume({ name: team });
  });

  it("keeps what the user's kernel wrote for the user's next one", async () => {
    const env = { KERNEL_NAMESPACE: team, KERNEL_USERNAME: 'ada' };
    const first = await launchPod(gateway.current, { name: 'stored', env });
    const one = await KernelClient.connect(gateway.current, first.id);
    await evaluate(one, `open(${JSON.stringify(file)}, "w").write("notes")`);
    await gateway.current.request(`/api/kernels/${first.id}`, { method: 'DELETE' });

    const second = await launchPod(gateway.current, { name: 'stored', env });
    const other = await KernelClient.connect(gateway.current, second.id);
    expect(await evaluate(other, `open(${JSON.stringify(file)}).read()`)).toBe('notes');
    await evaluate(other, `__import__("os").remove(${JSON.stringify(file)})`);
  });
});

describeCluster('a template that is wrong', () => {
  const wrong = (text: string) => scriptSpec(ELSEWHERE, { [TEMPLATE]: text });
  const gateway = sharedClusterGateway({
    clusterSpecs: {
      undefined_variable: wrong(OLDER_POD.replace('{{ kernel_image }}', '{{ kernel_colour }}')),
      broken_block: wrong(`${OLDER_POD}{% if kernel_uid %}`),
      broken_yaml: wrong(`${OLDER_POD}\n  - x: [`),
      no_pod: wrong('apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\n'),
      two_pods: wrong(`${OLDER_POD}---${OLDER_POD}`),
      deployment: wrong(`${OLDER_POD}---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {name: x}\n`),
      unknown_argument: {
        ...wrong(OLDER_POD),
        files: {
          'kernel.json': JSON.stringify({
            argv: ['python', 'launch_kubernetes.py', '--colour', 'red'],
            display_name: 'x',
            language: 'python',
            metadata: { process_proxy: { class_name: 'KubernetesProcessProxy' } },
          }),
        },
      },
    },
  });

  it.each([
    ['undefined_variable', /kernel-pod\.yaml\.j2: .*kernel_colour/],
    ['broken_block', /kernel-pod\.yaml\.j2: /],
    ['broken_yaml', /kernel-pod\.yaml\.j2: /],
    ['no_pod', /holds no Pod/],
    ['two_pods', /2 objects of kind Pod/],
    ['deployment', /Deployment.*must be one of/],
    ['unknown_argument', /--colour/],
  ])('(%s) is told as such before anything is created', async (name, message) => {
    const { status, json } = await refusedLaunch(gateway.current, { name });
    expect(status).toBe(500);
    expect(json.message).toMatch(message);
    expect(json.message).not.toContain('\n');
    expect(json.reason).toMatch(/^Correct /);
    await gateway.current.logged(/LAUNCH_REFUSED/);
  });
});

/** On the node's own disk, which the test has a right to give away. */
function administratorsVolume(name: string): KubernetesObject {
  return {
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name },
    spec: {
      accessModes: ['ReadWriteOnce'],
      capacity: { storage: '1Mi' },
      storageClassName: name,
      persistentVolumeReclaimPolicy: 'Retain',
      hostPath: { path: '/tmp' },
    },
  } as KubernetesObject;
}

function valueIn({ env }: V1Container, name: string): string | undefined {
  return env?.find((variable) => variable.name === name)?.value;
}
