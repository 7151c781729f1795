/** What values and templates may not do, seen in the pod that is made or is not made. */
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { OLDER_POD } from '../../adapters/kubernetes/operator-templates.ts';
import { clusterApi, createNamespace } from './cluster-api.ts';
import { type ClusterSpec, sharedClusterGateway } from './gateway-on-cluster.ts';
import { launchPod, refusedLaunch } from './launched-pod.ts';
import { describeCluster } from './suite.ts';

const TEMPLATE = 'scripts/kernel-pod.yaml.j2';
/** As many templates in use have it: values with and without quotes, in every place that YAML knows. */
const annotated = (notes: readonly string[]) =>
  notes
    .map(
      (_, index) => `
    plain-${index}: {{ kernel_note_${index} }}
    double-${index}: "{{ kernel_note_${index} }}"
    single-${index}: '{{ kernel_note_${index} }}'
    inside-${index}: before {{ kernel_note_${index} }} after
    block-${index}: |-
      {{ kernel_note_${index} }}
    escaped-${index}: {{ kernel_note_${index} | yaml_safe }}`,
    )
    .join('');
const notedPod = (notes: readonly string[]) =>
  OLDER_POD.replace('spec:\n', `  annotations:${annotated(notes)}\nspec:\n`);
/** What a client could write, by what it is known for. */
const NOTES: Record<string, string[]> = {
  'CVE-2026-44181': [
    '{{ 7 * 7 }}',
    '{{ kernel_id.__class__.__mro__ }} {% for x in (1, 2) %}x{% endfor %}',
    "{{ range.constructor('return process')().exit() }}",
    '{# gone #}',
    '{{ kernel_note_0 }}',
  ],
  'CVE-2026-44182': [
    'x", "privileged": "true',
    "x', hostNetwork: true, y: '",
    'x, hostNetwork: true',
    '{hostNetwork: true}',
    '[1, {hostPID: true}]',
    '&a x',
    '*a',
    '!!python/object/apply:os.system [id]',
    'x # comment',
    '---',
    'x\u2028hostNetwork: true\u0085hostPID: true',
    '<<: {hostNetwork: true}',
    'x: y',
    '- x',
    '| x',
  ],
};
const light = (template: string): ClusterSpec => ({ image: 'light', files: { [TEMPLATE]: template } });

describeCluster('what a client writes into a variable', () => {
  const gateway = sharedClusterGateway({
    clusterSpecs: {
      ...Object.fromEntries(
        Object.entries(NOTES).map(([cve, notes]) => [cve.toLowerCase(), light(notedPod(notes))]),
      ),
      noted: light(notedPod([''])),
    },
  });

  it.each(Object.entries(NOTES))('%s: stays text in the pod, and adds nothing to it', async (cve, notes) => {
    const env = Object.fromEntries(notes.map((note, index) => [`KERNEL_NOTE_${index}`, note]));
    const { id, pod, container } = await launchPod(gateway.current, { name: cve.toLowerCase(), env });
    const expected = notes.flatMap((note, index) => [
      ...['plain', 'double', 'single', 'block', 'escaped'].map((style) => [`${style}-${index}`, note]),
      [`inside-${index}`, `before ${note} after`],
    ]);
    expect(pod.metadata?.annotations).toEqual(Object.fromEntries(expected));
    expect(pod.metadata?.labels?.['kernel_id']).toBe(id);
    expect(pod.spec?.containers).toHaveLength(1);
    expect(pod.spec?.hostNetwork).toBeUndefined();
    expect(pod.spec?.hostPID).toBeUndefined();
    expect(container.securityContext).toBeUndefined();
    for (const [name, value] of Object.entries(env)) expect(container.env).toContainEqual({ name, value });
  });

  it.each(['true', '0x1F', '1.10'])(
    'is refused as %s where the template has no quotes for a text, before anything is created',
    async (note) => {
      const { json } = await refusedLaunch(gateway.current, { name: 'noted', env: { KERNEL_NOTE_0: note } });
      expect(json.message).toMatch(/metadata\.annotations\.plain-0 is .*, must be a text/);
      expect(json.reason).toContain('quotes');
    },
  );

  it.each(['x\n  hostNetwork: true', 'x\r---\rkind: Secret', '$(id)', '`id`', 'x\0'])(
    'CVE-2026-44182: is refused with what no variable may hold, before anything is created: %j',
    async (note) => {
      const { status, json } = await refusedLaunch(gateway.current, {
        name: 'noted',
        env: { KERNEL_NOTE_0: note },
      });
      expect(status).toBe(400);
      expect(json.message).toContain('env.KERNEL_NOTE_0');
    },
  );

  it.each([
    ['KERNEL_NAMESPACE', 'default\u0085x'],
    ['KERNEL_NAMESPACE', '../kube-system'],
    ['KERNEL_NAMESPACE', 'a/b'],
    ['KERNEL_SERVICE_ACCOUNT_NAME', 'default, hostNetwork: true'],
    ['KERNEL_SERVICE_ACCOUNT_NAME', 'Default'],
  ])('is refused as %s before anything is created: %j', async (name, value) => {
    const { status, json } = await refusedLaunch(gateway.current, { name: 'light', env: { [name]: value } });
    expect(status).toBe(400);
    expect(json.message).toContain(`env.${name}`);
  });

  it.each([
    '[{"name": "x", "emptyDir": {}, "__proto__": {"hostPath": {"path": "/"}}}]',
    '[{"name": "x", "emptyDir": {"hostPath": {"path": "/"}}}]',
    '[{"name": "{{ kernel_id }}", "emptyDir": {}}]',
  ])('makes no volume of the node however it is written: %s', async (volumes) => {
    const id = randomUUID();
    const { status, text } = await gateway.current.request('/api/kernels', {
      method: 'POST',
      body: { name: 'light', env: { KERNEL_ID: id, KERNEL_VOLUMES: volumes } },
    });
    if (status !== 201) return expect(text).toContain('"message"');
    const { core } = await clusterApi();
    const { items } = await core.listPodForAllNamespaces({ labelSelector: `kernel_id=${id}` });
    expect(items[0]?.spec?.volumes?.filter(({ hostPath }) => hostPath !== undefined)).toEqual([]);
    await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
  });
});

const withSpec = (lines: string) => OLDER_POD.replace('spec:\n', `spec:\n  ${lines}\n`);
const withContext = (field: string) => `${OLDER_POD}    securityContext: {${field}}\n`;

describeCluster('what a template may not ask for', () => {
  const clusterSpecs = {
    host_network: light(withSpec('hostNetwork: true')),
    host_pid: light(withSpec('hostPID: true')),
    host_path: light(withSpec('volumes: [{name: x, hostPath: {path: /tmp}}]')),
    privileged: light(withContext('privileged: true')),
    capability: light(withContext('capabilities: {add: [SYS_ADMIN]}')),
    as_root: light(withContext('runAsUser: 0')),
    sidecar: light(`${OLDER_POD}  - {name: sidecar, image: "docker.io/library/other:1"}\n`),
    account: light(OLDER_POD.replace(/serviceAccountName: .*/, 'serviceAccountName: admin')),
    other_namespace: light(OLDER_POD.replace('"{{ kernel_namespace }}"', 'kube-system')),
  };

  describe('unless it is allowed', () => {
    const gateway = sharedClusterGateway({
      env: { EG_ALLOWED_IMAGES: 'localhost/*', EG_ALLOWED_SERVICE_ACCOUNTS: 'kernel-*' },
      clusterSpecs,
    });

    it.each([
      ['host_network', 'spec.hostNetwork', 'EG_POD_PERMISSIONS'],
      ['host_pid', 'spec.hostPID', 'EG_POD_PERMISSIONS'],
      ['host_path', 'spec.volumes[0].hostPath', 'EG_POD_PERMISSIONS'],
      ['privileged', 'spec.containers[0].securityContext.privileged', 'EG_POD_PERMISSIONS'],
      ['capability', 'spec.containers[0].securityContext.capabilities.add', 'EG_POD_PERMISSIONS'],
      ['as_root', 'spec.containers[0].securityContext.runAsUser', 'EG_PROHIBITED_UIDS'],
      ['sidecar', 'spec.containers[1].image', 'EG_ALLOWED_IMAGES'],
      ['account', 'spec.serviceAccountName', 'EG_ALLOWED_SERVICE_ACCOUNTS'],
      ['other_namespace', 'metadata.namespace', 'kernel_namespace'],
    ])('(%s) is refused before anything is created', async (name, field, setting) => {
      const { status, json } = await refusedLaunch(gateway.current, { name });
      expect(status).toBe(500);
      expect(json.message).toContain(field);
      expect(`${json.message} ${json.reason}`).toContain(setting);
    });
  });

  describe('when it is allowed', () => {
    const gateway = sharedClusterGateway({
      env: { EG_POD_PERMISSIONS: 'hostPath,capabilities' },
      clusterSpecs,
    });

    it('is in the pod', async () => {
      const { pod } = await launchPod(gateway.current, { name: 'host_path' });
      expect(pod.spec?.volumes).toContainEqual({ name: 'x', hostPath: { path: '/tmp', type: '' } });
      const { container } = await launchPod(gateway.current, { name: 'capability' });
      expect(container.securityContext?.capabilities).toEqual({ add: ['SYS_ADMIN'] });
    });

    it('still is refused if it is something else', async () => {
      expect((await refusedLaunch(gateway.current, { name: 'privileged' })).status).toBe(500);
    });
  });
});

describeCluster("the operator's lists", () => {
  const team = `policy-${randomUUID()}`;
  const gateway = sharedClusterGateway({
    env: {
      EG_ALLOWED_NAMESPACES: 'policy-*',
      EG_ALLOWED_SERVICE_ACCOUNTS: 'kernel-*',
      EG_ALLOWED_VOLUME_TYPES: 'emptyDir,configMap',
    },
  });

  beforeAll(async () => {
    await createNamespace(team);
    const { core } = await clusterApi();
    await core.createNamespacedServiceAccount({ namespace: team, body: { metadata: { name: 'kernel-sa' } } });
  });
  afterAll(async () => {
    const { core } = await clusterApi();
    await core.deleteNamespace({ name: team });
  });

  it.each([
    ['namespace', { KERNEL_NAMESPACE: 'kube-system' }, 'EG_ALLOWED_NAMESPACES'],
    ['service account', { KERNEL_SERVICE_ACCOUNT_NAME: 'admin' }, 'EG_ALLOWED_SERVICE_ACCOUNTS'],
    [
      'type of volume',
      { KERNEL_VOLUMES: '[{"name": "x", "nfs": {"server": "files.example", "path": "/"}}]' },
      'EG_ALLOWED_VOLUME_TYPES',
    ],
  ])(
    'keep out another %s before anything is created',
    async (_what, env: Record<string, string>, setting) => {
      const { status, json } = await refusedLaunch(gateway.current, { name: 'light', env });
      expect(status).toBe(403);
      expect(json.reason).toContain(setting);
    },
  );

  it('let in what is on them', async () => {
    const { pod, namespace } = await launchPod(gateway.current, {
      name: 'light',
      env: {
        KERNEL_NAMESPACE: team,
        KERNEL_SERVICE_ACCOUNT_NAME: 'kernel-sa',
        KERNEL_VOLUMES: '[{"name": "x", "emptyDir": {}}]',
      },
    });
    expect(namespace).toBe(team);
    expect(pod.spec?.serviceAccountName).toBe('kernel-sa');
  });
});
