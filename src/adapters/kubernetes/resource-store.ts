/** What a watch knows of the cluster, and what is to be told when that changes. Pure. */
import type { KubernetesObject, ResourceEvent } from './cluster.ts';

export class ResourceStore<Resource extends KubernetesObject> {
  #known = new Map<string, Resource>();
  #isSynced = false;

  /** For who comes later: all that is there, then `synced`; nothing before the first list. */
  snapshot(): ResourceEvent<Resource>[] {
    if (!this.#isSynced) return [];
    return [...presence(this.#known.values()), { type: 'synced' }];
  }

  /** A new list: what is not in it is gone, and so is what has a successor of the same name. */
  replace(objects: readonly Resource[]): ResourceEvent<Resource>[] {
    const before = this.#known;
    this.#known = new Map(objects.map((object) => [keyOf(object), object]));
    this.#isSynced = true;
    const gone = [...before].filter(([key, object]) => !isSame(this.#known.get(key), object));
    const absence = gone.map(([, object]): ResourceEvent<Resource> => ({ type: 'absent', object }));
    return [...absence, ...presence(this.#known.values()), { type: 'synced' }];
  }

  put(object: Resource): ResourceEvent<Resource>[] {
    const key = keyOf(object);
    const before = this.#known.get(key);
    this.#known.set(key, object);
    const isSuccessor = before !== undefined && !isSame(before, object);
    return [...(isSuccessor ? [{ type: 'absent' as const, object: before }] : []), ...presence([object])];
  }

  /** Nothing is to be told when it was not known to be there. */
  remove(object: Resource): ResourceEvent<Resource>[] {
    const key = keyOf(object);
    if (!isSame(this.#known.get(key), object)) return [];
    this.#known.delete(key);
    return [{ type: 'absent', object }];
  }
}

function presence<Resource>(objects: Iterable<Resource>): ResourceEvent<Resource>[] {
  return Array.from(objects, (object) => ({ type: 'present', object }));
}

function keyOf({ metadata }: KubernetesObject): string {
  return `${metadata.namespace ?? ''}/${metadata.name}`;
}

/** Names are given again, uids never are. */
function isSame(one: KubernetesObject | undefined, other: KubernetesObject): boolean {
  return one !== undefined && one.metadata.uid === other.metadata.uid;
}
