/**
 * What the launch environment of a kernel in Kubernetes says beside that of any
 * kernel: which pod it gets, in which namespace, as whom, from which image.
 * Whatever the cluster would refuse, or the operator has, is refused here.
 */
import { type ChosenValues, checkAllowed, invalidValue } from './chosen-values.ts';
import { KernelFailure } from './failure.ts';
import { isImageReference } from './image-reference.ts';
import type { Environment } from './launch-environment.ts';
import { isDnsLabel, isDnsName, podNameOf } from './pod-name.ts';
import { type PodUserRules, podUserOf } from './pod-user.ts';
import { checkResources, checkVolumes, checkWorkingDir, type VolumeRules } from './pod-values.ts';
import { RequestError } from './request-error.ts';

/** What the gateway's configuration has to say about pods. Lists of patterns hold for what clients choose; empty ones allow anything. */
export interface PodRules extends PodUserRules, VolumeRules {
  /** The gateway's own namespace. */
  namespace: string;
  /** Kernels run in the gateway's namespace. */
  sharedNamespace: boolean;
  defaultServiceAccountName: string;
  kernelImage: string | null;
  kernelExecutorImage: string | null;
  allowedImages: readonly string[];
  allowedNamespaces: readonly string[];
  allowedServiceAccounts: readonly string[];
}

/** `env` is the launch environment as for any kernel. */
export interface PodRequest extends ChosenValues {
  /** `metadata.process_proxy.config` of the kernelspec. */
  proxyConfig: Record<string, unknown>;
  mirrorWorkingDirs: boolean;
  /** The pod is made by the Spark operator, from a custom resource. */
  isSparkApplication: boolean;
}

export interface PodPlan {
  env: Environment;
  /** The namespace to make for this kernel alone; null when it needs none of its own. */
  ownNamespace: string | null;
}

const CONTAINER_VARIABLE = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;
const DNS_LABEL = 'at most 63 lower-case letters, digits and hyphens, with no hyphen at either end';
const DNS_NAME = 'lower-case letters, digits, hyphens and dots, with a letter or digit at either end';
const IMAGE = 'the name of an image, such as registry.example/team/image:tag';

/** Where an empty value is as good as none: forms and scripts send them. */
const UNSET_WHEN_EMPTY = [
  'KERNEL_POD_NAME',
  'KERNEL_NAMESPACE',
  'KERNEL_SERVICE_ACCOUNT_NAME',
  'KERNEL_IMAGE',
  'KERNEL_EXECUTOR_IMAGE',
  'KERNEL_CPUS',
  'KERNEL_MEMORY',
  'KERNEL_GPUS',
  'KERNEL_CPUS_LIMIT',
  'KERNEL_MEMORY_LIMIT',
  'KERNEL_GPUS_LIMIT',
  'KERNEL_WORKING_DIR',
  'KERNEL_VOLUMES',
  'KERNEL_VOLUME_MOUNTS',
];

/**
 * Completes the launch environment of a kernel in Kubernetes.
 *
 * @throws RequestError `INVALID_REQUEST` or `VALUE_NOT_ALLOWED` when the client's choice is refused
 * @throws KernelFailure `LAUNCH_REFUSED` when the kernelspec or the settings make no pod
 */
export function planPod(asked: PodRequest, rules: PodRules): PodPlan {
  const request = { ...asked, env: withoutUnset(asked) };
  checkNames(request);
  const podName = podNameOf(request.env);
  const namespace = namespaceOf(request, rules);
  checkResources(request);
  checkVolumes(request, rules);
  checkWorkingDir(request);
  return {
    env: {
      ...request.env,
      KERNEL_POD_NAME: podName,
      KERNEL_NAMESPACE: namespace ?? podName,
      KERNEL_SERVICE_ACCOUNT_NAME: serviceAccountOf(request, rules),
      ...imagesOf(request, rules),
      ...podUserOf(request.env, rules),
      ...(request.isSparkApplication ? sparkApplicationOf(podName) : {}),
    },
    ownNamespace: namespace === null ? podName : null,
  };
}

function withoutUnset({ env, mirrorWorkingDirs }: PodRequest): Environment {
  const isUnset = (name: string, value: string) =>
    (value === '' && UNSET_WHEN_EMPTY.includes(name)) ||
    (name === 'KERNEL_WORKING_DIR' && !mirrorWorkingDirs);
  return Object.fromEntries(Object.entries(env).filter(([name, value]) => !isUnset(name, value)));
}

/** Processes take any name, containers don't. */
function checkNames({ env, isFromClient }: PodRequest): void {
  const wrong = Object.keys(env).find((name) => isFromClient(name) && !CONTAINER_VARIABLE.test(name));
  if (wrong === undefined) return;
  throw new RequestError(
    'INVALID_REQUEST',
    `env: ${JSON.stringify(wrong)} is no name for a variable of a container: letters, digits, hyphens, dots and underscores, and no digit first.`,
    'Correct it, or leave it out.',
  );
}

/** Null: the kernel gets one of its own. */
function namespaceOf(request: PodRequest, rules: PodRules): string | null {
  const chosen = request.env['KERNEL_NAMESPACE'];
  if (chosen === undefined) return rules.sharedNamespace ? rules.namespace : null;
  if (!isDnsLabel(chosen)) throw invalidValue(request, 'KERNEL_NAMESPACE', DNS_LABEL);
  checkAllowed(request, 'KERNEL_NAMESPACE', rules.allowedNamespaces, 'EG_ALLOWED_NAMESPACES');
  return chosen;
}

function serviceAccountOf(request: PodRequest, rules: PodRules): string {
  const name = 'KERNEL_SERVICE_ACCOUNT_NAME';
  const chosen = request.env[name];
  if (chosen === undefined) return rules.defaultServiceAccountName;
  if (!isDnsName(chosen)) throw invalidValue(request, name, DNS_NAME);
  checkAllowed(request, name, rules.allowedServiceAccounts, 'EG_ALLOWED_SERVICE_ACCOUNTS');
  return chosen;
}

function imagesOf(request: PodRequest, rules: PodRules): Environment {
  const image = imageOf(request, rules, 'KERNEL_IMAGE', 'image_name') ?? rules.kernelImage;
  if (image === null) throw noImage(request.kernelName);
  const executorImage =
    imageOf(request, rules, 'KERNEL_EXECUTOR_IMAGE', 'executor_image_name') ?? rules.kernelExecutorImage;
  return { KERNEL_IMAGE: image, KERNEL_EXECUTOR_IMAGE: executorImage ?? image };
}

/** Null when neither the environment nor the kernelspec names one. */
function imageOf(request: PodRequest, rules: PodRules, name: string, field: string): string | null {
  const chosen = request.env[name];
  if (chosen === undefined) return ownImageOf(request, field);
  if (!isImageReference(chosen)) throw invalidValue(request, name, IMAGE);
  checkAllowed(request, name, rules.allowedImages, 'EG_ALLOWED_IMAGES');
  return chosen;
}

function ownImageOf({ kernelName, proxyConfig }: PodRequest, field: string): string | null {
  const own = proxyConfig[field];
  if (own === undefined || own === null || own === '') return null;
  if (typeof own === 'string' && isImageReference(own)) return own;
  throw new KernelFailure({
    code: 'LAUNCH_REFUSED',
    message: `kernelspec ${kernelName}: ${field} is ${JSON.stringify(own)}, must be ${IMAGE}.`,
    hint: 'Correct metadata.process_proxy.config of its kernel.json.',
  });
}

function noImage(kernelName: string): KernelFailure {
  return new KernelFailure({
    code: 'LAUNCH_REFUSED',
    message: `kernelspec ${kernelName}: there is no image to run its kernels from.`,
    hint: 'Name one as image_name in metadata.process_proxy.config of its kernel.json, or for all kernels by EG_KERNEL_IMAGE.',
  });
}

/** What launch scripts for custom resources ask their environment for. */
function sparkApplicationOf(podName: string): Environment {
  return {
    KERNEL_RESOURCE_NAME: podName,
    KERNEL_CRD_GROUP: 'sparkoperator.k8s.io',
    KERNEL_CRD_VERSION: 'v1beta2',
    KERNEL_CRD_PLURAL: 'sparkapplications',
  };
}
