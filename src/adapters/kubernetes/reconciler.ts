/**
 * Compares what is in the cluster with the kernels that there are, and removes
 * what a gateway that is gone has left behind. What other gateways made, and
 * what is older than labels can tell, is left alone.
 */
import type { V1Pod } from '@kubernetes/client-node';
import type { Cluster, KubernetesObject, ResourceKind } from './cluster.ts';
import { GATEWAY_LABEL, GATEWAY_NAMESPACE_LABEL, KERNEL_SELECTOR, kernelSelector } from './kernel-labels.ts';

export interface ReconcilerLog {
  info(context: object, text: string): void;
  warn(context: object, text: string): void;
}

const NAMESPACE: ResourceKind = { apiVersion: 'v1', kind: 'Namespace' };
const POD: ResourceKind = { apiVersion: 'v1', kind: 'Pod' };
/** What may lie in a namespace that is not the kernel's own. */
const NAMESPACED: ResourceKind[] = ['Pod', 'Service', 'ConfigMap', 'Secret'].map((kind) => ({
  apiVersion: 'v1',
  kind,
}));

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

  /** @returns the kernels of which something was removed @throws ClusterError */
  async run(): Promise<string[]> {
    const namespaces = await this.#cluster.list(NAMESPACE, { labelSelector: KERNEL_SELECTOR });
    const pods = await this.#cluster.list(POD, { labelSelector: KERNEL_SELECTOR });
    const livingGateways = await this.#livingGateways([...namespaces, ...pods]);
    const orphans = [...namespaces, ...pods].filter((object) => this.#isOrphan(object, livingGateways));
    const kernelIds = [...new Set(orphans.map(kernelIdOf))];
    for (const kernelId of kernelIds) {
      const own = orphans.filter((object) => kernelIdOf(object) === kernelId);
      await this.#remove(kernelId, own).catch((error: Error) =>
        this.#log.warn(
          { kernelId, err: error },
          `what is left of kernel ${kernelId} could not be removed yet`,
        ),
      );
    }
    return kernelIds;
  }

  #isOrphan(object: KubernetesObject, livingGateways: ReadonlySet<string>): boolean {
    const { labels = {}, deletionTimestamp } = object.metadata;
    const kernelId = labels['kernel_id'];
    const maker = labels[GATEWAY_LABEL];
    if (kernelId === undefined || maker === undefined || this.#isKnown(kernelId)) return false;
    if (object.kind === 'Namespace' && deletionTimestamp !== undefined) return false;
    if (maker === this.#labels[GATEWAY_LABEL]) return true;
    const namespace = labels[GATEWAY_NAMESPACE_LABEL];
    const isSibling = namespace !== undefined && namespace === this.#labels[GATEWAY_NAMESPACE_LABEL];
    return isSibling && !livingGateways.has(maker);
  }

  /** Gateways of this gateway's own namespace whose pods are there. */
  async #livingGateways(objects: readonly KubernetesObject[]): Promise<ReadonlySet<string>> {
    const namespace = this.#labels[GATEWAY_NAMESPACE_LABEL];
    const isOthers = ({ metadata }: KubernetesObject) =>
      metadata.labels?.[GATEWAY_NAMESPACE_LABEL] === namespace &&
      metadata.labels?.[GATEWAY_LABEL] !== this.#labels[GATEWAY_LABEL];
    if (namespace === undefined || !objects.some(isOthers)) return new Set();
    const pods = await this.#cluster.list<V1Pod & KubernetesObject>(POD, { namespace });
    return new Set(pods.map(({ metadata }) => metadata.name));
  }

  async #remove(kernelId: string, objects: readonly KubernetesObject[]): Promise<void> {
    const namespaces = objects.filter(({ kind }) => kind === 'Namespace');
    const ownNamespaces = new Set(namespaces.map(({ metadata }) => metadata.name));
    const foreign = new Set(
      objects.flatMap(({ metadata: { namespace } }) =>
        namespace !== undefined && !ownNamespaces.has(namespace) ? [namespace] : [],
      ),
    );
    for (const namespace of foreign) await this.#removeFrom(namespace, kernelId);
    for (const { metadata } of namespaces) {
      await this.#cluster.delete({ ...NAMESPACE, name: metadata.name }, uidOf(metadata));
    }
    const places = [...ownNamespaces, ...foreign].join(', ');
    this.#log.info(
      { kernelId, namespaces: [...ownNamespaces] },
      `removed what was left of kernel ${kernelId} in ${places}: the gateway that launched it is gone`,
    );
  }

  async #removeFrom(namespace: string, kernelId: string): Promise<void> {
    for (const kind of NAMESPACED) {
      const left = await this.#cluster.list(kind, { namespace, labelSelector: kernelSelector(kernelId) });
      for (const { metadata } of left) {
        const options = { gracePeriodSeconds: 0, ...uidOf(metadata) };
        await this.#cluster.delete({ ...kind, name: metadata.name, namespace }, options);
      }
    }
  }
}

function kernelIdOf({ metadata }: KubernetesObject): string {
  return metadata.labels?.['kernel_id'] ?? '';
}

function uidOf({ uid }: KubernetesObject['metadata']): { uid?: string } {
  return uid === undefined ? {} : { uid };
}
