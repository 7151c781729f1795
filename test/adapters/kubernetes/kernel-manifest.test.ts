import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parseKernelJson } from '../../../src/adapters/kernelspecs/kernel-json.ts';
import { kernelManifest } from '../../../src/adapters/kubernetes/kernel-manifest.ts';
import { KERNEL_ID } from '../../machines/samples.ts';
import { temporaryDir, write } from '../kernelspecs/fixtures.ts';
import {
  envIn,
  manifestOf,
  PARAMETERS,
  POD_ENV,
  podIn,
  podPlanOf,
  rulesOf,
  shippedManifest,
} from './kernel-manifests.ts';
import { BARE_POD, NEWER_POD, OLDER_POD, SEVERAL_OBJECTS } from './operator-templates.ts';

const LABELS = { app: 'enterprise-gateway', component: 'kernel', kernel_id: KERNEL_ID };
const VOLUMES = { KERNEL_VOLUMES: '[{name: home, persistentVolumeClaim: {claimName: alice}}]' };
const MOUNTS = { KERNEL_VOLUME_MOUNTS: '[{"name": "home", "mountPath": "/home", "readOnly": true}]' };
const FILES = join(import.meta.dirname, '../../../kernelspecs');

describe('the template that comes with the gateway', () => {
  test('makes a pod for the chosen image and user, that keeps to the restricted standard', async () => {
    const [pod, ...others] = await shippedManifest();
    expect(others).toEqual([]);
    expect(pod).toMatchObject({
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: {
        name: `alice-${KERNEL_ID}`,
        namespace: 'team-a',
        labels: LABELS,
        annotations: { 'cluster-autoscaler.kubernetes.io/safe-to-evict': 'false' },
      },
      spec: {
        restartPolicy: 'Never',
        serviceAccountName: 'kernels',
        securityContext: {
          runAsUser: 1000,
          runAsGroup: 100,
          fsGroup: 100,
          runAsNonRoot: true,
          seccompProfile: { type: 'RuntimeDefault' },
        },
        containers: [
          {
            name: `alice-${KERNEL_ID}`,
            image: 'registry.example/kernel:1',
            securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
          },
        ],
      },
    });
  });

  test('asks for nothing that is not asked for', async () => {
    const { spec } = podIn(await shippedManifest());
    expect(spec).not.toHaveProperty('volumes');
    expect(spec).not.toHaveProperty('imagePullSecrets');
    for (const field of ['resources', 'volumeMounts', 'workingDir']) {
      expect(spec?.containers[0]).not.toHaveProperty(field);
    }
  });

  test('asks for the resources, the volumes and the directory of the request', async () => {
    const { spec } = podIn(
      await shippedManifest({
        ...VOLUMES,
        ...MOUNTS,
        KERNEL_CPUS: '0.5',
        KERNEL_MEMORY_LIMIT: '2Gi',
        KERNEL_GPUS: '1',
        KERNEL_GPUS_LIMIT: '1',
        KERNEL_WORKING_DIR: '/home/alice',
      }),
    );
    expect(spec?.volumes).toEqual([{ name: 'home', persistentVolumeClaim: { claimName: 'alice' } }]);
    expect(spec?.containers[0]).toMatchObject({
      workingDir: '/home/alice',
      volumeMounts: [{ name: 'home', mountPath: '/home', readOnly: true }],
      resources: {
        requests: { cpu: '0.5', 'nvidia.com/gpu': '1' },
        limits: { memory: '2Gi', 'nvidia.com/gpu': '1' },
      },
    });
  });

  test('lets root be root where the operator allows that', async () => {
    const { spec } = podIn(await shippedManifest({ KERNEL_UID: '0' }, { prohibitedUids: [] }));
    expect(spec?.securityContext).toMatchObject({ runAsUser: 0 });
    expect(spec?.securityContext).not.toHaveProperty('runAsNonRoot');
  });

  test('is used by the kernelspec that comes with the gateway, whose image is of its version', async () => {
    const spec = parseKernelJson(await readFile(join(FILES, 'python_kubernetes/kernel.json'), 'utf8'), 'x');
    const { version } = JSON.parse(await readFile(join(FILES, '../package.json'), 'utf8')) as {
      version: string;
    };
    expect(spec).toMatchObject({ argv: [], language: 'python', interrupt_mode: 'signal' });
    expect(spec.metadata).toMatchObject({
      process_proxy: { config: { image_name: `kernelgate/kernel-py:${version}` } },
    });
  });
});

describe("the container's variables", () => {
  test('are the launch environment, and how to reach the gateway', async () => {
    expect(envIn(await shippedManifest({ MY_SETTING: 'x' }))).toEqual({
      ...POD_ENV,
      MY_SETTING: 'x',
      KERNEL_SPARK_CONTEXT_INIT_MODE: 'none',
      RESPONSE_ADDRESS: '10.0.0.1:8877',
      PUBLIC_KEY: 'rsa-key',
      PORT_RANGE: '0..0',
      KERNEL_GATEWAY_KEY: 'x25519-key',
      KERNEL_LAUNCH_TOKEN: 'token-of-this-pod',
    });
  });

  test("of the template take the launch environment's values; others stay, each is there once", async () => {
    const template = BARE_POD.replace(
      'env:',
      'env: [{name: KERNEL_USERNAME, value: nobody}, {name: OWN, value: "1"}, {name: NODE, valueFrom: {fieldRef: {fieldPath: spec.nodeName}}}]',
    );
    const [container] = podIn(await manifestOf(template)).spec?.containers ?? [];
    expect(container?.env?.slice(0, 3)).toEqual([
      { name: 'KERNEL_USERNAME', value: 'alice' },
      { name: 'OWN', value: '1' },
      { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
    ]);
    const names = container?.env?.map(({ name }) => name) ?? [];
    expect(names.length).toBe(new Set(names).size);
  });

  test('come from the arguments of the launch script, where it has some', async () => {
    const argv = [
      'python',
      'launch_kubernetes.py',
      '--port-range=40000..41000',
      '--kernel-class-name=my.Kernel',
    ];
    const words = ['--spark-context-initialization-mode=lazy', '--response-address=gateway.example:1'];
    expect(envIn(await manifestOf(OLDER_POD, {}, {}, [...argv, ...words]))).toMatchObject({
      PORT_RANGE: '40000..41000',
      KERNEL_CLASS_NAME: 'my.Kernel',
      KERNEL_SPARK_CONTEXT_INIT_MODE: 'lazy',
      RESPONSE_ADDRESS: 'gateway.example:1',
      EG_RESPONSE_ADDRESS: 'gateway.example:1',
    });
  });

  test('cannot be set by a client in place of the gateway', async () => {
    const env = { KERNEL_LAUNCH_TOKEN: 'mine', KERNEL_GATEWAY_KEY: 'mine', RESPONSE_ADDRESS: 'mine' };
    expect(envIn(await shippedManifest(env))).toMatchObject({
      KERNEL_LAUNCH_TOKEN: 'token-of-this-pod',
      KERNEL_GATEWAY_KEY: 'x25519-key',
      RESPONSE_ADDRESS: '10.0.0.1:8877',
    });
  });

  test('arrive as they are, though Kubernetes would expand them', async () => {
    const env = { A: '$(KERNEL_ID)', B: 'a$$b', C: '$HOME $', D: '$$(X)$' };
    const values = envIn(await shippedManifest(env));
    const expanded = Object.keys(env).map((name) => [name, asKubernetesExpands(values[name] ?? '')]);
    expect(Object.fromEntries(expanded)).toEqual(env);
  });

  test('with a name that no container takes are refused', async () => {
    await expect(shippedManifest({ 'KERNEL_A B': 'x' })).rejects.toThrow(
      'env: "KERNEL_A B" is no name for a variable of a container',
    );
  });
});

/** `$$` is one dollar sign; `$(NAME)` a reference, here to nothing. */
function asKubernetesExpands(value: string): string {
  return value.replace(/\$\$|\$\(\w+\)/g, (found) => (found === '$$' ? '$' : ''));
}

describe("operators' templates", () => {
  test('of the older style work as they lie on disk', async () => {
    const objects = await manifestOf(OLDER_POD);
    expect(podIn(objects).spec).toMatchObject({
      serviceAccountName: 'kernels',
      securityContext: { runAsUser: 1000, runAsGroup: 100, fsGroup: 100 },
      containers: [{ name: `alice-${KERNEL_ID}`, image: 'registry.example/kernel:1' }],
    });
    expect(envIn(objects)).toMatchObject({
      EG_RESPONSE_ADDRESS: '10.0.0.1:8877',
      EG_PUBLIC_KEY: 'rsa-key',
      KERNEL_NAME: 'python_kubernetes',
      KERNEL_SPARK_CONTEXT_INIT_MODE: 'none',
    });
  });

  test('of the newer style keep what every kernel gets before what the client asks for', async () => {
    const { metadata, spec } = podIn(
      await manifestOf(NEWER_POD, { ...VOLUMES, ...MOUNTS, KERNEL_TEAM: 'red' }),
    );
    expect(metadata.labels).toMatchObject({ team: 'red' });
    expect(spec?.nodeSelector).toEqual({ pool: 'kernels' });
    expect(spec?.tolerations).toEqual([{ key: 'kernels', operator: 'Exists', effect: 'NoSchedule' }]);
    expect(spec?.volumes?.map(({ name }) => name)).toEqual(['dshm', 'home']);
    expect(spec?.containers[0]?.volumeMounts?.map(({ mountPath }) => mountPath)).toEqual([
      '/dev/shm',
      '/home',
    ]);
  });

  test('of the newer style work without anything that a client could ask for', async () => {
    const { spec } = podIn(await manifestOf(NEWER_POD));
    expect(spec?.volumes).toEqual([{ name: 'dshm', emptyDir: { medium: 'Memory' } }]);
    expect(spec?.containers[0]).not.toHaveProperty('resources');
  });

  test('with blocks that stay empty make no members that are null', async () => {
    const { spec } = podIn(await manifestOf(BARE_POD));
    expect(spec).not.toHaveProperty('volumes');
    expect(spec?.containers[0]).not.toHaveProperty('volumeMounts');
  });

  test('of several objects are created so that the pod finds what it needs', async () => {
    const objects = await manifestOf(SEVERAL_OBJECTS, { KERNEL_USERNAME: 'a"b: c' });
    expect(objects.map(({ kind }) => kind)).toEqual([
      'PersistentVolume',
      'PersistentVolumeClaim',
      'Secret',
      'ConfigMap',
      'Pod',
      'Service',
    ]);
    expect(objects.find(({ kind }) => kind === 'ConfigMap')).toMatchObject({
      data: { user: 'a"b: c', 'settings.py': 'user = "a\\"b: c"\n' },
    });
  });

  test('label every object as the kernel’s, whatever they say themselves', async () => {
    const objects = await manifestOf(SEVERAL_OBJECTS);
    for (const { metadata } of objects) {
      expect(metadata.labels).toMatchObject({ ...LABELS, 'kernelgate-gateway': 'one' });
    }
    expect(objects.find(({ kind }) => kind === 'ConfigMap')?.metadata.labels).toMatchObject({ team: 'data' });
  });

  test("put every object into the kernel's namespace, except what belongs to none", async () => {
    const objects = await manifestOf(SEVERAL_OBJECTS);
    const places = Object.fromEntries(objects.map(({ kind, metadata }) => [kind, metadata.namespace]));
    expect(places).toMatchObject({ Pod: 'team-a', Secret: 'team-a', Service: 'team-a' });
    expect(places['PersistentVolume']).toBeUndefined();
  });

  test('never have a pod restarted by its node', async () => {
    const template = BARE_POD.replace('spec:', 'spec:\n  restartPolicy: Always');
    expect(podIn(await manifestOf(template)).spec?.restartPolicy).toBe('Never');
  });

  test('get the pull secrets beside their own, each once', async () => {
    const template = BARE_POD.replace('spec:', 'spec:\n  imagePullSecrets: [{name: own}, {name: both}]');
    const { spec } = podIn(await manifestOf(template, {}, { imagePullSecrets: ['both', 'more'] }));
    expect(spec?.imagePullSecrets).toEqual([{ name: 'own' }, { name: 'both' }, { name: 'more' }]);
  });

  test('beside the launch script come before those of the kernelspec', async () => {
    const resourceDir = await temporaryDir();
    await write(
      join(resourceDir, 'scripts/kernel-pod.yaml.j2'),
      BARE_POD.replace('name: kernel\n', 'name: beside\n'),
    );
    await write(join(resourceDir, 'kernel-pod.yaml.j2'), BARE_POD);
    const argv = ['python', '{resource_dir}/scripts/launch_kubernetes.py'];
    const manifest = await kernelManifest(podPlanOf({}, { resourceDir, argv }), PARAMETERS, rulesOf());
    expect(podIn(manifest).spec?.containers[0]?.name).toBe('beside');
  });

  test('see only variables in upper case: no other spelling stands in for one that was checked', async () => {
    const env = { KERNEL_Uid: '0', KERNEL_image: 'evil:1', KERNEL_Extra: 'x' };
    expect(podIn(await manifestOf(OLDER_POD, env)).spec).toMatchObject({
      securityContext: { runAsUser: 1000 },
      containers: [{ image: 'registry.example/kernel:1' }],
    });
    await expect(manifestOf(`${BARE_POD}  hostname: "{{ kernel_extra }}"`, env)).rejects.toThrow(
      'kernel_extra is not defined',
    );
  });
});

describe('a template is refused, with its file and why,', () => {
  test.each([
    [
      'when a variable is missing',
      BARE_POD.replace('kernel_image', 'kernel_photo'),
      'kernel_photo is not defined',
    ],
    ['when it is no YAML', 'a: b: c', 'not valid YAML'],
    ['when it holds no pod', 'apiVersion: v1\nkind: Secret\nmetadata: {name: x}', 'it holds no Pod'],
    ['when it holds nothing', '', 'it holds no Pod'],
    [
      'when it holds two pods',
      `${BARE_POD}\n---\n${BARE_POD}`,
      'it holds 2 objects of kind Pod, at most one',
    ],
    ['when it holds text', 'hello', 'document 1 is no mapping'],
    [
      'when it holds another kind',
      'apiVersion: v1\nkind: Node',
      'kind of document 1 is "Node", must be one of',
    ],
    ['when it holds another version', 'apiVersion: v2\nkind: Pod', 'Pod: apiVersion is "v2", must be v1'],
    ['when an object has no name', 'apiVersion: v1\nkind: Pod\nmetadata: {}', 'metadata.name is missing'],
    ['when the pod has no container', 'apiVersion: v1\nkind: Pod\nmetadata: {name: x}', 'at least one entry'],
    [
      'when a value makes a number of a text that has no quotes',
      `${BARE_POD}\n---\napiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {uid: {{ kernel_uid }}}`,
      'ConfigMap: data.uid is 1000, must be a text',
    ],
    [
      'when a list is none',
      BARE_POD.replace('env:', 'env: 1'),
      'spec.containers[0].env must be a list of mappings',
    ],
  ])('%s', async (_, template, expected) => {
    const refusal = expect(manifestOf(template)).rejects;
    await refusal.toMatchObject({
      failure: { code: 'LAUNCH_REFUSED', hint: expect.stringMatching(/template/) },
    });
    await expect(manifestOf(template)).rejects.toThrow(/^Template \/.*kernel-pod\.yaml\.j2: /);
    await expect(manifestOf(template)).rejects.toThrow(expected);
  });

  test('when volumes are no list of mappings, without quoting them', async () => {
    for (const text of ['secret', '[secret]', '{secret: 1}', '[{', '- a: &x 1\n  a: 2']) {
      const refused = shippedManifest({ KERNEL_VOLUMES: text });
      await expect(refused).rejects.toThrow(
        'env.KERNEL_VOLUMES: must be a list of mappings in YAML or JSON.',
      );
    }
  });
});

test('CVE-2026-44181, CVE-2026-44182: no value of a client changes a pod but for the strings it stands in', async () => {
  const names = [
    'KERNEL_USERNAME',
    'KERNEL_POD_NAME',
    'KERNEL_CPUS',
    'KERNEL_MEMORY_LIMIT',
    'KERNEL_WORKING_DIR',
  ];
  const text = fc.oneof(
    fc.string({ unit: 'binary', minLength: 1 }),
    fc.constantFrom(
      '"\n  hostNetwork: true',
      '{{ kernel_id }}',
      '---',
      "' }",
      '{%',
      '&a',
      '*a',
      '| x',
      '#',
      '\n\n',
    ),
  );
  await fc.assert(
    fc.asyncProperty(fc.record(Object.fromEntries(names.map((name) => [name, text]))), async (env) => {
      const plain = Object.fromEntries(names.map((name) => [name, 'x']));
      const template = `${BARE_POD}\n  hostname: "{{ kernel_username }}"`;
      for (const make of [shippedManifest, (given: Record<string, string>) => manifestOf(template, given)]) {
        expect(shapeOf(await make(env))).toEqual(shapeOf(await make(plain)));
      }
      expect(envIn(await shippedManifest(env))['KERNEL_USERNAME']).toBe(
        env['KERNEL_USERNAME']?.replace(/\$(?=[$(])/g, '$$$$'),
      );
    }),
    { numRuns: 60 },
  );
});

/** Key paths and types. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shapeOf(member)]));
}
