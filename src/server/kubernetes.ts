/** Kernels in a cluster, as far as the composition root is concerned: connected to when the first one is asked for. */
import { hostname } from 'node:os';
import type { Logger } from 'pino';
import { exhaustMap, from, type Subscription, timer } from 'rxjs';
import type { Settings } from '../adapters/config/settings.ts';
import { responseAddress } from '../adapters/handshake/response-address.ts';
import type { ResponseCounts } from '../adapters/handshake/response-counts.ts';
import { ResponseListener } from '../adapters/handshake/response-listener.ts';
import { ClusterError } from '../adapters/kubernetes/cluster.ts';
import type { ClusterAccess } from '../adapters/kubernetes/cluster-access.ts';
import type { ClusterClient, ClusterFigures } from '../adapters/kubernetes/cluster-client.ts';
import { gatewayLabels } from '../adapters/kubernetes/gateway-identity.ts';
import { KernelPods } from '../adapters/kubernetes/kernel-pods.ts';
import {
  KubernetesProvisioner,
  type KubernetesRules,
} from '../adapters/kubernetes/kubernetes-provisioner.ts';
import { Reconciler } from '../adapters/kubernetes/reconciler.ts';
import { KernelFailure } from '../machines/failure.ts';
import { launchCommandEnvironment } from '../machines/launch-environment.ts';

export interface KubernetesOptions {
  settings(): Settings;
  /** Where kernels are kept over restarts of the gateway; null when they are not. */
  persistenceRoot: string | null;
  isKnown(kernelId: string): boolean;
  log: Logger;
}

/** For the metrics. All counts are since the start. */
export interface KubernetesFigures {
  cluster: ClusterFigures;
  /** Answers of launchers, by what became of them. */
  handshakes: Readonly<ResponseCounts>;
  /** Kernels of which something was left behind, and has been removed. */
  removals: number;
}

/** Kernels in a cluster, and the cleaning up after gateways that are gone. */
export class KubernetesKernels {
  readonly provisioner: KubernetesProvisioner;
  readonly #options: KubernetesOptions;
  #reconciling: Subscription | null = null;
  #connected: { cluster: ClusterClient; listener: ResponseListener } | null = null;
  #removals = 0;

  constructor(options: KubernetesOptions) {
    this.#options = options;
    this.provisioner = new KubernetesProvisioner({
      connect: () => this.#connect(),
      rules: () => rulesOf(options.settings()),
      commandEnvironment: (plan) => launchCommandEnvironment(plan, process.env),
      log: options.log,
    });
  }

  /** Connects before anyone asks: what an earlier gateway left in the cluster is looked after from now on. */
  async start(): Promise<void> {
    try {
      await this.provisioner.access();
    } catch (error) {
      if (!(error instanceof KernelFailure)) throw error;
      this.#options.log.warn({ code: error.failure.code }, `${error.failure.message} ${error.failure.hint}`);
    }
  }

  /** Null as long as no cluster is connected to. */
  figures(): KubernetesFigures | null {
    if (this.#connected === null) return null;
    const { cluster, listener } = this.#connected;
    return { cluster: cluster.figures(), handshakes: listener.counts, removals: this.#removals };
  }

  async close(): Promise<void> {
    this.#reconciling?.unsubscribe();
    await this.provisioner.close();
  }

  /** Removes what is left of a kernel that can't do so itself. */
  async cleanUp(kernelId: string): Promise<void> {
    if (!this.provisioner.isConnected) return;
    const { cluster, labels } = await this.provisioner.access();
    await this.#clean(new Reconciler(cluster, labels, (id) => id !== kernelId, this.#options.log));
  }

  async #connect(): Promise<ClusterAccess> {
    const { settings, log } = this.#options;
    // Loaded only where a cluster is used: the client library is larger than the rest of the gateway.
    const { connectCluster } = await import('../adapters/kubernetes/cluster-client.ts');
    const cluster = await connectCluster(process.env, log).catch(tellUnreachable);
    const listener = await openListener(settings(), log);
    try {
      return await this.#use(cluster, listener);
    } catch (error) {
      await listener.close();
      throw error;
    }
  }

  async #use(cluster: ClusterClient, listener: ResponseListener): Promise<ClusterAccess> {
    const { settings, persistenceRoot, log } = this.#options;
    const labels = await gatewayLabels({
      persistenceRoot,
      responseAddress: listener.address,
      pod: isPod() ? { name: hostname(), namespace: settings().namespace } : null,
    });
    const pods = new KernelPods(cluster);
    pods.start();
    this.#reconciling ??= this.#reconcile(new Reconciler(cluster, labels, (id) => this.#isKept(id), log));
    const close = async () => {
      pods.close();
      await listener.close();
      cluster.close();
    };
    this.#connected = { cluster, listener };
    return { cluster, pods, listener, labels, close };
  }

  /** A kernel that this gateway has let go of waits for the next one. */
  #isKept(kernelId: string): boolean {
    return this.#options.isKnown(kernelId) || this.provisioner.hasDetached(kernelId);
  }

  /** At once, and from time to time: a crash can happen at any moment. */
  #reconcile(reconciler: Reconciler): Subscription {
    const { settings, log } = this.#options;
    const interval = settings().reconcileInterval * 1000;
    const times = interval > 0 ? timer(0, interval) : timer(0);
    const run = () =>
      from(
        this.#clean(reconciler).catch((error: Error) => {
          log.warn({ err: error }, `the cluster could not be compared with the kernels: ${error.message}`);
        }),
      );
    return times.pipe(exhaustMap(run)).subscribe();
  }

  async #clean(reconciler: Reconciler): Promise<void> {
    this.#removals += (await reconciler.run()).length;
  }
}

function tellUnreachable(error: unknown): never {
  if (!(error instanceof ClusterError)) throw error;
  throw new KernelFailure(
    {
      code: 'CLUSTER_UNREACHABLE',
      message: `${error.message.charAt(0).toUpperCase()}${error.message.slice(1)}.`.replace(/\.\.$/, '.'),
      hint: 'Set KUBECONFIG, or run the gateway in the cluster.',
    },
    { cause: error },
  );
}

async function openListener(settings: Settings, log: Logger): Promise<ResponseListener> {
  const listener = new ResponseListener({ timeout: settings.socketTimeout * 1000, log });
  await listener.listen({
    ip: responseAddress(settings),
    port: settings.responsePort,
    retries: settings.responsePortRetries,
    anyAddress: settings.responseAddrAny,
  });
  return listener;
}

function isPod(): boolean {
  return process.env['KUBERNETES_SERVICE_HOST'] !== undefined;
}

function rulesOf(settings: Settings): KubernetesRules {
  return {
    permissions: settings.podPermissions,
    prohibitedUids: settings.prohibitedUids,
    prohibitedGids: settings.prohibitedGids,
    allowedImages: settings.allowedImages,
    allowedServiceAccounts: settings.allowedServiceAccounts,
    imagePullSecrets: settings.imagePullSecrets,
    kernelClusterRole: settings.kernelClusterRole,
    gatewayNamespace: settings.namespace,
    commTimeout: settings.socketTimeout * 1000,
  };
}
