/** What clients may say about a pod beyond its identity: resources, volumes, and the directory to start in. */
import { isVolumeTypeAllowed } from './allow-list.ts';
import { type ChosenValues, invalidValue, notAllowed } from './chosen-values.ts';

export interface VolumeRules {
  /** Names of volume sources; empty: every one but `hostPath`. */
  allowedVolumeTypes: readonly string[];
  /** Throws when the text is no YAML, of which JSON is a part. */
  parseYaml(text: string): unknown;
}

/** https://kubernetes.io/docs/reference/kubernetes-api/common-definitions/quantity, without negative ones. */
const QUANTITY = /^\+?(\d+(\.\d*)?|\.\d+)([numkMGTPE]|[KMGTPE]i|[eE][+-]?\d{1,2})?$/;
const RESOURCES: readonly (readonly [string, RegExp, string])[] = [
  ['KERNEL_CPUS', QUANTITY, 'a quantity as in Kubernetes, such as 2, 0.5 or 500m'],
  ['KERNEL_MEMORY', QUANTITY, 'a quantity as in Kubernetes, such as 512Mi, 4Gi or 2G'],
  ['KERNEL_GPUS', /^\+?\d+$/, 'a whole number'],
];

/** @throws RequestError | KernelFailure as {@link invalidValue} says */
export function checkResources(values: ChosenValues): void {
  for (const [resource, pattern, allowed] of RESOURCES) {
    for (const name of [resource, `${resource}_LIMIT`]) {
      const value = values.env[name];
      if (value !== undefined && !pattern.test(value)) throw invalidValue(values, name, allowed);
    }
  }
}

/** @throws RequestError | KernelFailure */
export function checkVolumes(values: ChosenValues, rules: VolumeRules): void {
  const volumes = mappingsOf(values, 'KERNEL_VOLUMES', '[{"name": "data", "emptyDir": {}}]', rules);
  mappingsOf(values, 'KERNEL_VOLUME_MOUNTS', '[{"name": "data", "mountPath": "/data"}]', rules);
  if (!values.isFromClient('KERNEL_VOLUMES')) return;
  for (const type of volumes.flatMap(volumeTypesOf)) {
    if (isVolumeTypeAllowed(rules.allowedVolumeTypes, type)) continue;
    throw notAllowed('KERNEL_VOLUMES', `a volume of type ${typeInWords(type)}`, 'EG_ALLOWED_VOLUME_TYPES');
  }
}

function mappingsOf(
  values: ChosenValues,
  name: string,
  example: string,
  { parseYaml }: VolumeRules,
): object[] {
  const text = values.env[name];
  if (text === undefined) return [];
  const refusal = () => invalidValue(values, name, `a list of mappings in YAML or JSON, such as ${example}`);
  let parsed: unknown;
  try {
    parsed = parseYaml(text);
  } catch {
    // The parser would quote the value, which may hold secrets.
    throw refusal();
  }
  if (!Array.isArray(parsed) || !parsed.every(isMapping)) throw refusal();
  return parsed;
}

function isMapping(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Beside its name, a volume has one member, which is called as its type. */
function volumeTypesOf(volume: object): string[] {
  return Object.keys(volume).filter((key) => key !== 'name');
}

function typeInWords(type: string): string {
  return /^\w{1,40}$/.test(type) ? type : JSON.stringify(type.slice(0, 40));
}

/** It is a directory of the container, which nobody can look into yet. @throws RequestError | KernelFailure */
export function checkWorkingDir(values: ChosenValues): void {
  const directory = values.env['KERNEL_WORKING_DIR'];
  if (directory === undefined || directory.startsWith('/')) return;
  throw invalidValue(values, 'KERNEL_WORKING_DIR', 'an absolute path');
}
