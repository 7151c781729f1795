/** A kernel's own namespace, with what its pod needs in it from the start. */
import { type Failure, KernelFailure } from '../../machines/failure.ts';
import { type Cluster, ClusterError, type KubernetesObject } from './cluster.ts';
import { explained, type Patience, persistently } from './cluster-patience.ts';
import { kernelLabels } from './kernel-labels.ts';
import { kernelIdOf } from './kernel-pod.ts';
import { pullSecretFor } from './pull-secrets.ts';

export interface NamespaceOptions {
  /** Cluster role that the kernel's service account is bound to; also the binding's name. */
  kernelClusterRole: string;
  serviceAccountName: string;
  /** Where the gateway's own secrets are. */
  gatewayNamespace: string;
  /** Secrets to copy, so that the kernel's images can be pulled. */
  imagePullSecrets: readonly string[];
  /** Labels that tell which gateway made it. */
  labels: Record<string, string>;
}

const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' };
const RBAC_GROUP = 'rbac.authorization.k8s.io';

/**
 * What is there already, and is this kernel's own, is taken as made: an answer
 * may have been lost on its way. When it is aborted, or fails, what was made
 * stays, for the caller to remove.
 *
 * @throws KernelFailure
 */
export async function createKernelNamespace(
  cluster: Cluster,
  name: string,
  kernelId: string,
  options: NamespaceOptions,
  patience: Patience,
): Promise<void> {
  const labels = { ...options.labels, ...kernelLabels(kernelId) };
  const namespace = { ...NAMESPACE, metadata: { name, labels } };
  const made = await madeSure(cluster, namespace, async () => namespace, patience);
  if (!made) await checkOwn(cluster, namespace, kernelId, patience);
  const binding = roleBinding(name, labels, options);
  await madeSure(cluster, binding, async () => binding, patience);
  for (const secret of options.imagePullSecrets) {
    const metadata = { namespace: name, labels };
    const read = () => pullSecretFor(cluster, secret, options.gatewayNamespace, metadata);
    const about = { kind: 'Secret', metadata: { name: secret, namespace: name } };
    await madeSure(cluster, about, read, patience);
  }
}

/** Only a namespace that was made for this very kernel; one that is gone, or going, is success. @throws ClusterError */
export async function deleteKernelNamespace(cluster: Cluster, name: string, kernelId: string): Promise<void> {
  const namespace = await cluster.read({ ...NAMESPACE, name });
  if (namespace === null || namespace.metadata.deletionTimestamp !== undefined) return;
  if (kernelIdOf(namespace) !== kernelId) return;
  const { uid } = namespace.metadata;
  await cluster.delete({ ...NAMESPACE, name }, uid === undefined ? {} : { uid });
}

/** A namespace that a client has named must be there, and stay. @throws ClusterError @throws KernelFailure */
export async function checkNamespaceExists(
  cluster: Cluster,
  name: string,
  signal: AbortSignal,
): Promise<void> {
  const namespace = await cluster.read({ ...NAMESPACE, name }, signal);
  if (namespace === null) {
    throw new KernelFailure({
      code: 'NAMESPACE_NOT_FOUND',
      message: `There is no namespace ${name} in the cluster.`,
      hint: 'Create it, with a service account for kernels, or leave KERNEL_NAMESPACE out: then the kernel gets a namespace of its own.',
    });
  }
  if (namespace.metadata.deletionTimestamp !== undefined) {
    throw new KernelFailure({
      code: 'NAMESPACE_NOT_FOUND',
      message: `Namespace ${name} is being deleted.`,
      hint: 'Choose another one, or wait until it is gone and create it anew.',
    });
  }
}

/**
 * @param read the object, as it is to be made
 * @returns false when an object of that name is there already
 */
async function madeSure(
  cluster: Cluster,
  about: { kind: string; metadata: { name: string; namespace?: string | undefined } },
  read: () => Promise<KubernetesObject>,
  patience: Patience,
): Promise<boolean> {
  try {
    await persistently(async () => cluster.create(await read()), patience);
    return true;
  } catch (error) {
    if (error instanceof ClusterError && error.reason === 'AlreadyExists') return false;
    throw explained(error, about);
  }
}

async function checkOwn(
  cluster: Cluster,
  about: KubernetesObject,
  kernelId: string,
  patience: Patience,
): Promise<void> {
  const { name } = about.metadata;
  const read = () => cluster.read({ ...NAMESPACE, name });
  const namespace = await persistently(read, patience).catch((error: unknown) => {
    throw explained(error, about);
  });
  const isOwn = namespace !== null && kernelIdOf(namespace) === kernelId;
  if (isOwn && namespace.metadata.deletionTimestamp === undefined) return;
  throw new KernelFailure(isOwn || namespace === null ? stillGoing(name) : taken(name));
}

function taken(name: string): Failure {
  return {
    code: 'NAMESPACE_FAILED',
    message: `Namespace ${name} exists already, and was not made for this kernel.`,
    hint: 'Choose another KERNEL_POD_NAME, or name the namespace as KERNEL_NAMESPACE to launch the kernel in it.',
  };
}

function stillGoing(name: string): Failure {
  return {
    code: 'NAMESPACE_FAILED',
    message: `Namespace ${name}, of an earlier kernel of the same id, is still being deleted.`,
    hint: 'Try again in a moment, or leave KERNEL_ID out.',
  };
}

function roleBinding(
  namespace: string,
  labels: Record<string, string>,
  { kernelClusterRole, serviceAccountName }: NamespaceOptions,
): KubernetesObject {
  return {
    apiVersion: `${RBAC_GROUP}/v1`,
    kind: 'RoleBinding',
    metadata: { name: kernelClusterRole, namespace, labels },
    roleRef: { apiGroup: RBAC_GROUP, kind: 'ClusterRole', name: kernelClusterRole },
    subjects: [{ kind: 'ServiceAccount', name: serviceAccountName, namespace }],
  } as KubernetesObject;
}
