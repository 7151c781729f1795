import { describe, expect, test } from 'vitest';
import type { ManifestRules } from '../../../src/adapters/kubernetes/kernel-manifest.ts';
import { KERNEL_ID } from '../../machines/samples.ts';
import { manifestOf, podIn } from './kernel-manifests.ts';

/** A pod of which only some members matter. */
function podWith(spec: object, container: object = {}, metadata: object = {}): string {
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'a-kernel', ...metadata },
    spec: {
      securityContext: { runAsUser: 1000 },
      ...spec,
      containers: [{ name: 'kernel', image: '{{ kernel_image }}', ...container }],
    },
  })
    .replaceAll('}}', '} }')
    .replaceAll('{{', '{ {')
    .replace('{ { kernel_image } }', '{{ kernel_image }}');
}

function withObject(kind: string, spec: object, metadata: object = {}): string {
  const object = { apiVersion: 'v1', kind, metadata: { name: 'another', ...metadata }, spec };
  const text = JSON.stringify(object).replaceAll('}}', '} }');
  return `${podWith({})}\n---\n${text}`;
}

function refusal(template: string, rules: Partial<ManifestRules> = {}) {
  return manifestOf(template, {}, rules).then(
    () => null,
    ({ failure }: { failure: { code: string; message: string; hint: string } }) => failure,
  );
}

const OPENINGS: [string, string, string, string][] = [
  ['the network of the node', podWith({ hostNetwork: true }), 'spec.hostNetwork', 'hostNetwork'],
  ['the processes of the node', podWith({ hostPID: true }), 'spec.hostPID', 'hostPID'],
  ['the shared memory of the node', podWith({ hostIPC: true }), 'spec.hostIPC', 'hostIPC'],
  [
    'files of the node',
    podWith({
      volumes: [
        { name: 'ok', emptyDir: {} },
        { name: 'x', hostPath: { path: '/' } },
      ],
    }),
    'spec.volumes[1].hostPath',
    'hostPath',
  ],
  [
    'a port of the node',
    podWith({}, { ports: [{ hostPort: 80 }] }),
    'spec.containers[0].ports[0].hostPort',
    'hostPort',
  ],
  [
    'all rights',
    podWith({}, { securityContext: { privileged: true } }),
    'spec.containers[0].securityContext.privileged',
    'privileged',
  ],
  [
    'more rights later',
    podWith({}, { securityContext: { allowPrivilegeEscalation: true } }),
    'spec.containers[0].securityContext.allowPrivilegeEscalation',
    'allowPrivilegeEscalation',
  ],
  [
    'more capabilities',
    podWith({}, { securityContext: { capabilities: { add: ['SYS_ADMIN'] } } }),
    'spec.containers[0].securityContext.capabilities.add',
    'capabilities',
  ],
  [
    'an unmasked /proc',
    podWith({}, { securityContext: { procMount: 'Unmasked' } }),
    'spec.containers[0].securityContext.procMount',
    'privileged',
  ],
  [
    'a process of the node',
    podWith({ securityContext: { runAsUser: 1000, windowsOptions: { hostProcess: true } } }),
    'spec.securityContext.windowsOptions.hostProcess',
    'privileged',
  ],
  [
    'parameters of the node',
    podWith({
      securityContext: {
        runAsUser: 1000,
        sysctls: [{ name: 'net.ipv4.tcp_syncookies' }, { name: 'kernel.msgmax' }],
      },
    }),
    'spec.securityContext.sysctls[1].name',
    'privileged',
  ],
  [
    'system calls without a filter',
    podWith({}, { securityContext: { seccompProfile: { type: 'Unconfined' } } }),
    'spec.containers[0].securityContext.seccompProfile.type',
    'privileged',
  ],
  [
    'no AppArmor, by an annotation',
    podWith(
      {},
      {},
      { annotations: { 'container.apparmor.security.beta.kubernetes.io/kernel': 'unconfined' } },
    ),
    'metadata.annotations["container.apparmor.security.beta.kubernetes.io/kernel"]',
    'privileged',
  ],
  [
    'rights of an init container',
    podWith({ initContainers: [{ name: 'i', image: 'x', securityContext: { privileged: true } }] }),
    'spec.initContainers[0].securityContext.privileged',
    'privileged',
  ],
  [
    'files of a node as a volume',
    withObject('PersistentVolume', { hostPath: { path: '/' } }),
    'spec.hostPath',
    'hostPath',
  ],
  [
    'a disk of a node as a volume',
    withObject('PersistentVolume', { local: { path: '/' } }),
    'spec.local',
    'hostPath',
  ],
  ['a port of every node', withObject('Service', { type: 'NodePort' }), 'spec.type', 'hostPort'],
  ['a load balancer', withObject('Service', { type: 'LoadBalancer' }), 'spec.type', 'hostPort'],
];

describe('what opens the node', () => {
  test.each(OPENINGS)(
    '%s is refused, with the field and the permission',
    async (_, template, path, permission) => {
      expect(await refusal(template)).toMatchObject({
        code: 'LAUNCH_REFUSED',
        message: expect.stringMatching(
          /^(Pod a-kernel|(Service|PersistentVolume) another): \S+ is not allowed\.$/,
        ),
        hint: expect.stringContaining(`allow it by ${permission} in EG_POD_PERMISSIONS`),
      });
      expect((await refusal(template))?.message).toContain(path);
    },
  );

  test.each(OPENINGS)(
    '%s is possible with the permission, and with no other',
    async (_, template, __, permission) => {
      const all = ['hostNetwork', 'hostPID', 'hostIPC', 'hostPath', 'hostPort', 'privileged'];
      const others = [...all, 'allowPrivilegeEscalation', 'capabilities'].filter(
        (each) => each !== permission,
      );
      expect(await refusal(template, { permissions: others })).not.toBeNull();
      expect(await refusal(template, { permissions: [permission] })).toBeNull();
    },
  );

  test('an address of the cluster drawn to a service is refused by all means', async () => {
    const failure = await refusal(withObject('Service', { externalIPs: ['10.0.0.1'] }), {
      permissions: ['hostPort'],
    });
    expect(failure).toMatchObject({ message: expect.stringContaining('spec.externalIPs is not allowed') });
    expect(failure?.hint).toContain('no setting allows it');
  });

  test.each([
    [
      'switched off',
      podWith({ hostNetwork: false, hostPID: false }, { securityContext: { privileged: false } }),
    ],
    [
      'the default',
      podWith({}, { securityContext: { procMount: 'Default', capabilities: { drop: ['ALL'] } } }),
    ],
    ['a port of the container', podWith({}, { ports: [{ containerPort: 80, hostPort: 0 }] })],
    ['confined', podWith({}, { securityContext: { seccompProfile: { type: 'RuntimeDefault' } } })],
    ['a service of the cluster', withObject('Service', { type: 'ClusterIP', ports: [{ port: 80 }] })],
  ])('it is not when it is %s', async (_, template) => {
    expect(await refusal(template)).toBeNull();
  });
});

describe('users and groups', () => {
  test.each([
    ['runAsUser', 'EG_PROHIBITED_UIDS'],
    ['runAsGroup', 'EG_PROHIBITED_GIDS'],
    ['fsGroup', 'EG_PROHIBITED_GIDS'],
  ])('a prohibited %s is refused, of the pod and of any container', async (field, setting) => {
    for (const template of [
      podWith({ securityContext: { runAsUser: 1000, [field]: 0 } }),
      podWith({}, { securityContext: { [field]: 0 } }),
      podWith({ initContainers: [{ name: 'i', image: 'x', securityContext: { [field]: 0 } }] }),
      podWith({ ephemeralContainers: [{ name: 'i', image: 'x', securityContext: { [field]: 0 } }] }),
    ]) {
      const failure = await refusal(template);
      expect(failure?.message).toContain(`securityContext.${field} is 0, which ${setting} prohibits`);
    }
  });

  test('a prohibited group is refused among others', async () => {
    const template = podWith({ securityContext: { runAsUser: 1, supplementalGroups: [5, 0] } });
    expect((await refusal(template))?.message).toContain(
      'supplementalGroups[1] is 0, which EG_PROHIBITED_GIDS prohibits',
    );
  });

  test.each(['"0"', '"00"', '0.5', '[]', '-0.0', '0o0', '0x0', '00', 'false'])(
    'CVE-2026-44180: root is not let in as %s',
    async (user) => {
      const template = podWith({ securityContext: { runAsUser: 'USER' } }).replace('"USER"', user);
      const failure = await refusal(template);
      expect(failure?.message).toMatch(/runAsUser is .*, (must be a whole number|which EG_PROHIBITED_UIDS)/);
    },
  );

  test("the image's own user is refused where users are prohibited", async () => {
    const failure = await refusal(podWith({ securityContext: {} }));
    expect(failure?.message).toContain('spec.containers[0] has no runAsUser');
    expect(failure?.hint).toContain('runAsUser: {{ kernel_uid | int }}');
  });

  test('the image’s own user is let in when it can be none of the prohibited', async () => {
    const template = podWith({ securityContext: { runAsNonRoot: true } });
    expect(await refusal(template)).toBeNull();
    expect(await refusal(template, { prohibitedUids: [0, 1001] })).not.toBeNull();
    expect(await refusal(podWith({ securityContext: {} }), { prohibitedUids: [] })).toBeNull();
  });

  test('a container’s own word counts more than the pod’s', async () => {
    const pod = { securityContext: { runAsNonRoot: true } };
    expect(await refusal(podWith(pod, { securityContext: { runAsNonRoot: false } }))).not.toBeNull();
    expect(await refusal(podWith({ securityContext: {} }, { securityContext: { runAsUser: 7 } }))).toBeNull();
  });
});

describe('images and service accounts', () => {
  const sidecar = (image: string) => podWith({ initContainers: [{ name: 'i', image }] });

  test('that were chosen for the kernel were looked at before, and need no permission here', async () => {
    const template = podWith({ serviceAccountName: 'kernels' });
    expect(await refusal(template, { allowedImages: ['none'], allowedServiceAccounts: ['none'] })).toBeNull();
  });

  test('of other containers must be among the allowed ones, where there are any', async () => {
    const rules = { allowedImages: ['docker.io/*', 'registry.example/*/tool:*'] };
    expect(await refusal(sidecar('registry.example/team/tool:2'), rules)).toBeNull();
    expect(await refusal(sidecar('docker.io/busybox'), rules)).toBeNull();
    expect(await refusal(sidecar('evil/docker.io/busybox'), rules)).toMatchObject({
      message: expect.stringContaining('spec.initContainers[0].image is "evil/docker.io/busybox"'),
      hint: expect.stringContaining('EG_ALLOWED_IMAGES'),
    });
    expect(await refusal(sidecar('anything'))).toBeNull();
  });

  test.each(['serviceAccountName', 'serviceAccount'])('a %s must be an allowed one', async (field) => {
    const rules = { allowedServiceAccounts: ['team-*'] };
    expect(await refusal(podWith({ [field]: 'team-a' }), rules)).toBeNull();
    expect(await refusal(podWith({ [field]: 'admin' }), rules)).toMatchObject({
      message: `Pod a-kernel: spec.${field} is "admin", which is not among the allowed service accounts.`,
      hint: expect.stringContaining('EG_ALLOWED_SERVICE_ACCOUNTS'),
    });
  });

  test('a secret does not get the token of an account that is not allowed', async () => {
    const template = withObject(
      'Secret',
      {},
      { annotations: { 'kubernetes.io/service-account.name': 'admin' } },
    );
    expect(await refusal(template, { allowedServiceAccounts: ['kernels'] })).toMatchObject({
      message: expect.stringContaining('kubernetes.io/service-account.name'),
    });
  });
});

describe('a namespace', () => {
  test("other than the kernel's is refused", async () => {
    expect(await refusal(podWith({}, {}, { namespace: 'kube-system' }))).toMatchObject({
      message: "Pod a-kernel: metadata.namespace is kube-system, must be the kernel's, which is team-a.",
    });
  });

  test('is left out for what belongs to none', async () => {
    const objects = await manifestOf(withObject('PersistentVolume', {}, { namespace: 'team-a' }));
    expect(objects[0]).toMatchObject({ kind: 'PersistentVolume', metadata: { name: 'another' } });
    expect(objects[0]?.metadata).not.toHaveProperty('namespace');
  });
});

test('labels of the gateway and the kernel are stronger than a template', async () => {
  const labels = { kernel_id: 'other', component: 'else', 'kernelgate-gateway': 'two', team: 'red' };
  const { metadata } = podIn(await manifestOf(podWith({}, {}, { labels })));
  expect(metadata.labels).toEqual({
    app: 'enterprise-gateway',
    component: 'kernel',
    kernel_id: KERNEL_ID,
    'kernelgate-gateway': 'one',
    team: 'red',
  });
});
