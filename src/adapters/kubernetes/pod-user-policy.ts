/** As whom the containers of a pod may run. */
import { KernelFailure } from '../../machines/failure.ts';
import { type ManifestObject, type Mapping, mappingOf } from './manifest-objects.ts';
import { containersOf, type NamedContainer } from './pod-containers.ts';

export interface PodUserRules {
  prohibitedUids: readonly number[];
  prohibitedGids: readonly number[];
}

const USER_FIELDS = ['runAsUser'];
const GROUP_FIELDS = ['runAsGroup', 'fsGroup', 'supplementalGroups'];

/**
 * A container that names no user runs as the one of its image, whom nobody has
 * looked at: where ids are prohibited, the manifest must name one, or rule out
 * root when that is all that is prohibited.
 *
 * @throws KernelFailure `LAUNCH_REFUSED`
 */
export function checkUsers(pod: ManifestObject, rules: PodUserRules): void {
  const spec = mappingOf(pod.spec);
  const podContext = mappingOf(spec['securityContext']);
  checkIds(pod, 'spec.securityContext', podContext, rules);
  for (const named of containersOf(spec)) {
    const context = mappingOf(named.container['securityContext']);
    checkIds(pod, `${named.path}.securityContext`, context, rules);
    checkHasUser(pod, named, { ...podContext, ...context }, rules);
  }
}

function checkIds(pod: ManifestObject, path: string, context: Mapping, rules: PodUserRules): void {
  for (const field of USER_FIELDS) {
    checkId(pod, `${path}.${field}`, context[field], rules.prohibitedUids, 'EG_PROHIBITED_UIDS');
  }
  for (const field of GROUP_FIELDS) {
    checkId(pod, `${path}.${field}`, context[field], rules.prohibitedGids, 'EG_PROHIBITED_GIDS');
  }
}

/** @param value one id, a list of them, or undefined */
function checkId(
  pod: ManifestObject,
  path: string,
  value: unknown,
  prohibited: readonly number[],
  setting: string,
): void {
  for (const id of value === undefined ? [] : [value].flat()) {
    if (!Number.isSafeInteger(id)) {
      const hint = `Write the variable without quotes, as in {{ kernel_uid | int }}.`;
      throw refused(pod, `${path} is ${JSON.stringify(id)}, must be a whole number`, hint);
    }
    if (!prohibited.includes(id as number)) continue;
    throw refused(pod, `${path} is ${id}, which ${setting} prohibits`, 'Use another id in the template.');
  }
}

function checkHasUser(
  pod: ManifestObject,
  { path }: NamedContainer,
  { runAsUser, runAsNonRoot }: Mapping,
  { prohibitedUids }: PodUserRules,
): void {
  const isRuledOut = runAsNonRoot === true && prohibitedUids.every((uid) => uid === 0);
  if (runAsUser !== undefined || prohibitedUids.length === 0 || isRuledOut) return;
  throw refused(
    pod,
    `${path} has no runAsUser, neither its own nor the pod's, so that it could run as a user whom EG_PROHIBITED_UIDS prohibits`,
    'Set runAsUser: {{ kernel_uid | int }} in the securityContext of the template, or runAsNonRoot: true.',
  );
}

function refused({ kind, metadata }: ManifestObject, what: string, hint: string): KernelFailure {
  return new KernelFailure({ code: 'LAUNCH_REFUSED', message: `${kind} ${metadata.name}: ${what}.`, hint });
}
