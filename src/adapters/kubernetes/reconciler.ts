/**
 * Compares what is in the cluster with the kernels that there are, and removes
 * what a gateway that is gone has left behind. What other gateways made, and
 * what is older than labels can tell, is left alone.
 */
import type { V1Pod } from '@kubernetes/client-node';
import { type Cluster, ClusterError, type KubernetesObject, type ResourceKind } from './cluster.ts';
import { gatewayPodLabel } from './gateway-identity.ts';
import { GATEWAY_LABEL, GATEWAY_NAMESPACE_LABEL, KERNEL_SELECTOR, outlivesKernel } from './kernel-labels.ts';
import { kernelIdOf } from './kernel-pod.ts';

export interface ReconcilerLog {
  info(context: object, text: string): void;
  warn(context: object, text: string): void;
}

const NAMESPACE: ResourceKind = { apiVersion: 'v1', kind: 'Namespace' };
const POD: ResourceKind = { apiVersion: 'v1', kind: 'Pod' };
/** What may lie beside a kernel's pod. */
const COMPANIONS: ResourceKind[] = [
  'Service',
  'ConfigMap',
  'Secret',
  'PersistentVolumeClaim',
  'PersistentVolume',
].map((kind) => ({ apiVersion: 'v1', kind }));

export class Reconciler {
  readonly #cluster: Cluster;
  readonly #labels: Record<string, string>;
  readonly #isKnown: (kernelId: string) => boolean;
  readonly #log: ReconcilerLog;

  /** @param labels those that this gateway gives to what it makes */
  constructor(
    cluster: Cluster,
    labels: Record<string, string>,
    isKnown: (kernelId: string) => boolean,
    log: ReconcilerLog,
  ) {
    this.#cluster = cluster;
    this.#labels = labels;
    this.#isKnown = isKnown;
    this.#log = log;
  }

  /** @returns the kernels of which all that was found was removed @throws ClusterError */
  async run(): Promise<string[]> {
    const found = await this.#found();
    const goneGateways = await this.#goneGateways(found);
    const orphans = found.filter((object) => this.#isOrphan(object, goneGateways));
    const removed: string[] = [];
    for (const kernelId of new Set(orphans.map(kernelIdOf))) {
      const own = orphans.filter((object) => kernelIdOf(object) === kernelId);
      if (await this.#remove(kernelId, own)) removed.push(kernelId);
    }
    return removed;
  }

  /** Without what is in namespaces that are going, and takes all along. */
  async #found(): Promise<KubernetesObject[]> {
    const kernels = { labelSelector: KERNEL_SELECTOR };
    const namespaces = await this.#cluster.list(NAMESPACE, kernels);
    const objects = await this.#cluster.list(POD, kernels);
    for (const kind of COMPANIONS) {
      // What this gateway may not see, it has not made.
      const listed = this.#cluster.list(kind, kernels).catch(noneWhenForbidden);
      objects.push(...(await listed));
    }
    const isGoing = ({ metadata }: KubernetesObject) => metadata.deletionTimestamp !== undefined;
    const going = new Set(namespaces.filter(isGoing).map(({ metadata }) => metadata.name));
    const places = namespaces.filter((namespace) => !isGoing(namespace));
    return [...places, ...objects.filter(({ metadata }) => !going.has(metadata.namespace ?? ''))];
  }

  #isOrphan(object: KubernetesObject, goneGateways: (maker: string) => boolean): boolean {
    const { labels = {} } = object.metadata;
    const kernelId = kernelIdOf(object);
    const maker = labels[GATEWAY_LABEL];
    if (kernelId === '' || maker === undefined || this.#isKnown(kernelId)) return false;
    if (outlivesKernel(object)) return false;
    return maker === this.#labels[GATEWAY_LABEL] || (this.#isOfSibling(object) && goneGateways(maker));
  }

  #isOfSibling({ metadata: { labels = {} } }: KubernetesObject): boolean {
    const namespace = this.#labels[GATEWAY_NAMESPACE_LABEL];
    const isOwn = labels[GATEWAY_LABEL] === this.#labels[GATEWAY_LABEL];
    return namespace !== undefined && labels[GATEWAY_NAMESPACE_LABEL] === namespace && !isOwn;
  }

  /** Which gateways of this gateway's own namespace have no pod any more. One that does not find its own pod there can't tell. */
  async #goneGateways(found: readonly KubernetesObject[]): Promise<(maker: string) => boolean> {
    const namespace = this.#labels[GATEWAY_NAMESPACE_LABEL];
    const own = this.#labels[GATEWAY_LABEL];
    if (namespace === undefined || own === undefined || !found.some((object) => this.#isOfSibling(object))) {
      return () => false;
    }
    const pods = await this.#cluster.list<V1Pod & KubernetesObject>(POD, { namespace });
    const living = pods.filter(({ status }) => status?.phase !== 'Failed' && status?.phase !== 'Succeeded');
    const makers = new Set(living.map(({ metadata }) => gatewayPodLabel(metadata.name)));
    return (maker) => makers.has(own) && !makers.has(maker);
  }

  /** @returns false when not all of it could be removed; it is tried again the next time */
  async #remove(kernelId: string, objects: readonly KubernetesObject[]): Promise<boolean> {
    const isNamespace = ({ kind }: KubernetesObject) => kind === 'Namespace';
    const namespaces = objects.filter(isNamespace).map(({ metadata }) => metadata.name);
    // What is in a namespace of the kernel's own goes with it.
    const doomed = objects.filter(
      (object) => isNamespace(object) || !namespaces.includes(object.metadata.namespace ?? ''),
    );
    const outcomes = await Promise.allSettled(doomed.map((object) => this.#delete(object)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    const what = `what was left of kernel ${kernelId} in ${placesOf(doomed)}`;
    if (failed === undefined) this.#log.info({ kernelId }, `removed ${what}: no gateway has it any more`);
    else this.#log.warn({ kernelId, err: failed.reason }, `${what} could not be removed yet`);
    return failed === undefined;
  }

  async #delete({ apiVersion, kind, metadata }: KubernetesObject): Promise<void> {
    const { name, namespace, uid } = metadata;
    const options = {
      ...(kind === 'Pod' && { gracePeriodSeconds: 0 }),
      ...(uid !== undefined && { uid }),
    };
    await this.#cluster.delete({ apiVersion, kind, name, namespace }, options);
  }
}

function noneWhenForbidden(error: unknown): KubernetesObject[] {
  if (error instanceof ClusterError && error.status === 403) return [];
  throw error;
}

function placesOf(objects: readonly KubernetesObject[]): string {
  const places = objects.map(({ kind, metadata }) =>
    kind === 'Namespace' ? metadata.name : (metadata.namespace ?? `${kind} ${metadata.name}`),
  );
  return [...new Set(places)].join(', ');
}
