/** What a gateway says that may not do all it should in the cluster, or that has none. */
import { expect, it } from 'vitest';
import { unusedPort } from '../gateway-process.ts';
import { evaluate, KernelClient, launchKernel } from '../kernel-client.ts';
import { beginLaunch, expectCode, failedLaunch, NEVER, stayingOf } from './failing-kernels.ts';
import { limitedKubeConfig, rule, rulesWithout } from './gateway-account.ts';
import { ownClusterGateway } from './gateway-on-cluster.ts';
import { scriptPod } from './pod-templates.ts';
import { describeCluster } from './suite.ts';

const LIGHT = { name: 'light' };

async function gatewayThatMay(rules: ReturnType<typeof rulesWithout>) {
  return ownClusterGateway({
    env: {
      KUBECONFIG: await limitedKubeConfig(rules),
      EG_KERNEL_LAUNCH_TIMEOUT: NEVER,
      // One that every cluster has.
      EG_KERNEL_CLUSTER_ROLE: 'view',
    },
    clusterSpecs: {
      exits: scriptPod('light', 'import sys; sys.exit("last words")'),
      no_secret: scriptPod('light', '', { envFrom: [{ secretRef: { name: 'no-such-secret' } }] }),
    },
  });
}

describeCluster('a gateway without permissions', () => {
  it('launches kernels with no more than what is documented', async () => {
    const gateway = await gatewayThatMay(rulesWithout([]));
    const id = await launchKernel(gateway, LIGHT);
    const client = await KernelClient.connect(gateway, id);
    expect((await client.execute('1')).reply.content.status).toBe('ok');
    await gateway.request(`/api/kernels/${id}`, { method: 'DELETE' });
    expect(await stayingOf(id)).toBe('');
    expect(gateway.log).not.toMatch(/forbidden/i);
  });

  it.each([
    [
      'create namespaces',
      rulesWithout([], { namespaces: rule('', ['namespaces'], ['get', 'list', 'watch', 'delete']) }),
      /may not create namespaces in the whole cluster/,
      /resources \["namespaces"\], verbs \["create"\]/,
    ],
    [
      'create pods',
      rulesWithout(['objects'], {
        logs: rule(
          '',
          ['pods', 'pods/log', 'services', 'configmaps', 'secrets'],
          ['get', 'list', 'watch', 'delete'],
        ),
      }),
      /may not create pods in namespace/,
      /resources \["pods"\], verbs \["create"\]/,
    ],
    [
      'create role bindings',
      rulesWithout(['bindings']),
      /may not create rolebindings in namespace/,
      /apiGroups \["rbac\.authorization\.k8s\.io"\], resources \["rolebindings"\]/,
    ],
    [
      'bind the role of kernels',
      rulesWithout(['binding']),
      /more permissions than the gateway has/,
      /EG_KERNEL_CLUSTER_ROLE/,
    ],
  ])('that may not %s says which it lacks, and leaves nothing', async (_what, rules, said, hint) => {
    const gateway = await gatewayThatMay(rules);
    const { message, reason } = await failedLaunch(gateway, LIGHT, 'CLUSTER_FORBIDDEN');
    expect(message).toMatch(said);
    expect(reason).toMatch(hint);
  });

  it('that may read neither events nor logs launches all the same, and explains what it can', async () => {
    const gateway = await gatewayThatMay(rulesWithout(['events', 'logs']));
    await launchKernel(gateway, LIGHT);
    const exit = await failedLaunch(gateway, { name: 'exits' }, 'CONTAINER_EXITED');
    expect(exit.message).toBe("The kernel's container exited with code 1.");
    const config = await failedLaunch(gateway, { name: 'no_secret' }, 'CONTAINER_CONFIG_INVALID');
    expect(config.message).toContain('no-such-secret');
  });
});

describeCluster('a gateway without a cluster', () => {
  it.each([
    ['whose API server does not answer', async () => unreachableKubeConfig()],
    ['whose kubeconfig is not there', async () => '/nowhere/kubeconfig'],
  ])('%s runs local kernels, and says why it can run no others', async (_what, kubeConfig) => {
    const gateway = await ownClusterGateway({ env: { KUBECONFIG: await kubeConfig() } });
    const local = await launchKernel(gateway);
    const client = await KernelClient.connect(gateway, local);
    expect(await evaluate(client, '6 * 7')).toBe(42);
    const { id, answer } = beginLaunch(gateway, LIGHT);
    const { status, json } = await answer;
    expect(status).toBe(503);
    expect(json).toMatchObject({ code: 'CLUSTER_UNREACHABLE' });
    expect(json.message).toMatch(/ECONNREFUSED|\/nowhere\/kubeconfig/);
    expect(json.reason).toMatch(/API server|KUBECONFIG/);
    await expectCode(gateway, id, 'CLUSTER_UNREACHABLE');
  });
});

/** As limited as can be: nobody listens where its server should be. */
async function unreachableKubeConfig(): Promise<string> {
  const port = await unusedPort();
  return limitedKubeConfig([], `https://127.0.0.1:${port}`);
}
