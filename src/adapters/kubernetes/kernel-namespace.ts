/** A kernel's own namespace, with what its pod needs in it from the start. */
import type { V1Secret } from '@kubernetes/client-node';
import { type Failure, KernelFailure } from '../../machines/failure.ts';
import { creationFailureOf } from './api-failure.ts';
import { type Cluster, ClusterError, type KubernetesObject } from './cluster.ts';
import { kernelLabels } from './kernel-labels.ts';

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

/** What is there already, and is this kernel's own, is taken as made: an answer may have been lost on its way. @throws KernelFailure */
export async function createKernelNamespace(
  cluster: Cluster,
  name: string,
  kernelId: string,
  options: NamespaceOptions,
  signal: AbortSignal,
): Promise<void> {
  const labels = { ...kernelLabels(kernelId), ...options.labels };
  const created = await createOnce(cluster, { ...NAMESPACE, metadata: { name, labels } }, signal);
  if (!created) await checkOwn(cluster, name, kernelId);
  await createOnce(cluster, roleBinding(name, labels, options), signal);
  for (const secret of options.imagePullSecrets)
    await copySecret(cluster, secret, name, labels, options, signal);
}

/** Only a namespace that was made for this very kernel; one that is gone, or going, is success. @throws ClusterError */
export async function deleteKernelNamespace(cluster: Cluster, name: string, kernelId: string): Promise<void> {
  const namespace = await cluster.read({ ...NAMESPACE, name });
  if (namespace === null || namespace.metadata.deletionTimestamp !== undefined) return;
  if (namespace.metadata.labels?.['kernel_id'] !== kernelId) return;
  const { uid } = namespace.metadata;
  await cluster.delete({ ...NAMESPACE, name }, uid === undefined ? {} : { uid });
}

/** A namespace that a client has named must be there, and stay. @throws KernelFailure */
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

/** @returns false when an object of that name is there already */
async function createOnce(cluster: Cluster, object: KubernetesObject, signal: AbortSignal): Promise<boolean> {
  try {
    await cluster.create(object, signal);
    return true;
  } catch (error) {
    if (error instanceof ClusterError && error.reason === 'AlreadyExists') return false;
    if (error instanceof ClusterError)
      throw new KernelFailure(creationFailureOf(error, object), { cause: error });
    throw error;
  }
}

async function checkOwn(cluster: Cluster, name: string, kernelId: string): Promise<void> {
  const namespace = await cluster.read({ ...NAMESPACE, name });
  const isOwn = namespace?.metadata.labels?.['kernel_id'] === kernelId;
  if (isOwn && namespace.metadata.deletionTimestamp === undefined) return;
  throw new KernelFailure(isOwn ? stillGoing(name) : taken(name));
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

async function copySecret(
  cluster: Cluster,
  name: string,
  namespace: string,
  labels: Record<string, string>,
  { gatewayNamespace }: NamespaceOptions,
  signal: AbortSignal,
): Promise<void> {
  const key = { apiVersion: 'v1', kind: 'Secret', name, namespace: gatewayNamespace };
  const secret = await cluster.read<V1Secret & KubernetesObject>(key, signal);
  if (secret === null) {
    throw new KernelFailure({
      code: 'NAMESPACE_FAILED',
      message: `The image pull secret ${name} is not in namespace ${gatewayNamespace}.`,
      hint: 'Create it there, or take it out of EG_IMAGE_PULL_SECRETS.',
    });
  }
  const { type, data } = secret;
  await createOnce(
    cluster,
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace, labels },
      type,
      data,
    } as KubernetesObject,
    signal,
  );
}
