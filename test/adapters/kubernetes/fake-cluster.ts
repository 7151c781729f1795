/**
 * A cluster in memory: objects are created, listed, watched and deleted as an
 * API server does it. What a kubelet would do, the test does.
 */
import { randomUUID } from 'node:crypto';
import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';
import { Observable, Subject } from 'rxjs';
import {
  type Cluster,
  ClusterError,
  type KubernetesObject,
  type ObjectKey,
  type ResourceEvent,
  type ResourceKind,
  type Selection,
} from '../../../src/adapters/kubernetes/cluster.ts';

type News = { type: 'present' | 'absent'; object: KubernetesObject };

export class FakeCluster implements Cluster {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #news = new Subject<News>();
  /** Answers instead of an object being made, each used once: by kind. */
  readonly refusals: { kind: string; error: ClusterError }[] = [];
  /** What containers have written, by pod. */
  readonly logs = new Map<string, string>();
  /** Called with each pod that was created: the kubelet. */
  onPod: (pod: V1Pod & KubernetesObject) => void = () => {};
  /** Watches that are open at the moment. */
  watches = 0;

  async create<Resource extends KubernetesObject>(object: Resource): Promise<Resource> {
    await null;
    const refusal = this.refusals.findIndex(({ kind }) => kind === object.kind);
    if (refusal >= 0) throw (this.refusals.splice(refusal, 1)[0] as { error: ClusterError }).error;
    const { namespace } = object.metadata;
    if (namespace !== undefined) this.#checkNamespace(namespace);
    const key = keyText({ ...object, ...object.metadata });
    if (this.#objects.has(key)) throw new ClusterError(409, 'AlreadyExists', `${key} already exists`);
    const created: Resource = {
      ...structuredClone(object),
      metadata: { ...object.metadata, uid: randomUUID(), creationTimestamp: new Date() },
      ...(object.kind === 'Pod' && { status: { phase: 'Pending' } }),
    };
    this.#put(created);
    if (created.kind === 'Pod') this.onPod(created as V1Pod & Resource);
    return structuredClone(created);
  }

  async read<Resource extends KubernetesObject>(key: ObjectKey): Promise<Resource | null> {
    await null;
    const object = this.#objects.get(keyText(key));
    return object === undefined ? null : (structuredClone(object) as Resource);
  }

  async list<Resource extends KubernetesObject>(kind: ResourceKind, selection: Selection): Promise<Resource[]> {
    await null;
    return this.#selected(kind, selection) as Resource[];
  }

  async delete(key: ObjectKey, options: { gracePeriodSeconds?: number; uid?: string } = {}): Promise<void> {
    await null;
    const object = this.#objects.get(keyText(key));
    if (object === undefined || (options.uid !== undefined && object.metadata.uid !== options.uid)) return;
    if (key.kind === 'Namespace') {
      for (const inside of this.#objects.values()) {
        if (inside.metadata.namespace === key.name) this.#remove(inside);
      }
    }
    this.#remove(object);
  }

  async podLog(_namespace: string, pod: string): Promise<string | null> {
    await null;
    return this.logs.get(pod) ?? null;
  }

  watch<Resource extends KubernetesObject>(
    kind: ResourceKind,
    selection: Selection,
  ): Observable<ResourceEvent<Resource>> {
    return new Observable((observer) => {
      this.watches += 1;
      const isOurs = (object: KubernetesObject) => matches(object, kind, selection);
      const subscription = this.#news.subscribe(({ type, object }) => {
        if (isOurs(object)) observer.next({ type, object: structuredClone(object) as Resource });
      });
      for (const object of this.#selected(kind, selection)) {
        observer.next({ type: 'present', object: object as Resource });
      }
      observer.next({ type: 'synced' });
      return () => {
        this.watches -= 1;
        subscription.unsubscribe();
      };
    });
  }

  /** The pod's container, named as the pod, is in this state from now on. */
  setContainer(pod: KubernetesObject, phase: string, state: V1ContainerState, podIP?: string): void {
    const present = this.#objects.get(keyText({ ...pod, ...pod.metadata })) as (V1Pod & KubernetesObject) | undefined;
    if (present === undefined) return;
    const name = present.spec?.containers[0]?.name ?? 'kernel';
    const started = state.running !== undefined;
    const status = { name, image: '', imageID: '', ready: started, started, restartCount: 0, state };
    this.#put({
      ...present,
      status: { phase, ...(podIP !== undefined && { podIP }), containerStatuses: [status] },
    } as KubernetesObject);
  }

  /** All that there is with this label, in words. */
  leftOf(kernelId: string): string[] {
    return [...this.#objects.values()]
      .filter(({ metadata }) => metadata.labels?.['kernel_id'] === kernelId)
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  }

  #checkNamespace(name: string): void {
    if (this.#objects.has(keyText({ apiVersion: 'v1', kind: 'Namespace', name }))) return;
    throw new ClusterError(404, 'NotFound', `namespaces "${name}" not found`);
  }

  #selected(kind: ResourceKind, selection: Selection): KubernetesObject[] {
    const selected = [...this.#objects.values()].filter((object) => matches(object, kind, selection));
    return structuredClone(selected);
  }

  #put(object: KubernetesObject): void {
    this.#objects.set(keyText({ ...object, ...object.metadata }), object);
    this.#news.next({ type: 'present', object });
  }

  #remove(object: KubernetesObject): void {
    this.#objects.delete(keyText({ ...object, ...object.metadata }));
    this.#news.next({ type: 'absent', object });
  }
}

function keyText({ kind, name, namespace }: ObjectKey): string {
  return [kind, namespace ?? '', name].join('/');
}

function matches(object: KubernetesObject, kind: ResourceKind, selection: Selection): boolean {
  const { labels = {}, namespace } = object.metadata;
  if (object.kind !== kind.kind) return false;
  if (selection.namespace !== undefined && selection.namespace !== namespace) return false;
  const terms = selection.labelSelector?.split(',') ?? [];
  return terms.every((term) => {
    const [name = '', value] = term.split('=');
    return labels[name] === value;
  });
}
