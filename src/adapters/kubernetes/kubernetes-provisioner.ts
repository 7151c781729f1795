/**
 * Runs each kernel in a pod of a Kubernetes cluster. The cluster is asked for
 * only when a kernel needs it; what happens in it comes from the one watch of
 * {@link KernelPods}, where a pod's kernel can be reached from the pod itself,
 * through the response listener.
 */
import { constants } from 'node:os';
import { defer, from, type Observable, retry, switchMap, timer } from 'rxjs';
import type {
  Adoption,
  ConnectionInfo,
  KernelProvisioner,
  LaunchPlan,
  Pod,
  PodEvent,
} from '../../machines/ports.ts';
import { sendShutdown, sendSignal } from '../handshake/comm-port.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { abortable, explained, persistently } from './cluster-patience.ts';
import { KernelLaunch, type KernelLaunchOptions } from './kernel-launch.ts';
import { kernelManifest, type ManifestRules } from './kernel-manifest.ts';
import {
  checkNamespaceExists,
  createKernelNamespace,
  deleteKernelNamespace,
  type NamespaceOptions,
} from './kernel-namespace.ts';
import { type KernelPod, POD, podOf, uidOf } from './kernel-pod.ts';
import type { LaunchProcessLog } from './launch-process.ts';
import { launchMethodOf } from './launch-script.ts';
import { podConditionOf } from './pod-condition.ts';
import { withLastLines } from './pod-failure.ts';
import { removeKernel } from './pod-removal.ts';
import { pullSecretsOf } from './pull-secrets.ts';

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

/** Milliseconds between attempts to connect, for those who follow a kernel of a cluster that is not there yet. */
const RECONNECT_INTERVAL = 2000;
/** Milliseconds for which an API server that has trouble is asked again before a launch is refused. */
const CHECK_PATIENCE = 5000;
/** The part of the launch timeout after which a step says why it can't be done, before the timeout hides it. */
const STEP_SHARE = 0.8;

export class KubernetesProvisioner implements KernelProvisioner {
  readonly #options: KubernetesProvisionerOptions;
  readonly #launches = new Map<string, KernelLaunch>();
  /** Those that a plan's template names: known since it was checked. */
  readonly #pullSecrets = new WeakMap<LaunchPlan, string[]>();
  readonly #detached = new Set<string>();
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

  /** Whether this kernel was let go of, for another gateway to adopt. */
  hasDetached(kernelId: string): boolean {
    return this.#detached.has(kernelId);
  }

  async check(plan: LaunchPlan, signal: AbortSignal): Promise<void> {
    const access = await this.access();
    await this.#pullSecretsOf(access, plan);
    const { cluster } = access;
    const name = namespaceOf(plan);
    const look = async () => {
      if (plan.ownNamespace === null) await checkNamespaceExists(cluster, name, signal);
      else await cluster.read({ ...NAMESPACE, name }, signal);
    };
    await persistently(look, { deadline: performance.now() + CHECK_PATIENCE, signal }).catch((error) => {
      throw explained(error, { kind: 'Namespace', metadata: { name } });
    });
  }

  async createNamespace(plan: LaunchPlan, signal: AbortSignal): Promise<void> {
    const access = await this.access();
    const name = namespaceOf(plan);
    try {
      const options = await this.#namespaceOptions(access, plan);
      const patience = { deadline: performance.now() + patienceOf(plan), signal };
      await createKernelNamespace(access.cluster, name, plan.kernelId, options, patience);
      signal.throwIfAborted();
    } catch (error) {
      if (signal.aborted) await this.deleteNamespace(plan);
      throw error;
    }
  }

  async createPod(plan: LaunchPlan, signal: AbortSignal): Promise<Pod> {
    const access = await this.access();
    signal.throwIfAborted();
    const earlier = this.#launches.get(plan.kernelId);
    const launch = new KernelLaunch(access, plan, this.#launchOptions(access, plan));
    this.#launches.set(plan.kernelId, launch);
    this.#detached.delete(plan.kernelId);
    try {
      await earlier?.end();
      const made = await launch.makePod(signal);
      signal.throwIfAborted();
      const pod = podOf(made, '');
      access.pods.expect(plan.kernelId, pod);
      launch.tellAddressOf(pod);
      return pod;
    } catch (error) {
      await this.#undo(launch, plan, signal);
      throw error;
    }
  }

  podEvents(kernelId: string): Observable<PodEvent> {
    return defer(() => from(this.access())).pipe(
      retry({ delay: () => timer(RECONNECT_INTERVAL) }),
      switchMap(({ pods }) => pods.podEvents(kernelId)),
    );
  }

  /** Where the kernel is, the cluster knows: what the kernel itself tells of that may not hold outside its pod. */
  async awaitHandshake(plan: LaunchPlan, pod: Pod, signal: AbortSignal): Promise<ConnectionInfo> {
    const launch = this.#launches.get(plan.kernelId);
    if (launch === undefined) throw new Error(`no launch of kernel ${plan.kernelId} is under way`);
    const { connection } = await abortable(launch.response, signal);
    return { ...connection, ip: pod.ip };
  }

  async interrupt(plan: LaunchPlan, pod: Pod, connection: ConnectionInfo): Promise<void> {
    const chosen = plan.env['EG_ALTERNATE_SIGINT'] ?? 'SIGINT';
    const signals: Record<string, number> = constants.signals;
    const signum = Object.hasOwn(signals, chosen) ? signals[chosen] : undefined;
    const { commTimeout } = this.#options.rules();
    await sendSignal(pod.ip, connection, signum ?? constants.signals.SIGINT, commTimeout);
  }

  async requestExit(plan: LaunchPlan, pod: Pod, connection: ConnectionInfo, grace: number): Promise<void> {
    const { cluster } = await this.access();
    const { commTimeout } = this.#options.rules();
    // A launcher that can't be asked is ended by the deletion.
    await sendShutdown(pod.ip, connection, Math.min(commTimeout, grace)).catch(() => {});
    const gracePeriodSeconds = Math.max(1, Math.ceil(grace / 1000));
    await cluster.delete(podKey(plan, pod), { gracePeriodSeconds, uid: pod.uid });
  }

  async adoptPod(plan: LaunchPlan, pod: Pod): Promise<Adoption> {
    const { cluster, pods } = await this.access();
    const present = await cluster.read<KernelPod>(podKey(plan, pod));
    if (present === null || uidOf(present) !== pod.uid) return { pod: null, failure: null };
    const condition = podConditionOf(present, []);
    if (condition.state === 'failed') {
      const { failure, container } = condition;
      const log = container === null ? null : await pods.lastWords(present, container);
      return { pod: null, failure: withLastLines(failure, log) };
    }
    this.#detached.delete(plan.kernelId);
    const adopted = podOf(present, pod.ip);
    // Whoever adopts it does not listen to its news before this call has answered.
    setImmediate(() => pods.adopt(plan.kernelId, adopted));
    return { pod: adopted };
  }

  detachPod({ kernelId }: LaunchPlan): void {
    this.#detached.add(kernelId);
    void this.#endLaunch(kernelId);
  }

  async deletePod(plan: LaunchPlan, pod: Pod | null, last: boolean): Promise<void> {
    const { cluster, pods } = await this.access();
    await this.#endLaunch(plan.kernelId);
    await removeKernel(cluster, pods, {
      kernelId: plan.kernelId,
      namespace: namespaceOf(plan),
      pod,
      isNamespaceOwn: plan.ownNamespace !== null,
      isLast: last,
    });
  }

  async deleteNamespace(plan: LaunchPlan): Promise<void> {
    const { cluster } = await this.access();
    await persistently(() => deleteKernelNamespace(cluster, namespaceOf(plan), plan.kernelId), {
      deadline: performance.now() + CHECK_PATIENCE,
    });
  }

  async close(): Promise<void> {
    for (const kernelId of [...this.#launches.keys()]) void this.#endLaunch(kernelId);
    const access = await this.#access?.catch(() => null);
    await access?.close();
  }

  async #endLaunch(kernelId: string): Promise<void> {
    const launch = this.#launches.get(kernelId);
    this.#launches.delete(kernelId);
    await launch?.end();
  }

  /** What a launch that was given up has made is for nobody; but a later one of the same kernel needs what it finds. */
  async #undo(launch: KernelLaunch, plan: LaunchPlan, signal: AbortSignal): Promise<void> {
    const current = this.#launches.get(plan.kernelId);
    if (current === launch) this.#launches.delete(plan.kernelId);
    await launch.end();
    if (signal.aborted && (current === launch || current === undefined))
      await this.deletePod(plan, null, true);
  }

  async #namespaceOptions(access: ClusterAccess, plan: LaunchPlan): Promise<NamespaceOptions> {
    const { kernelClusterRole, gatewayNamespace, imagePullSecrets } = this.#options.rules();
    const named = this.#pullSecrets.get(plan) ?? (await this.#pullSecretsOf(access, plan));
    return {
      kernelClusterRole,
      gatewayNamespace,
      serviceAccountName: plan.env['KERNEL_SERVICE_ACCOUNT_NAME'] ?? 'default',
      imagePullSecrets: [...new Set([...imagePullSecrets, ...named])],
      labels: access.labels,
    };
  }

  /** Refuses, by the way, a template that makes no pod, or one that is not allowed. @throws KernelFailure */
  async #pullSecretsOf(access: ClusterAccess, plan: LaunchPlan): Promise<string[]> {
    const isRendered = launchMethodOf(plan).kind === 'template';
    const manifest = isRendered ? await kernelManifest(plan, NO_PARAMETERS, this.#manifestRules(access)) : [];
    const names = pullSecretsOf(manifest);
    this.#pullSecrets.set(plan, names);
    return names;
  }

  #launchOptions(access: ClusterAccess, plan: LaunchPlan): KernelLaunchOptions {
    return {
      rules: this.#manifestRules(access),
      commandEnvironment: this.#options.commandEnvironment(plan),
      patience: patienceOf(plan),
      log: this.#options.log,
    };
  }

  #manifestRules({ labels }: ClusterAccess): ManifestRules {
    return { ...this.#options.rules(), labels };
  }
}

const NAMESPACE = { apiVersion: 'v1', kind: 'Namespace' };

/** What a manifest is checked with before there is anything to tell. */
const NO_PARAMETERS = {
  responseAddress: '0.0.0.0:0',
  publicKey: 'none',
  gatewayKey: 'none',
  launchToken: 'none',
};

function patienceOf({ launchTimeout }: LaunchPlan): number {
  return launchTimeout * STEP_SHARE;
}

function namespaceOf(plan: LaunchPlan): string {
  const namespace = plan.env['KERNEL_NAMESPACE'];
  if (namespace === undefined) throw new Error(`the plan of kernel ${plan.kernelId} has no namespace`);
  return namespace;
}

function podKey(plan: LaunchPlan, pod: Pod) {
  return { ...POD, name: pod.name, namespace: pod.namespace ?? namespaceOf(plan) };
}
