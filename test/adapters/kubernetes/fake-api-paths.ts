/** Where the fake API server has which kind, and what a request is about. */
import type { KubernetesObject } from '../../../src/adapters/kubernetes/cluster.ts';
import type { Filter } from './fake-api-store.ts';

export interface FakeResource {
  apiVersion: string;
  kind: string;
  /** Plural, in paths. */
  name: string;
  namespaced: boolean;
}

/** What a request is about, in the words of Kubernetes' permissions. */
export type FakeVerb = 'get' | 'list' | 'watch' | 'create' | 'delete' | 'log' | 'discover';

export interface Target {
  resource: FakeResource;
  /** `/api/v1/pods` */
  collection: string;
  namespace: string | null;
  name: string | null;
  /** `log` in `…/pods/a/log` */
  part: string | null;
}

/** Objects as they are found: by kind and name. */
export type Placed = Pick<KubernetesObject, 'apiVersion' | 'kind' | 'metadata'>;

export const RESOURCES: FakeResource[] = [
  { apiVersion: 'v1', kind: 'Pod', name: 'pods', namespaced: true },
  { apiVersion: 'v1', kind: 'ConfigMap', name: 'configmaps', namespaced: true },
  { apiVersion: 'v1', kind: 'Namespace', name: 'namespaces', namespaced: false },
  { apiVersion: 'v1', kind: 'Event', name: 'events', namespaced: true },
  {
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'RoleBinding',
    name: 'rolebindings',
    namespaced: true,
  },
];

/** Null for what is no collection and no object. */
export function targetOf(path: string, resources: readonly FakeResource[]): Target | null {
  for (const resource of resources) {
    const root = rootOf(resource);
    if (!path.startsWith(`${root}/`)) continue;
    const parts = path
      .slice(root.length + 1)
      .split('/')
      .map(decodeURIComponent);
    const isWithin = resource.namespaced && parts[0] === 'namespaces' && parts.length > 2;
    const [name, ...rest] = isWithin ? parts.slice(2) : parts;
    if (name !== resource.name) continue;
    const [object = null, part = null] = rest;
    const namespace = isWithin ? (parts[1] ?? null) : null;
    return { resource, collection: collectionOf(resource), namespace, name: object, part };
  }
  return null;
}

export function verbOf(method: string, { searchParams }: URL, target: Target | null): FakeVerb {
  if (target === null) return 'discover';
  if (method === 'POST') return 'create';
  if (method === 'DELETE') return 'delete';
  if (target.part === 'log') return 'log';
  if (target.name !== null) return 'get';
  return searchParams.get('watch') === 'true' ? 'watch' : 'list';
}

export function filterOf({ collection, namespace }: Target, { searchParams }: URL): Filter {
  return {
    collection,
    namespace,
    labelSelector: searchParams.get('labelSelector'),
    fieldSelector: searchParams.get('fieldSelector'),
  };
}

export function rootOf({ apiVersion }: FakeResource): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`;
}

export function collectionOf(resource: FakeResource): string {
  return `${rootOf(resource)}/${resource.name}`;
}

export function pathOf(resource: FakeResource, namespace: string | null, name: string): string {
  const within = namespace === null ? '' : `/namespaces/${namespace}`;
  return `${rootOf(resource)}${within}/${resource.name}/${name}`;
}
