/** Launches as they could be asked for, to see what a template makes of them. */

import type { Settings } from '../../adapters/config/settings.ts';
import type { LaunchParameters, ManifestRules } from '../../adapters/kubernetes/kernel-manifest.ts';
import { processProxyOf } from '../../machines/launch-target.ts';
import type { KernelSpecFile, LaunchPlan } from '../../machines/ports.ts';

const KERNEL_ID = '00000000-0000-4000-8000-000000000000';

/** What clients may leave out. */
const CHOICES: Readonly<Record<string, string>> = {
  KERNEL_CPUS: '1',
  KERNEL_MEMORY: '1Gi',
  KERNEL_GPUS: '1',
  KERNEL_CPUS_LIMIT: '2',
  KERNEL_MEMORY_LIMIT: '2Gi',
  KERNEL_GPUS_LIMIT: '1',
  KERNEL_WORKING_DIR: '/home/someone',
  KERNEL_VOLUMES: '[{"name": "scratch", "emptyDir": {}}]',
  KERNEL_VOLUME_MOUNTS: '[{"name": "scratch", "mountPath": "/scratch"}]',
};

export const SAMPLE_PARAMETERS: LaunchParameters = {
  responseAddress: '10.0.0.1:8877',
  publicKey: 'c2FtcGxl',
  gatewayKey: 'c2FtcGxl',
  launchToken: 'c2FtcGxl',
};

/** One that asks for nothing, and one that makes every choice: a template has a branch for either. */
export function samplePlans(
  kernelName: string,
  resourceDir: string,
  spec: KernelSpecFile,
  env: Record<string, string>,
): LaunchPlan[] {
  const { className, config } = processProxyOf({ spec });
  const needed = { ...spec.env, ...neededBy(kernelName, spec, config), ...env };
  return [needed, { ...CHOICES, ...needed }].map((environment) => ({
    kernelId: KERNEL_ID,
    kernelName,
    provisioner: className,
    resourceDir,
    argv: spec.argv,
    env: environment,
    username: 'someone',
    language: spec.language,
    interruptMode: spec.interrupt_mode,
    launchTimeout: 60_000,
    workingDir: null,
    portRange: { low: 0, high: 0 },
    proxyConfig: config,
    headers: {},
    ownNamespace: null,
  }));
}

/** What the gateway's settings say of manifests. */
export function sampleRules(settings: Settings): ManifestRules {
  return {
    permissions: settings.podPermissions,
    prohibitedUids: settings.prohibitedUids,
    prohibitedGids: settings.prohibitedGids,
    allowedImages: settings.allowedImages,
    allowedServiceAccounts: settings.allowedServiceAccounts,
    imagePullSecrets: settings.imagePullSecrets,
    labels: {},
  };
}

function neededBy(
  kernelName: string,
  { language }: KernelSpecFile,
  { image_name: image, executor_image_name: executorImage }: Record<string, unknown>,
): Record<string, string> {
  const kernelImage = typeof image === 'string' ? image : 'registry.example/kernel:1';
  return {
    KERNEL_ID,
    KERNEL_NAME: kernelName,
    KERNEL_LANGUAGE: language,
    KERNEL_USERNAME: 'someone',
    KERNEL_POD_NAME: `someone-${KERNEL_ID}`,
    KERNEL_NAMESPACE: 'kernels',
    KERNEL_SERVICE_ACCOUNT_NAME: 'default',
    KERNEL_IMAGE: kernelImage,
    KERNEL_EXECUTOR_IMAGE: typeof executorImage === 'string' ? executorImage : kernelImage,
    KERNEL_UID: '1000',
    KERNEL_GID: '100',
  };
}
