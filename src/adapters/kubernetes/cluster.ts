/**
 * What the gateway asks of a Kubernetes cluster. `cluster-client.ts` asks a
 * real one; tests have one of their own.
 */
import type { KubernetesObject as AnyObject, V1ObjectMeta } from '@kubernetes/client-node';
import type { Observable } from 'rxjs';

/** Any object of the cluster, as the API shows it: wire names, plain JSON. */
export interface KubernetesObject extends AnyObject {
  apiVersion: string;
  kind: string;
  metadata: V1ObjectMeta & { name: string };
}

/** The kind of an object, as manifests name it. */
export interface ResourceKind {
  apiVersion: string;
  kind: string;
}

export interface ObjectKey extends ResourceKind {
  name: string;
  /** Absent for what belongs to no namespace. */
  namespace?: string | undefined;
}

export interface Selection {
  /** Absent: all namespaces. */
  namespace?: string | undefined;
  labelSelector?: string | undefined;
  fieldSelector?: string | undefined;
}

/** What a watch tells. Begins with all that is there, then `synced`; the same again whenever it had to list anew. */
export type ResourceEvent<Resource> =
  | { type: 'present'; object: Resource }
  /** Its last known state. */
  | { type: 'absent'; object: Resource }
  | { type: 'synced' };

export interface Cluster {
  /** Answers the object as the cluster has made it. @throws ClusterError, or the signal's reason: then it may have been made */
  create<Resource extends KubernetesObject>(object: Resource, signal?: AbortSignal): Promise<Resource>;
  /** Null when there is none. @throws ClusterError, or the signal's reason */
  read<Resource extends KubernetesObject>(key: ObjectKey, signal?: AbortSignal): Promise<Resource | null>;
  /** @throws ClusterError */
  list<Resource extends KubernetesObject>(kind: ResourceKind, selection: Selection): Promise<Resource[]>;
  /**
   * Resolves when the cluster has taken the order; what is already gone is success.
   *
   * @param options `uid`: only that very object; `gracePeriodSeconds` 0: by force
   * @throws ClusterError
   */
  delete(key: ObjectKey, options?: { gracePeriodSeconds?: number; uid?: string }): Promise<void>;
  /** The end of what a container wrote; null when there is nothing to read. @throws ClusterError */
  podLog(namespace: string, pod: string, container: string, tailLines: number): Promise<string | null>;
  /**
   * Lists, then watches, from subscription to unsubscription. Never errors and
   * never ends: what goes wrong is reported and tried again.
   */
  watch<Resource extends KubernetesObject>(
    kind: ResourceKind,
    selection: Selection,
  ): Observable<ResourceEvent<Resource>>;
}

/** An answer of the API server that is no success, or none at all. */
export class ClusterError extends Error {
  /** HTTP status; null when the API server could not be asked. */
  readonly status: number | null;
  /** Kubernetes' `reason`, such as `Forbidden` or `AlreadyExists`; empty when there is none. */
  readonly reason: string;

  constructor(status: number | null, reason: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ClusterError';
    this.status = status;
    this.reason = reason;
  }
}
