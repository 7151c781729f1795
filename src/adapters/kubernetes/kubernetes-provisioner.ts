/**
 * Runs each kernel in a pod of a Kubernetes cluster. The cluster is asked for
 * only when a kernel needs it; what happens in it comes from the one watch of
 * {@link KernelPods}, where a pod's kernel can be reached from the pod itself,
 * through the response listener.
 */
import { randomBytes } from 'node:crypto';
import { constants } from 'node:os';
import { defer, firstValueFrom, from, type Observable, retry, switchMap, timeout, timer } from 'rxjs';
import type { Failure } from '../../machines/failure.ts';
import { KernelFailure, oneLine } from '../../machines/failure.ts';
import type { ConnectionInfo, KernelProvisioner, LaunchPlan, Pod, PodEvent } from '../../machines/ports.ts';
import { sendShutdown, sendSignal } from '../handshake/comm-port.ts';
import type { LaunchTicket, ResponseListener } from '../handshake/response-listener.ts';
import { creationFailureOf, isTransient } from './api-failure.ts';
import { type Cluster, ClusterError, type KubernetesObject } from './cluster.ts';
import { kernelSelector } from './kernel-labels.ts';
import { kernelManifest, type ManifestRules } from './kernel-manifest.ts';
import {
  checkNamespaceExists,
  createKernelNamespace,
  deleteKernelNamespace,
  type NamespaceOptions,
} from './kernel-namespace.ts';
import { type KernelPod, type KernelPods, podOf, uidOf } from './kernel-pods.ts';
import { LaunchProcess, type LaunchProcessLog } from './launch-process.ts';
import { commandOf, launchMethodOf } from './launch-script.ts';
import { podConditionOf } from './pod-condition.ts';
import { createObjects } from './pod-creation.ts';

/** A cluster that is connected to, and the gateway's own end. */
export interface ClusterAccess {
  cluster: Cluster;
  pods: KernelPods;
  listener: ResponseListener;
  /** Labels of everything that this gateway makes. */
  labels: Record<string, string>;
}

export interface KubernetesRules extends Omit<ManifestRules, 'labels'> {
  kernelClusterRole: string;
  gatewayNamespace: string;
  /** Milliseconds for a comm port to answer. */
  commTimeout: number;
}

export interface KubernetesProvisionerOptions {
  /** Connects once; asked again after it has failed. @throws KernelFailure */
  connect(): Promise<ClusterAccess>;
  rules(): KubernetesRules;
  /** The environment of an operator's own launch command. */
  commandEnvironment(plan: LaunchPlan): Record<string, string>;
  log: LaunchProcessLog;
}

const POD = { apiVersion: 'v1', kind: 'Pod' };
/** Kinds that a manifest may have made beside the pod, and that end with their kernel. */
const COMPANIONS = ['Service', 'ConfigMap', 'Secret'];
/** Milliseconds between attempts to connect, for those who follow a kernel of a cluster that is not there yet. */
const RECONNECT_INTERVAL = 2000;
/** Milliseconds for which an API server that does not answer is asked again before a launch is refused. */
const CHECK_PATIENCE = 5000;
/** Milliseconds in which a pod that was deleted by force must be gone. */
const DELETE_PATIENCE = 15_000;

interface Launch {
  ticket: LaunchTicket;
  process: LaunchProcess | null;
}

export class KubernetesProvisioner implements KernelProvisioner {
  readonly #options: KubernetesProvisionerOptions;
  readonly #launches = new Map<string, Launch>();
  #access: Promise<ClusterAccess> | null = null;

  constructor(options: KubernetesProvisionerOptions) {
    this.#options = options;
  }

  /** The cluster, once and for all kernels. @throws KernelFailure */
  access(): Promise<ClusterAccess> {
    this.#access ??= this.#options.connect().catch((error: unknown) => {
      this.#access = null;
      throw error;
    });
    return this.#access;
  }

  /** Whether any kernel has asked for the cluster. */
  get isConnected(): boolean {
    return this.#access !== null;
  }

  async check(plan: LaunchPlan, signal: AbortSignal): Promise<void> {
    const access = await this.access();
    if (launchMethodOf(plan).kind === 'template') {
      await kernelManifest(plan, NO_PARAMETERS, this.#manifestRules(access));
    }
    const namespace = namespaceOf(plan);
    await this.#asked({ kind: 'Namespace', name: namespace }, async () => {
      if (plan.ownNamespace === null) await checkNamespaceExists(access.cluster, namespace, signal);
      else await access.cluster.read({ apiVersion: 'v1', kind: 'Namespace', name: namespace }, signal);
    });
  }

  async createNamespace(plan: LaunchPlan, signal: AbortSignal): Promise<void> {
    const access = await this.access();
    const { cluster } = access;
    const name = namespaceOf(plan);
    const options = await this.#namespaceOptions(access, plan);
    try {
      await this.#asked({ kind: 'Namespace', name }, () =>
        createKernelNamespace(cluster, name, plan.kernelId, options, signal),
      );
      signal.throwIfAborted();
    } catch (error) {
      if (signal.aborted) await deleteKernelNamespace(cluster, name, plan.kernelId);
      throw error;
    }
  }

  async createPod(plan: LaunchPlan, signal: AbortSignal): Promise<Pod> {
    const access = await this.access();
    signal.throwIfAborted();
    const ticket = access.listener.expect(plan.kernelId);
    const launch: Launch = { ticket, process: null };
    this.#forget(plan.kernelId);
    this.#launches.set(plan.kernelId, launch);
    try {
      const created = await this.#create(access, plan, launch, signal);
      signal.throwIfAborted();
      const pod = podOf(created, '');
      this.#followTicket(access, plan, pod, ticket);
      return pod;
    } catch (error) {
      this.#forget(plan.kernelId);
      if (signal.aborted) await this.deletePod(plan, null);
      throw error;
    }
  }

  podEvents(kernelId: string): Observable<PodEvent> {
    return defer(() => from(this.access())).pipe(
      retry({ delay: () => timer(RECONNECT_INTERVAL) }),
      switchMap(({ pods }) => pods.podEvents(kernelId)),
    );
  }

  async awaitHandshake(plan: LaunchPlan, pod: Pod, signal: AbortSignal): Promise<ConnectionInfo> {
    const launch = this.#launches.get(plan.kernelId);
    if (launch === undefined) throw new Error(`no launch of kernel ${plan.kernelId} is under way`);
    const { connection } = await abortable(launch.ticket.response, signal);
    return { ...connection, ip: pod.ip };
  }

  async interrupt(plan: LaunchPlan, pod: Pod, connection: ConnectionInfo): Promise<void> {
    const chosen = plan.env['EG_ALTERNATE_SIGINT'] ?? 'SIGINT';
    const signals: Record<string, number> = constants.signals;
    const signum = Object.hasOwn(signals, chosen) ? signals[chosen] : constants.signals.SIGINT;
    await sendSignal(
      pod.ip,
      connection,
      signum ?? constants.signals.SIGINT,
      this.#options.rules().commTimeout,
    );
  }

  async requestExit(plan: LaunchPlan, pod: Pod, connection: ConnectionInfo, grace: number): Promise<void> {
    const { cluster } = await this.access();
    const { commTimeout } = this.#options.rules();
    // A launcher that can't be asked is ended by the deletion.
    await sendShutdown(pod.ip, connection, Math.min(commTimeout, grace)).catch(() => {});
    const gracePeriodSeconds = Math.max(1, Math.ceil(grace / 1000));
    await cluster.delete(podKey(plan, pod), { gracePeriodSeconds, uid: pod.uid });
  }

  async adoptPod(plan: LaunchPlan, pod: Pod): Promise<Pod | null> {
    const { cluster, pods } = await this.access();
    const present = await cluster.read<KernelPod>(podKey(plan, pod));
    if (present === null || uidOf(present) !== pod.uid) return null;
    if (podConditionOf(present, []).state === 'failed') return null;
    pods.tellAgain(pod.uid, plan.kernelId, vanished(plan));
    return pod;
  }

  detachPod(plan: LaunchPlan): void {
    this.#forget(plan.kernelId);
  }

  async deletePod(plan: LaunchPlan, pod: Pod | null): Promise<void> {
    const { cluster, pods } = await this.access();
    this.#forget(plan.kernelId);
    const namespace = namespaceOf(plan);
    const selection = { namespace, labelSelector: kernelSelector(plan.kernelId) };
    const doomed = pod === null ? await listed(cluster, 'Pod', selection) : [{ ...POD, metadata: pod }];
    for (const { metadata } of doomed) {
      const { name, uid } = metadata;
      await cluster.delete({ ...POD, name, namespace }, { gracePeriodSeconds: 0, ...(uid && { uid }) });
      await this.#untilRemoved(cluster, pods, { ...plan, namespace }, name, uid ?? '');
    }
    // A namespace of its own takes them along.
    if (plan.ownNamespace === null) await deleteCompanions(cluster, selection);
  }

  async deleteNamespace(plan: LaunchPlan): Promise<void> {
    const { cluster } = await this.access();
    await deleteKernelNamespace(cluster, namespaceOf(plan), plan.kernelId);
  }

  async close(): Promise<void> {
    for (const kernelId of this.#launches.keys()) this.#forget(kernelId);
    const access = await this.#access?.catch(() => null);
    access?.pods.close();
    await access?.listener.close();
  }

  async #namespaceOptions(access: ClusterAccess, plan: LaunchPlan): Promise<NamespaceOptions> {
    const { kernelClusterRole, gatewayNamespace, imagePullSecrets } = this.#options.rules();
    return {
      kernelClusterRole,
      gatewayNamespace,
      serviceAccountName: plan.env['KERNEL_SERVICE_ACCOUNT_NAME'] ?? 'default',
      imagePullSecrets: [...new Set([...imagePullSecrets, ...(await this.#ownPullSecrets(access, plan))])],
      labels: access.labels,
    };
  }

  /** Secrets that the template's pod pulls its images with. */
  async #ownPullSecrets(access: ClusterAccess, plan: LaunchPlan): Promise<string[]> {
    if (launchMethodOf(plan).kind !== 'template') return [];
    const manifest = await kernelManifest(plan, NO_PARAMETERS, this.#manifestRules(access));
    const made = new Set(
      manifest.filter(({ kind }) => kind === 'Secret').map(({ metadata }) => metadata.name),
    );
    const pod = manifest.find(({ kind }) => kind === 'Pod') as KernelPod | undefined;
    const named =
      pod?.spec?.imagePullSecrets?.flatMap(({ name }) => (name === undefined ? [] : [name])) ?? [];
    return named.filter((name) => !made.has(name));
  }

  #manifestRules({ labels }: ClusterAccess): ManifestRules {
    return { ...this.#options.rules(), labels };
  }

  #parameters({ listener }: ClusterAccess, { token }: LaunchTicket) {
    return {
      responseAddress: listener.address,
      publicKey: listener.publicKey,
      gatewayKey: listener.gatewayKey,
      launchToken: token,
    };
  }

  async #create(
    access: ClusterAccess,
    plan: LaunchPlan,
    launch: Launch,
    signal: AbortSignal,
  ): Promise<KernelPod> {
    const parameters = this.#parameters(access, launch.ticket);
    if (launchMethodOf(plan).kind === 'template') {
      const manifest = await kernelManifest(plan, parameters, this.#manifestRules(access));
      return createObjects(access.cluster, manifest, {
        kernelId: plan.kernelId,
        isFresh: plan.ownNamespace !== null,
        launchToken: launch.ticket.token,
        signal,
      });
    }
    const known = new Set(access.pods.of(plan.kernelId).map(uidOf));
    const env = {
      ...this.#options.commandEnvironment(plan),
      KERNEL_GATEWAY_KEY: parameters.gatewayKey,
      KERNEL_LAUNCH_TOKEN: parameters.launchToken,
    };
    launch.process = new LaunchProcess(plan, commandOf(plan, parameters), env, this.#options.log);
    const appeared = firstValueFrom(access.pods.appeared(plan.kernelId, known));
    const failed = launch.process.failed.then((failure) => {
      throw new KernelFailure(failure);
    });
    return abortable(Promise.race([appeared, failed]), signal);
  }

  /** A kernel that tells its own address from that very address needs no one to confirm it. */
  #followTicket({ pods }: ClusterAccess, plan: LaunchPlan, pod: Pod, ticket: LaunchTicket): void {
    ticket.response.then(
      ({ claimedIp, senderIp, version }) => {
        if (version !== 2 || claimedIp !== senderIp) return;
        pods.noteAddress(plan.kernelId, { ...pod, ip: claimedIp });
      },
      () => {},
    );
  }

  #forget(kernelId: string): void {
    const launch = this.#launches.get(kernelId);
    this.#launches.delete(kernelId);
    launch?.ticket.cancel();
    launch?.process?.end();
  }

  async #untilRemoved(
    cluster: Cluster,
    pods: KernelPods,
    { kernelId, namespace }: { kernelId: string; namespace: string },
    name: string,
    uid: string,
  ): Promise<void> {
    const removed = firstValueFrom(pods.removed(uid).pipe(timeout(DELETE_PATIENCE)), { defaultValue: null });
    const watched = removed.catch(() => null);
    const present = await cluster.read<KernelPod>({ ...POD, name, namespace });
    if (present === null || uidOf(present) !== uid) return;
    await watched;
    const left = await cluster.read<KernelPod>({ ...POD, name, namespace });
    if (left === null || uidOf(left) !== uid) return;
    throw new Error(`pod ${name} of kernel ${kernelId} does not go, though it was deleted by force`);
  }

  /** @throws KernelFailure in place of a ClusterError, once it is clear that it won't pass by itself */
  async #asked<Value>(what: { kind: string; name: string }, ask: () => Promise<Value>): Promise<Value> {
    const begun = performance.now();
    const delay = (error: unknown) => {
      const isLate = performance.now() - begun > CHECK_PATIENCE;
      if (!isLate && error instanceof ClusterError && isTransient(error))
        return timer(100 + Math.random() * 200);
      throw error;
    };
    try {
      return await firstValueFrom(defer(() => from(ask())).pipe(retry({ delay })));
    } catch (error) {
      if (!(error instanceof ClusterError)) throw error;
      const object: KubernetesObject = { apiVersion: 'v1', kind: what.kind, metadata: { name: what.name } };
      throw new KernelFailure(creationFailureOf(error, object), { cause: error });
    }
  }
}

/** What a manifest is checked with before there is anything to tell. */
const NO_PARAMETERS = {
  responseAddress: '0.0.0.0:0',
  publicKey: 'none',
  gatewayKey: 'none',
  launchToken: randomBytes(8).toString('hex'),
};

function namespaceOf(plan: LaunchPlan): string {
  const namespace = plan.env['KERNEL_NAMESPACE'];
  if (namespace === undefined) throw new Error(`the plan of kernel ${plan.kernelId} has no namespace`);
  return namespace;
}

function podKey(plan: LaunchPlan, pod: Pod) {
  return { ...POD, name: pod.name, namespace: pod.namespace ?? namespaceOf(plan) };
}

async function listed(
  cluster: Cluster,
  kind: string,
  selection: { namespace: string; labelSelector: string },
): Promise<KubernetesObject[]> {
  return cluster.list({ apiVersion: 'v1', kind }, selection);
}

async function deleteCompanions(
  cluster: Cluster,
  selection: { namespace: string; labelSelector: string },
): Promise<void> {
  for (const kind of COMPANIONS) {
    for (const { metadata } of await listed(cluster, kind, selection)) {
      const { name, uid } = metadata;
      const key = { apiVersion: 'v1', kind, name, namespace: selection.namespace };
      await cluster.delete(key, uid === undefined ? {} : { uid });
    }
  }
}

/** The same promise, but no one waits for it any more once the signal is aborted. */
function abortable<Value>(promise: PromiseLike<Value>, signal: AbortSignal): Promise<Value> {
  return new Promise((resolve, reject) => {
    if (signal.aborted) reject(signal.reason as Error);
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true });
    promise.then(resolve, reject);
  });
}

function vanished({ kernelId }: LaunchPlan): Failure {
  return {
    code: 'POD_GONE',
    message: oneLine(`The pod of kernel ${kernelId} is gone.`),
    hint: 'Start the kernel anew.',
  };
}
