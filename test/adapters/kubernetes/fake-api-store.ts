/** What an API server keeps: objects of any kind, each change with a resource version, and the past for those who watch. */
import { randomUUID } from 'node:crypto';
import type { KubernetesObject } from '../../../src/adapters/kubernetes/cluster.ts';

export interface StoredChange {
  type: 'ADDED' | 'MODIFIED' | 'DELETED';
  /** Collection path of the object's kind, without a namespace: `/api/v1/pods`. */
  collection: string;
  object: KubernetesObject;
  /** What it replaced. */
  before: KubernetesObject | null;
  version: number;
}

/** Which objects are asked for. */
export interface Filter {
  collection: string;
  namespace: string | null;
  labelSelector: string | null;
  fieldSelector: string | null;
}

export class FakeApiStore {
  readonly #objects = new Map<string, { collection: string; object: KubernetesObject }>();
  readonly changes: StoredChange[] = [];
  version = 1000;
  /** Changes up to this version are forgotten. */
  compacted = 1000;
  onChange: (change: StoredChange) => void = () => {};

  list(filter: Filter): KubernetesObject[] {
    const all = [...this.#objects.values()].filter(({ collection }) => collection === filter.collection);
    return all.map(({ object }) => object).filter((object) => isSelected(object, filter));
  }

  get(path: string): KubernetesObject | null {
    return this.#objects.get(path)?.object ?? null;
  }

  /** @param path where the object lies: `/api/v1/namespaces/a/pods/b` */
  put(path: string, collection: string, object: KubernetesObject): KubernetesObject {
    const before = this.get(path);
    const stored = structuredClone(object);
    this.version += 1;
    stored.metadata = {
      ...stored.metadata,
      uid: before?.metadata.uid ?? randomUUID(),
      creationTimestamp: before?.metadata.creationTimestamp ?? ('2026-01-01T00:00:00Z' as unknown as Date),
      resourceVersion: String(this.version),
    };
    this.#objects.set(path, { collection, object: stored });
    this.#record({ type: before === null ? 'ADDED' : 'MODIFIED', collection, object: stored, before });
    return stored;
  }

  remove(path: string): KubernetesObject | null {
    const entry = this.#objects.get(path);
    if (entry === undefined) return null;
    this.#objects.delete(path);
    this.version += 1;
    const object = structuredClone(entry.object);
    object.metadata.resourceVersion = String(this.version);
    this.#record({ type: 'DELETED', collection: entry.collection, object, before: entry.object });
    return object;
  }

  /** Forgets the past, as etcd does from time to time. */
  compact(): void {
    this.changes.length = 0;
    this.compacted = this.version;
  }

  #record(change: Omit<StoredChange, 'version'>): void {
    const stored = { ...change, version: this.version };
    this.changes.push(stored);
    this.onChange(stored);
  }
}

/** What a watch is told of a change; null: nothing. What no longer is selected is deleted for it. */
export function toldOf(
  change: StoredChange,
  filter: Filter,
): { type: string; object: KubernetesObject } | null {
  if (change.collection !== filter.collection) return null;
  const wasSelected = change.before !== null && isSelected(change.before, filter);
  const isNowSelected = change.type !== 'DELETED' && isSelected(change.object, filter);
  if (isNowSelected) return { type: wasSelected ? 'MODIFIED' : 'ADDED', object: change.object };
  return wasSelected ? { type: 'DELETED', object: change.object } : null;
}

function isSelected(object: KubernetesObject, { namespace, labelSelector, fieldSelector }: Filter): boolean {
  if (namespace !== null && object.metadata.namespace !== namespace) return false;
  const labels = (name: string) => object.metadata.labels?.[name];
  const fields = (path: string) => String(path.split('.').reduce<unknown>(inner, object) ?? '');
  return matches(labelSelector, labels) && matches(fieldSelector, fields);
}

/** Equality and existence: `a=b,c!=d,e`. */
function matches(selector: string | null, valueAt: (name: string) => string | undefined): boolean {
  const terms = (selector ?? '').split(',').filter((term) => term !== '');
  return terms.every((term) => {
    const [, name = '', operator, value] = /^([^=!]+)(==|=|!=)?(.*)$/.exec(term) ?? [];
    if (operator === undefined) return valueAt(name) !== undefined;
    return (valueAt(name) === value) === (operator !== '!=');
  });
}

function inner(object: unknown, name: string): unknown {
  return typeof object === 'object' && object !== null ? Reflect.get(object, name) : undefined;
}
