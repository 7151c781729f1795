/** As whom the containers of a pod may run. */
import { KernelFailure } from '../../machines/failure.ts';
import { type ManifestObject, type Mapping, mappingOf } from './manifest-objects.ts';
import { containersOf, type NamedContainer } from './pod-containers.ts';

export interface PodUserRules {
  prohibitedUids: readonly number[];
  prohibitedGids: readonly number[];
}

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
  const { runAsUser, runAsGroup, fsGroup, supplementalGroups } = context;
  const groups = [supplementalGroups ?? []].flat().map((id, index) => [`supplementalGroups[${index}]`, id]);
  const allGroups = { runAsGroup, fsGroup, ...Object.fromEntries(groups) };
  checkEach(pod, path, { runAsUser }, rules.prohibitedUids, 'EG_PROHIBITED_UIDS');
  checkEach(pod, path, allGroups, rules.prohibitedGids, 'EG_PROHIBITED_GIDS');
}

/** @param ids by their fields; undefined where there is none */
function checkEach(
  pod: ManifestObject,
  path: string,
  ids: Mapping,
  prohibited: readonly number[],
  setting: string,
): void {
  for (const [field, id] of Object.entries(ids)) {
    if (id === undefined) continue;
    if (!Number.isSafeInteger(id)) {
      const hint = 'Write the variable without quotes, as in {{ kernel_uid | int }}.';
      throw refused(pod, `${path}.${field} is ${JSON.stringify(id)}, must be a whole number`, hint);
    }
    if (!prohibited.includes(id as number)) continue;
    throw refused(
      pod,
      `${path}.${field} is ${id}, which ${setting} prohibits`,
      'Use another id in the template.',
    );
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
