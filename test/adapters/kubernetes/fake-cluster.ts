/**
 * A cluster in memory: objects are created, listed, watched and deleted as an
 * API server does it. What a kubelet would do, the test does.
 */
import { randomUUID } from 'node:crypto';
import type { V1ContainerState, V1Pod } from '@kubernetes/client-node';
import { Observable, type Subscriber } from 'rxjs';
import {
  type Cluster,
  ClusterError,
  type KubernetesObject,
  type ObjectKey,
  type ResourceEvent,
  type ResourceKind,
  type Selection,
} from '../../../src/adapters/kubernetes/cluster.ts';
import { ResourceStore } from '../../../src/adapters/kubernetes/resource-store.ts';
import { matches } from './fake-selection.ts';

type FakePod = V1Pod & KubernetesObject;

export interface FakeCall {
  verb: 'create' | 'read' | 'list' | 'delete' | 'log';
  kind: string;
  /** Empty for lists. */
  name: string;
  namespace?: string | undefined;
}

/** `isLost`: it is done all the same, only the answer does not arrive. */
export interface FakeFault {
  error: Error;
  isLost?: boolean;
}

interface FakeWatch {
  kind: ResourceKind;
  selection: Selection;
  store: ResourceStore<KubernetesObject>;
  observer: Subscriber<ResourceEvent<KubernetesObject>>;
}

export class FakeCluster implements Cluster {
  readonly #objects = new Map<string, KubernetesObject>();
  readonly #watches = new Set<FakeWatch>();
  /** Each call, as in `create Pod kernel`. */
  readonly calls: string[] = [];
  /** What containers have written, by pod. */
  readonly logs = new Map<string, string>();
  /** Called with each pod that was created: the kubelet. */
  onPod: (pod: FakePod) => void = () => {};
  /** Asked before each call, which waits for the answer. */
  faultFor: (call: FakeCall) => FakeFault | null | Promise<FakeFault | null> = () => null;
  /** Namespaces that are deleted stay there, with all that is in them. */
  keepsNamespaces = false;
  #areWatchesCut = false;

  create<Resource extends KubernetesObject>(object: Resource, signal?: AbortSignal): Promise<Resource> {
    return this.#call({ verb: 'create', ...object, ...object.metadata }, signal, () => this.#create(object));
  }

  read<Resource extends KubernetesObject>(key: ObjectKey, signal?: AbortSignal): Promise<Resource | null> {
    return this.#call({ verb: 'read', ...key }, signal, () => {
      const object = this.#objects.get(keyText(key));
      return object === undefined ? null : (structuredClone(object) as Resource);
    });
  }

  list<Resource extends KubernetesObject>(kind: ResourceKind, selection: Selection): Promise<Resource[]> {
    const call = { verb: 'list' as const, ...kind, name: '', namespace: selection.namespace };
    return this.#call(call, undefined, () => this.#selected(kind, selection) as Resource[]);
  }

  delete(key: ObjectKey, options: { gracePeriodSeconds?: number; uid?: string } = {}): Promise<void> {
    return this.#call({ verb: 'delete', ...key }, undefined, () => this.#delete(key, options));
  }

  podLog(namespace: string, pod: string, _container: string, tailLines: number): Promise<string | null> {
    return this.#call({ verb: 'log', kind: 'Pod', name: pod, namespace }, undefined, () => {
      const lines = this.logs.get(pod)?.split('\n').slice(0, -1).slice(-tailLines);
      return lines === undefined ? null : lines.map((line) => `${line}\n`).join('');
    });
  }

  watch<Resource extends KubernetesObject>(
    kind: ResourceKind,
    selection: Selection,
  ): Observable<ResourceEvent<Resource>> {
    return new Observable<ResourceEvent<KubernetesObject>>((observer) => {
      const watch = { kind, selection, store: new ResourceStore(), observer };
      this.#watches.add(watch);
      if (!this.#areWatchesCut) this.#list(watch);
      return () => this.#watches.delete(watch);
    }) as Observable<ResourceEvent<Resource>>;
  }

  /** Kinds that are watched at the moment, one for each watch. */
  get watched(): string[] {
    return [...this.#watches].map(({ kind }) => kind.kind).sort();
  }

  /** From now on watches hear nothing; new ones not even what there is. */
  cutWatches(): void {
    this.#areWatchesCut = true;
  }

  /** What happened meanwhile is forgotten: they have to list anew. */
  resumeWatches(): void {
    this.#areWatchesCut = false;
    for (const watch of this.#watches) this.#list(watch);
  }

  /** As if it had always been there. */
  put(object: KubernetesObject): void {
    this.#objects.set(keyText({ ...object, ...object.metadata }), object);
    this.#tell(object, (store) => store.put(structuredClone(object)));
  }

  /** Whatever holds it up lets go of it. */
  remove(object: KubernetesObject): void {
    const key = keyText({ ...object, ...object.metadata });
    if (this.#objects.get(key)?.metadata.uid !== object.metadata.uid) return;
    this.#objects.delete(key);
    this.#tell(object, (store) => store.remove(object));
    for (const owned of [...this.#objects.values()]) {
      const isOwned = owned.metadata.ownerReferences?.some(({ uid }) => uid === object.metadata.uid);
      if (isOwned || (object.kind === 'Namespace' && owned.metadata.namespace === object.metadata.name)) {
        this.remove(owned);
      }
    }
  }

  objectOf(key: Omit<ObjectKey, 'apiVersion'>): KubernetesObject | undefined {
    return structuredClone(this.#objects.get(keyText(key)));
  }

  /** The pod's first container is in this state from now on. */
  setContainer(
    pod: { name: string; namespace: string | null },
    phase: string,
    state: V1ContainerState,
    podIP?: string,
  ): void {
    const { name, namespace } = pod;
    const present = this.#objects.get(
      keyText({ kind: 'Pod', name, namespace: namespace ?? undefined }),
    ) as FakePod;
    const [container] = present.spec?.containers ?? [];
    const started = state.running !== undefined;
    const status = { name: container?.name ?? '', image: '', imageID: '', ready: started, started, state };
    this.put({
      ...present,
      spec: { ...present.spec, nodeName: 'worker-1' },
      status: {
        phase,
        ...(podIP !== undefined && { podIP }),
        containerStatuses: [{ ...status, restartCount: 0 }],
      },
    } as FakePod);
  }

  /** Something is told about a pod, for those who watch events. */
  tellEvent(pod: { name: string; namespace: string | null; uid: string }, reason: string, message: string) {
    this.put({
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { name: `${pod.name}.${randomUUID()}`, namespace: pod.namespace ?? '', uid: randomUUID() },
      involvedObject: { kind: 'Pod', name: pod.name, uid: pod.uid },
      reason,
      message,
    } as KubernetesObject);
  }

  /** All that there is with this label, in words. */
  leftOf(kernelId: string): string[] {
    return [...this.#objects.values()]
      .filter(({ metadata }) => metadata.labels?.['kernel_id'] === kernelId)
      .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  }

  async #call<Answer>(
    call: FakeCall,
    signal: AbortSignal | undefined,
    answer: () => Answer,
  ): Promise<Answer> {
    const { verb, kind, name, namespace } = call;
    this.calls.push([verb, kind, name].join(' ').trim());
    signal?.throwIfAborted();
    const fault = await this.faultFor({ verb, kind, name, namespace });
    signal?.throwIfAborted();
    if (fault !== null && fault.isLost !== true) throw fault.error;
    const answered = answer();
    if (fault !== null) throw fault.error;
    return answered;
  }

  #create<Resource extends KubernetesObject>(object: Resource): Resource {
    const { namespace, name } = object.metadata;
    if (namespace !== undefined) this.#checkNamespace(namespace);
    if (this.#objects.has(keyText({ ...object, ...object.metadata }))) {
      throw new ClusterError(409, 'AlreadyExists', `${plural(object.kind)} "${name}" already exists`);
    }
    const created: Resource = {
      ...structuredClone(object),
      metadata: {
        ...object.metadata,
        uid: randomUUID(),
        creationTimestamp: '2026-01-01T00:00:00Z' as unknown as Date,
      },
      ...(object.kind === 'Pod' && { status: { phase: 'Pending' } }),
    };
    this.put(created);
    if (created.kind === 'Pod') this.onPod(created as FakePod & Resource);
    return structuredClone(created);
  }

  #delete(key: ObjectKey, { gracePeriodSeconds = 30, uid }: { gracePeriodSeconds?: number; uid?: string }) {
    const object = this.#objects.get(keyText(key));
    if (object === undefined || (uid !== undefined && object.metadata.uid !== uid)) return;
    const isHeld =
      (object.metadata.finalizers?.length ?? 0) > 0 ||
      (object.kind === 'Pod' && gracePeriodSeconds > 0) ||
      (object.kind === 'Namespace' && this.keepsNamespaces);
    if (!isHeld) return this.remove(object);
    const deletionTimestamp = '2026-01-01T00:00:30Z' as unknown as Date;
    const metadata = {
      ...object.metadata,
      deletionTimestamp,
      deletionGracePeriodSeconds: gracePeriodSeconds,
    };
    this.put({ ...object, metadata });
  }

  #checkNamespace(name: string): void {
    const namespace = this.#objects.get(keyText({ kind: 'Namespace', name }));
    if (namespace === undefined) {
      throw new ClusterError(404, 'NotFound', `namespaces "${name}" not found`);
    }
    if (namespace.metadata.deletionTimestamp === undefined) return;
    const message = `unable to create new content in namespace ${name} because it is being terminated`;
    throw new ClusterError(403, 'Forbidden', message);
  }

  #selected(kind: ResourceKind, selection: Selection): KubernetesObject[] {
    return structuredClone([...this.#objects.values()].filter((object) => matches(object, kind, selection)));
  }

  #list({ kind, selection, store, observer }: FakeWatch): void {
    for (const event of store.replace(this.#selected(kind, selection))) observer.next(event);
  }

  #tell(
    object: KubernetesObject,
    change: (store: ResourceStore<KubernetesObject>) => ResourceEvent<KubernetesObject>[],
  ): void {
    if (this.#areWatchesCut) return;
    for (const { kind, selection, store, observer } of [...this.#watches]) {
      if (!matches(object, kind, selection)) continue;
      for (const event of change(store)) observer.next(event);
    }
  }
}

/** An answer of the API server that is no success. */
export function refusal(status: number | null, message: string, reason = ''): FakeFault {
  return { error: new ClusterError(status, reason, message) };
}

function keyText({ kind, name, namespace }: Omit<ObjectKey, 'apiVersion'>): string {
  return [kind, namespace ?? '', name].join('/');
}

function plural(kind: string): string {
  return `${kind.toLowerCase()}s`;
}
