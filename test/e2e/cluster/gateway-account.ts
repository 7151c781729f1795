/** Gateways that may do in the cluster only what a test lets them. */
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  KubeConfig,
  RbacAuthorizationV1Api,
  type RbacV1Subject,
  type V1PolicyRule,
} from '@kubernetes/client-node';
import { onTestFinished } from 'vitest';
import { clusterApi } from './cluster-api.ts';

const SECONDS = 3600;
const KINDS = ['pods', 'services', 'configmaps', 'secrets', 'persistentvolumes', 'persistentvolumeclaims'];

/** All that a gateway needs, as its documentation lists it. */
export const GATEWAY_RULES = {
  namespaces: rule('', ['namespaces'], ['get', 'list', 'watch', 'create', 'delete']),
  objects: rule('', KINDS, ['get', 'list', 'watch', 'create', 'delete']),
  logs: rule('', ['pods/log'], ['get']),
  events: rule('', ['events'], ['get', 'list', 'watch']),
  bindings: rule('rbac.authorization.k8s.io', ['rolebindings'], ['get', 'list', 'create', 'delete']),
  /** Whoever may bind a role need not have what it grants. */
  binding: rule('rbac.authorization.k8s.io', ['clusterroles'], ['bind']),
} satisfies Record<string, V1PolicyRule>;

type RuleName = keyof typeof GATEWAY_RULES;

/** The rules but for these, and with those of `changed` in place of others. */
export function rulesWithout(
  missing: RuleName[],
  changed: Partial<Record<RuleName, V1PolicyRule>> = {},
): V1PolicyRule[] {
  const names = Object.keys(GATEWAY_RULES) as RuleName[];
  return names.filter((name) => !missing.includes(name)).map((name) => changed[name] ?? GATEWAY_RULES[name]);
}

export function rule(apiGroup: string, resources: string[], verbs: string[]): V1PolicyRule {
  return { apiGroups: [apiGroup], resources, verbs };
}

/**
 * Makes a service account that may do this much, until the test ends.
 *
 * @param server where it looks for the API server, when that is not where it is
 * @returns the path of its kubeconfig
 */
export async function limitedKubeConfig(rules: V1PolicyRule[], server?: string): Promise<string> {
  const name = `gateway-${randomUUID()}`;
  const namespace = 'default';
  const { core, config } = await clusterApi();
  const rbac = config.makeApiClient(RbacAuthorizationV1Api);
  const directory = mkdtempSync(join(tmpdir(), 'kernelgate-e2e-account-'));
  onTestFinished(async () => {
    rmSync(directory, { recursive: true, force: true });
    await rbac.deleteClusterRoleBinding({ name });
    await rbac.deleteClusterRole({ name });
    await core.deleteNamespacedServiceAccount({ namespace, name });
  });
  await core.createNamespacedServiceAccount({ namespace, body: { metadata: { name } } });
  await rbac.createClusterRole({ body: { metadata: { name }, rules } });
  const subjects: RbacV1Subject[] = [{ kind: 'ServiceAccount', name, namespace }];
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
  await rbac.createClusterRoleBinding({ body: { metadata: { name }, roleRef, subjects } });
  const { status } = await core.createNamespacedServiceAccountToken({
    namespace,
    name,
    body: { spec: { audiences: [], expirationSeconds: SECONDS } },
  });
  const file = join(directory, 'kubeconfig');
  writeFileSync(file, kubeConfigOf(config, status?.token ?? '', server), { mode: 0o600 });
  return file;
}

/** The administrator's, with another user. */
function kubeConfigOf(admin: KubeConfig, token: string, server?: string): string {
  const cluster = admin.getCurrentCluster();
  if (cluster === null) throw new Error('the kubeconfig of the tests names no cluster');
  const own = new KubeConfig();
  own.loadFromClusterAndUser({ ...cluster, server: server ?? cluster.server }, { name: 'gateway', token });
  return own.exportConfig();
}
