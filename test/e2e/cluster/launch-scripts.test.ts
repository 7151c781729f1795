/** Operators' own launch commands, which make the pod by themselves. */
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect, it } from 'vitest';
import { eventually } from '../deadline.ts';
import { evaluate, KernelClient } from '../kernel-client.ts';
import { type ClusterSpec, sharedClusterGateway } from './gateway-on-cluster.ts';
import { PROJECT } from './images.ts';
import { launchPod, podOfKernel } from './launched-pod.ts';
import { leftOf, namesOf } from './leftovers.ts';
import { describeCluster } from './suite.ts';

const CLIENT = pathToFileURL(join(PROJECT, 'node_modules/@kubernetes/client-node/dist/index.js'));

/** What such scripts do: they take what they are told, and hand their environment on to the pod. */
const SCRIPT = `
import { CoreV1Api, KubeConfig } from '${CLIENT}';
const { argv, env } = process;
const told = (name) => argv[argv.indexOf('--RemoteProcessProxy.' + name) + 1];
const own = ['PATH', 'HOME', 'LANG', 'KUBECONFIG'];
const passedOn = {
  ...Object.fromEntries(Object.entries(env).filter(([name]) => !own.includes(name))),
  KERNEL_ID: told('kernel-id'),
  PORT_RANGE: told('port-range'),
  RESPONSE_ADDRESS: told('response-address'),
  PUBLIC_KEY: told('public-key'),
};
if (env.KERNEL_TEAM === 'without-token') {
  delete passedOn.KERNEL_LAUNCH_TOKEN;
  delete passedOn.KERNEL_GATEWAY_KEY;
}
const config = new KubeConfig();
config.loadFromDefault();
await config.makeApiClient(CoreV1Api).createNamespacedPod({
  namespace: env.KERNEL_NAMESPACE,
  body: {
    metadata: {
      name: 'made-by-script-' + env.KERNEL_ID,
      labels: { app: 'enterprise-gateway', component: 'kernel', kernel_id: env.KERNEL_ID },
      annotations: { arguments: JSON.stringify(argv.slice(2)) },
    },
    spec: {
      restartPolicy: 'Never',
      serviceAccountName: env.KERNEL_SERVICE_ACCOUNT_NAME,
      securityContext: { runAsUser: Number(env.KERNEL_UID), runAsGroup: Number(env.KERNEL_GID) },
      containers: [{
        name: 'kernel',
        image: env.KERNEL_IMAGE,
        env: Object.entries(passedOn).map(([name, value]) => ({ name, value })),
      }],
    },
  },
});
console.log('made the pod of ' + env.KERNEL_USERNAME);
`;

function commandSpec(argv: string[], more: Partial<ClusterSpec> = {}): ClusterSpec {
  const names = ['kernel-id', 'port-range', 'response-address', 'public-key'];
  const told = names.flatMap((name) => [`--RemoteProcessProxy.${name}`, `{${name.replaceAll('-', '_')}}`]);
  const kernel = {
    argv: [...argv, ...told],
    display_name: 'Launched by a script',
    language: 'python',
    metadata: {
      process_proxy: {
        class_name: 'enterprise_gateway.services.processproxies.k8s.KubernetesProcessProxy',
        config: {},
      },
    },
  };
  return { image: 'kernelPy', ...more, files: { 'kernel.json': JSON.stringify(kernel), ...more.files } };
}

const script = [process.execPath, '{resource_dir}/bin/launch.mjs'];
const shell = (text: string) => commandSpec(['/bin/sh', '-c', text, 'launch.sh']);

describeCluster("an operator's own launch command", () => {
  const gateway = sharedClusterGateway({
    env: {
      EG_INHERITED_ENVS: 'TEAM_PROXY',
      TEAM_PROXY: 'http://proxy.example:3128',
      GATEWAY_PASSWORD: 'swordfish',
    },
    clusterSpecs: {
      scripted: commandSpec(script, { files: { 'bin/launch.mjs': SCRIPT } }),
      scripted_old: commandSpec(script, { files: { 'bin/launch.mjs': SCRIPT }, image: 'oldLauncher' }),
      fails: shell('echo "checking the quota"; echo "team ada has no quota left" >&2; exit 3'),
      is_killed: shell('kill -9 $$'),
      is_missing: commandSpec(['/usr/local/bin/no-such-launcher']),
      hangs: shell('sleep 600 & echo $! > "$KERNEL_MARKER"; wait'),
    },
  });

  it.each([
    ['our own launcher', 'scripted', {}],
    ['a launcher of version 1', 'scripted_old', {}],
    ['our own launcher that was told nothing new', 'scripted', { KERNEL_TEAM: 'without-token' }],
  ])(
    'makes a pod with %s, which runs cells, is interrupted, restarted and deleted',
    async (_what, name, env) => {
      const { id, pod, namespace } = await launchPod(gateway.current, {
        name,
        env: { KERNEL_USERNAME: 'ada', ...env },
      });
      expect(pod.metadata?.name).toBe(`made-by-script-${id}`);
      expect(namespace).toBe(`ada-${id}`);
      const client = await KernelClient.connect(gateway.current, id);
      const msgId = await client.runForever();
      await gateway.current.request(`/api/kernels/${id}/interrupt`, { method: 'POST' });
      expect((await client.finished(msgId)).reply.content.ename).toBe('KeyboardInterrupt');
      const { status, text } = await gateway.current.request(`/api/kernels/${id}/restart`, {
        method: 'POST',
      });
      expect(status, text).toBe(200);
      expect((await client.execute('print("back")')).stdout).toBe('back\n');
      expect((await podOfKernel(id)).metadata?.uid).not.toBe(pod.metadata?.uid);
      await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
      await eventually(60_000, 'the end of its objects', async () => (await leftOf([id])).length === 0);
    },
  );

  it("has the arguments filled in, and the kernel's environment with nothing else of the gateway's", async () => {
    const { id, pod } = await launchPod(gateway.current, {
      name: 'scripted',
      env: { KERNEL_USERNAME: 'ada', KERNEL_NOTE: '; touch /tmp/x | (id) & "x" \'y\'' },
    });
    const [idFlag, given, rangeFlag, range, addressFlag, address] = JSON.parse(
      pod.metadata?.annotations?.['arguments'] ?? '[]',
    );
    expect([idFlag, given, rangeFlag, range]).toEqual([
      '--RemoteProcessProxy.kernel-id',
      id,
      '--RemoteProcessProxy.port-range',
      '0..0',
    ]);
    expect(addressFlag).toBe('--RemoteProcessProxy.response-address');
    expect(address).toMatch(/^[\d.]+:\d+$/);
    const client = await KernelClient.connect(gateway.current, id);
    const environ = await evaluate<Record<string, string>>(client, 'dict(__import__("os").environ)');
    expect(environ).toMatchObject({
      KERNEL_USERNAME: 'ada',
      KERNEL_NOTE: '; touch /tmp/x | (id) & "x" \'y\'',
      KERNEL_LANGUAGE: 'python',
      TEAM_PROXY: 'http://proxy.example:3128',
    });
    expect(JSON.stringify(pod)).not.toContain('swordfish');
    await gateway.current.logged(/stdout: made the pod of ada/);
  });

  it.each([
    ['fails', /exited with code 3: checking the quota \| team ada has no quota left$/],
    ['is_killed', /was killed by SIGKILL/],
    ['is_missing', /\/usr\/local\/bin\/no-such-launcher could not be started: .*ENOENT/],
  ])('that %s is told with what it said last, and leaves nothing', async (name, message) => {
    const id = randomUUID();
    const { status, json } = await gateway.current.request('/api/kernels', {
      method: 'POST',
      body: { name, env: { KERNEL_ID: id } },
    });
    expect(status).toBe(500);
    expect(json.message).toMatch(message);
    expect(json.reason).toContain(id);
    await gateway.current.logged(/POD_CREATION_FAILED/);
    await eventually(60_000, 'the end of the namespace', async () => (await leftOf([id])).length === 0);
  });

  it('is ended with all that it started when it makes no pod in time', async () => {
    const id = randomUUID();
    const marker = join(gateway.current.root, 'hanging.pid');
    const { status, json } = await gateway.current.request('/api/kernels', {
      method: 'POST',
      body: {
        name: 'hangs',
        env: { KERNEL_ID: id, KERNEL_LAUNCH_TIMEOUT: '3', KERNEL_MARKER: marker },
      },
    });
    expect(status).toBe(500);
    expect(json.message).toContain('3 s');
    const pid = Number(await readFile(marker, 'utf8'));
    await eventually(10_000, 'the end of what it started', () => !isRunning(pid));
    await eventually(60_000, `the end of ${namesOf(await leftOf([id]))}`, async () => {
      return (await leftOf([id])).length === 0;
    });
  });
});

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
