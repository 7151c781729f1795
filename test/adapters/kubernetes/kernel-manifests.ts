/** Kernels to render manifests for. */
import { join } from 'node:path';
import type { KubernetesObject } from '../../../src/adapters/kubernetes/cluster.ts';
import { kernelManifest, type ManifestRules } from '../../../src/adapters/kubernetes/kernel-manifest.ts';
import type { KernelPod } from '../../../src/adapters/kubernetes/kernel-pods.ts';
import type { LaunchPlan } from '../../../src/machines/ports.ts';
import { KERNEL_ID, planOf } from '../../machines/samples.ts';
import { temporaryDir, write } from '../kernelspecs/fixtures.ts';

export const PARAMETERS = {
  responseAddress: '10.0.0.1:8877',
  publicKey: 'rsa-key',
  gatewayKey: 'x25519-key',
  launchToken: 'token-of-this-pod',
};

/** A launch environment as it is planned for a pod. */
export const POD_ENV: Record<string, string> = {
  KERNEL_GATEWAY: '1',
  KERNEL_ID,
  KERNEL_NAME: 'python_kubernetes',
  KERNEL_LANGUAGE: 'python',
  KERNEL_USERNAME: 'alice',
  KERNEL_POD_NAME: `alice-${KERNEL_ID}`,
  KERNEL_NAMESPACE: 'team-a',
  KERNEL_SERVICE_ACCOUNT_NAME: 'kernels',
  KERNEL_IMAGE: 'registry.example/kernel:1',
  KERNEL_EXECUTOR_IMAGE: 'registry.example/executor:1',
  KERNEL_UID: '1000',
  KERNEL_GID: '100',
};

export function podPlanOf(env: Record<string, string> = {}, given: Partial<LaunchPlan> = {}): LaunchPlan {
  return planOf({ argv: [], env: { ...POD_ENV, ...env }, resourceDir: '/specs/python_kubernetes', ...given });
}

export function rulesOf(given: Partial<ManifestRules> = {}): ManifestRules {
  return {
    permissions: [],
    prohibitedUids: [0],
    prohibitedGids: [0],
    allowedImages: [],
    allowedServiceAccounts: [],
    labels: { 'kernelgate-gateway': 'one' },
    imagePullSecrets: [],
    ...given,
  };
}

/** What a kernelspec with this template makes. */
export async function manifestOf(
  template: string,
  env: Record<string, string> = {},
  rules: Partial<ManifestRules> = {},
  argv: string[] = [],
): Promise<KubernetesObject[]> {
  const resourceDir = await temporaryDir();
  await write(join(resourceDir, 'kernel-pod.yaml.j2'), template);
  return kernelManifest(podPlanOf(env, { resourceDir, argv }), PARAMETERS, rulesOf(rules));
}

/** With the template that comes with the gateway. */
export async function shippedManifest(env: Record<string, string> = {}, rules: Partial<ManifestRules> = {}) {
  return kernelManifest(podPlanOf(env), PARAMETERS, rulesOf(rules));
}

export function podIn(objects: readonly KubernetesObject[]): KernelPod {
  const pod = objects.find(({ kind }) => kind === 'Pod');
  if (pod === undefined) throw new Error('no pod');
  return pod as KernelPod;
}

/** The variables of the kernel's container. */
export function envIn(objects: readonly KubernetesObject[]): Record<string, string | undefined> {
  const [container] = podIn(objects).spec?.containers ?? [];
  return Object.fromEntries((container?.env ?? []).map(({ name, value }) => [name, value]));
}
