/**
 * What a manifest may ask of the cluster. Its template is the operator's, its
 * values are a client's: it is judged as it is, whoever has written what.
 */
import { KernelFailure } from '../../machines/failure.ts';
import type { LaunchPlan } from '../../machines/ports.ts';
import type { KubernetesObject } from './cluster.ts';
import { type ManifestObject, type Mapping, mappingOf } from './manifest-objects.ts';
import { nodeAccessIn } from './node-access.ts';
import { containersOf, type NamedContainer } from './pod-containers.ts';
import { checkUsers } from './pod-user-policy.ts';

export interface PodPolicyRules {
  /** What else manifests may ask for, by the names of `EG_POD_PERMISSIONS`. */
  permissions: readonly string[];
  prohibitedUids: readonly number[];
  prohibitedGids: readonly number[];
  /** Patterns; empty: any. The image that was chosen for the kernel needs none: it was looked at before. */
  allowedImages: readonly string[];
  /** Patterns; empty: any. The account that was chosen for the kernel needs none. */
  allowedServiceAccounts: readonly string[];
}

/** @throws KernelFailure `LAUNCH_REFUSED`, which names the object, the field, and the setting that decides */
export function checkManifest(
  plan: LaunchPlan,
  objects: readonly KubernetesObject[],
  rules: PodPolicyRules,
): void {
  for (const object of objects as readonly ManifestObject[]) {
    checkNamespace(plan, object);
    checkNodeAccess(object, rules);
    checkServiceAccounts(plan, object, rules);
    if (object.kind !== 'Pod') continue;
    checkUsers(object, rules);
    for (const container of containersOf(object.spec ?? {})) checkImage(plan, object, container, rules);
  }
}

function checkNamespace({ env }: LaunchPlan, object: ManifestObject): void {
  const { namespace } = object.metadata;
  const expected = object.kind === 'PersistentVolume' ? undefined : env['KERNEL_NAMESPACE'];
  if (namespace === expected) return;
  throw refusedField(
    object,
    'metadata.namespace',
    `is ${namespace}, must be the kernel's, which is ${expected}`,
    'Take it from kernel_namespace in the template, or leave it out there.',
  );
}

function checkNodeAccess(object: ManifestObject, { permissions }: PodPolicyRules): void {
  for (const { path, permission } of nodeAccessIn(object)) {
    if (permission !== null && permissions.includes(permission)) continue;
    throw refusedField(
      object,
      path,
      'is not allowed',
      permission === null
        ? 'Take it out of the template; no setting allows it.'
        : `Take it out of the template, or allow it by ${permission} in EG_POD_PERMISSIONS.`,
    );
  }
}

function checkImage(
  { env }: LaunchPlan,
  object: ManifestObject,
  { container, path }: NamedContainer,
  { allowedImages }: PodPolicyRules,
): void {
  const { image } = container;
  if ([env['KERNEL_IMAGE'], env['KERNEL_EXECUTOR_IMAGE']].includes(image as string)) return;
  if (isAllowed(allowedImages, image)) return;
  throw refusedField(
    object,
    `${path}.image`,
    `is ${JSON.stringify(image)}, which is not among the allowed images`,
    'Use another one in the template, or allow it by EG_ALLOWED_IMAGES.',
  );
}

/** A secret can ask for the token of an account, too. */
const ACCOUNT_ANNOTATION = 'kubernetes.io/service-account.name';

function checkServiceAccounts(plan: LaunchPlan, object: ManifestObject, rules: PodPolicyRules): void {
  const { serviceAccountName, serviceAccount } = object.kind === 'Pod' ? mappingOf(object.spec) : {};
  const asked: Mapping = {
    'spec.serviceAccountName': serviceAccountName,
    'spec.serviceAccount': serviceAccount,
    [`metadata.annotations["${ACCOUNT_ANNOTATION}"]`]: object.metadata.annotations?.[ACCOUNT_ANNOTATION],
  };
  for (const [path, name] of Object.entries(asked)) {
    if (name === undefined || name === plan.env['KERNEL_SERVICE_ACCOUNT_NAME']) continue;
    if (isAllowed(rules.allowedServiceAccounts, name)) continue;
    throw refusedField(
      object,
      path,
      `is ${JSON.stringify(name)}, which is not among the allowed service accounts`,
      'Use kernel_service_account_name in the template, or allow it by EG_ALLOWED_SERVICE_ACCOUNTS.',
    );
  }
}

function isAllowed(patterns: readonly string[], value: unknown): boolean {
  if (patterns.length === 0) return true;
  return typeof value === 'string' && patterns.some((pattern) => fits(pattern.split('*'), value));
}

/** @param pieces what lies between the `*` of a pattern, each of which stands for any text */
function fits([start = '', ...pieces]: string[], value: string): boolean {
  if (!value.startsWith(start)) return false;
  const rest = value.slice(start.length);
  const [next] = pieces;
  if (next === undefined) return rest === '';
  if (pieces.length === 1) return rest.endsWith(next);
  const at = rest.indexOf(next);
  return at >= 0 && fits(pieces, rest.slice(at));
}

/** @param what completes a sentence that begins with the field */
function refusedField(
  { kind, metadata }: KubernetesObject,
  path: string,
  what: string,
  hint: string,
): KernelFailure {
  const message = `${kind} ${metadata.name}: ${path} ${what}.`;
  return new KernelFailure({ code: 'LAUNCH_REFUSED', message, hint });
}
