/** The secrets with which a kernel's images are pulled, brought to where its pod is. */
import type { V1Secret } from '@kubernetes/client-node';
import { KernelFailure } from '../../machines/failure.ts';
import type { Cluster, KubernetesObject } from './cluster.ts';
import type { KernelPod } from './kernel-pod.ts';

type Secret = V1Secret & KubernetesObject;

/** No other secret of the gateway's namespace may leave it, whatever a template asks for. */
const TYPES = ['kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg'];

/** Names of secrets that a manifest's pod pulls its images with, and that it does not bring along itself. */
export function pullSecretsOf(manifest: readonly KubernetesObject[]): string[] {
  const brought = manifest.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.name);
  const pod = manifest.find(({ kind }) => kind === 'Pod') as KernelPod | undefined;
  const named = (pod?.spec?.imagePullSecrets ?? []).map(({ name }) => name);
  return named.filter((name) => name !== undefined && !brought.includes(name)) as string[];
}

/** A secret of the gateway's namespace, as it is to be in the kernel's. @throws ClusterError @throws KernelFailure */
export async function pullSecretFor(
  cluster: Cluster,
  name: string,
  gatewayNamespace: string,
  metadata: { namespace: string; labels: Record<string, string> },
): Promise<KubernetesObject> {
  const key = { apiVersion: 'v1', kind: 'Secret', name, namespace: gatewayNamespace };
  const secret = await cluster.read<Secret>(key);
  if (secret === null) throw unusable(name, `is not in namespace ${gatewayNamespace}`);
  const { type = 'Opaque', data } = secret;
  if (!TYPES.includes(type))
    throw unusable(name, `is of type ${type}, must be of type ${TYPES.join(' or ')}`);
  const copy: Secret = {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: { name, ...metadata },
    type,
    ...(data && { data }),
  };
  return copy;
}

function unusable(name: string, what: string): KernelFailure {
  return new KernelFailure({
    code: 'NAMESPACE_FAILED',
    message: `The image pull secret ${name} ${what}.`,
    hint: 'Create it so, or take it out of EG_IMAGE_PULL_SECRETS, or of imagePullSecrets in the pod template.',
  });
}
