/** What a template renders to, made sure of: objects for the API server, one pod among them. */
import { KernelFailure } from '../../machines/failure.ts';
import type { KubernetesObject } from './cluster.ts';

/** Any mapping of a manifest. */
export type Mapping = Record<string, unknown>;

/** A mapping that is there, if only as an empty one. */
export interface ManifestObject extends KubernetesObject {
  spec?: Mapping;
}

/** In the order of creation: what a pod waits for comes before it, what points to it after it. */
const KINDS = ['PersistentVolume', 'PersistentVolumeClaim', 'Secret', 'ConfigMap', 'Pod', 'Service'];

/**
 * The objects in the order of creation, without members that are null, which
 * is what empty blocks of a template leave behind.
 *
 * @param file the template, for messages
 * @throws KernelFailure `LAUNCH_REFUSED`
 */
export function objectsOf(documents: readonly unknown[], file: string): ManifestObject[] {
  const objects = documents.map((document, index) => objectOf(document, index, file));
  for (const kind of KINDS) {
    const count = objects.filter((object) => object.kind === kind).length;
    if (count > 1) throw malformed(file, `it holds ${count} objects of kind ${kind}, at most one is allowed`);
  }
  const pod = objects.find(({ kind }) => kind === 'Pod');
  if (pod === undefined) throw malformed(file, 'it holds no Pod');
  checkContainers(pod, file);
  return objects.sort((one, other) => KINDS.indexOf(one.kind) - KINDS.indexOf(other.kind));
}

function objectOf(document: unknown, index: number, file: string): ManifestObject {
  const object = withoutNulls(document);
  if (!isMapping(object)) throw malformed(file, `document ${index + 1} is no mapping`);
  const { kind, apiVersion, metadata, spec = {} } = object;
  if (typeof kind !== 'string' || !KINDS.includes(kind)) {
    throw malformed(
      file,
      `kind of document ${index + 1} is ${told(kind)}, must be one of ${KINDS.join(', ')}`,
    );
  }
  if (apiVersion !== 'v1') throw malformed(file, `${kind}: apiVersion is ${told(apiVersion)}, must be v1`);
  if (!isMapping(metadata)) throw malformed(file, `${kind}: metadata must be a mapping`);
  if (typeof metadata['name'] !== 'string' || metadata['name'] === '') {
    throw malformed(file, `${kind}: metadata.name is ${told(metadata['name'])}, must be a name`);
  }
  checkTexts(file, kind, {
    'metadata.labels': metadata['labels'],
    'metadata.annotations': metadata['annotations'],
    data: object['data'],
    stringData: object['stringData'],
  });
  if (!isMapping(spec)) throw malformed(file, `${kind}: spec must be a mapping`);
  return object as unknown as ManifestObject;
}

/**
 * A user who is called `true`, or `007`, makes something else than a text of a
 * variable that the template does not quote.
 *
 * @param members mappings from names to texts, by their paths
 */
function checkTexts(file: string, kind: string, members: Mapping): void {
  for (const [path, member = {}] of Object.entries(members)) {
    if (!isMapping(member)) throw malformed(file, `${kind}: ${path} must be a mapping`);
    for (const [name, value] of Object.entries(member)) {
      if (typeof value === 'string') continue;
      const hint = 'Put quotes around it in the template, as in "{{ kernel_username }}".';
      throw malformed(file, `${kind}: ${path}.${name} is ${told(value)}, must be a text`, hint);
    }
  }
}

/** Lists of mappings, one at least; what is in them is for the API server to judge. */
function checkContainers({ spec }: ManifestObject, file: string): void {
  for (const list of ['containers', 'initContainers', 'ephemeralContainers', 'volumes', 'imagePullSecrets']) {
    const listed = spec?.[list] ?? [];
    if (!Array.isArray(listed) || !listed.every(isMapping)) {
      throw malformed(file, `Pod: spec.${list} must be a list of mappings`);
    }
  }
  const [container] = mappingsOf(spec?.['containers']);
  if (container === undefined) throw malformed(file, 'Pod: spec.containers must have at least one entry');
  const env = container['env'] ?? [];
  if (!Array.isArray(env) || !env.every(isMapping)) {
    throw malformed(file, 'Pod: spec.containers[0].env must be a list of mappings');
  }
}

/** For the API server, a member that is null is one that is not there. */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (!isMapping(value)) return value;
  const present = Object.entries(value).filter(([, member]) => member !== null);
  return Object.fromEntries(present.map(([name, member]) => [name, withoutNulls(member)]));
}

/** The mappings of a list; none when it is no list. */
export function mappingsOf(value: unknown): Mapping[] {
  return Array.isArray(value) ? value.filter(isMapping) : [];
}

/** An empty one in place of anything else. */
export function mappingOf(value: unknown): Mapping {
  return isMapping(value) ? value : {};
}

export function isMapping(value: unknown): value is Mapping {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function told(value: unknown): string {
  return value === undefined ? 'missing' : JSON.stringify(value).slice(0, 80);
}

function malformed(file: string, what: string, hint = 'Correct the template.'): KernelFailure {
  return new KernelFailure({
    code: 'LAUNCH_REFUSED',
    message: `Template ${file}: ${what}.`,
    hint,
  });
}
