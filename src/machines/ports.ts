/**
 * What a kernel's life needs from outside. The machines own these interfaces;
 * `src/adapters` implements them; `src/server/main.ts` brings the two together.
 * Everything that passes through a port is plain JSON, so that a kernel's
 * context can be written down at any state and picked up by another process.
 */
import type { Observable } from 'rxjs';
import type { Failure } from './failure.ts';

export type { Failure } from './failure.ts';

/** `kernel.json` as it lies on disk; wire names as Jupyter defines them. */
export interface KernelSpecFile {
  argv: string[];
  display_name: string;
  language: string;
  env: Record<string, string>;
  metadata: Record<string, unknown>;
  interrupt_mode: 'signal' | 'message';
}

/** A kernelspec: the file, and where it came from. */
export interface KernelSpec {
  /** Lower-cased directory name: what clients call it. */
  name: string;
  /** Directory name as it is spelt on disk (`KERNEL_NAME`). */
  directoryName: string;
  /** Absolute path: `{resource_dir}`. */
  resourceDir: string;
  spec: KernelSpecFile;
  /** File names in the directory that clients may fetch, by key: `logo-64x64`, `logo-svg`, `kernel.js`, `kernel.css`. */
  resources: Record<string, string>;
}

/** A port range, as Enterprise Gateway writes it: `0..0` leaves the choice open. */
export interface PortRange {
  low: number;
  high: number;
}

/** All that was decided about a kernel before anything was created for it. */
export interface LaunchPlan {
  kernelId: string;
  kernelName: string;
  /** Which provisioner runs it: the kernelspec's `process_proxy.class_name`, resolved. */
  provisioner: string;
  resourceDir: string;
  argv: string[];
  /** The complete launch environment. May hold secrets: never log it. */
  env: Record<string, string>;
  username: string;
  language: string;
  interruptMode: 'signal' | 'message';
  /** Milliseconds from the launch until the kernel must have told how to reach it. */
  launchTimeout: number;
  /** Null: the gateway's own working directory. */
  workingDir: string | null;
  portRange: PortRange;
  /** `metadata.process_proxy.config` of the kernelspec. */
  proxyConfig: Record<string, unknown>;
  /** Request headers named by `EG_KERNEL_HEADERS`. */
  headers: Record<string, string>;
  /** The namespace to make for this kernel alone; null when it needs none of its own. */
  ownNamespace: string | null;
}

/** Where a launched kernel runs. A local kernel's process stands for its pod. */
export interface Pod {
  name: string;
  namespace: string | null;
  /** Address of the kernel's sockets. */
  ip: string;
  /** Node that the pod was scheduled to; null for a local process. */
  node: string | null;
  /** Identifies this very pod, so that news of an earlier one of the same name are not taken for this one's. */
  uid: string;
  /** Process id (local kernels), process group included. */
  pid: number | null;
}

/** Jupyter's connection file, in its wire names. */
export interface ConnectionInfo {
  transport: 'tcp' | 'ipc';
  ip: string;
  shell_port: number;
  iopub_port: number;
  stdin_port: number;
  control_port: number;
  hb_port: number;
  key: string;
  signature_scheme: string;
  kernel_name?: string;
  /** Where the launcher in the pod takes signals; absent when it takes none, and for local kernels. */
  comm_port?: number;
  /** 1: any message is obeyed; 2: only one that is signed with `key`. */
  comm_version?: 1 | 2;
}

/** What becomes of a kernel's pod, in the order in which it happened. */
export type PodEvent =
  | { type: 'pod.pending'; uid: string; message: string }
  | { type: 'pod.ready'; uid: string; pod: Pod }
  | { type: 'pod.gone'; uid: string; failure: Failure }
  /** Its node does not answer the cluster any more; whether the pod still runs is unknown. */
  | { type: 'node.lost'; uid: string; failure: Failure }
  | { type: 'node.found'; uid: string };

/** What a kernel's sockets tell about its life. The messages themselves never pass through here. */
export type ChannelEvent =
  | { type: 'channels.ready' }
  | { type: 'kernel.status'; executionState: ExecutionState; at: number }
  | { type: 'kernel.activity'; at: number }
  | { type: 'heartbeat.lost' }
  | { type: 'heartbeat.restored' };

/** Jupyter's `execution_state`, as the REST model shows it. */
export type ExecutionState = 'starting' | 'idle' | 'busy' | 'restarting' | 'dead' | (string & {});

/** What was found of a kernel that another gateway launched. */
export type Adoption =
  | { pod: Pod }
  /** It is gone; null: no one knows why. */
  | { pod: null; failure: Failure | null };

/**
 * Creates pods (or processes) and takes them away.
 *
 * Every call that creates takes an `AbortSignal`. Once it is aborted, whatever
 * the call has created, or creates yet, is removed by the call itself: the
 * chart has moved on and no one else knows of it. Deleting what is already
 * gone is success.
 */
export interface KernelProvisioner {
  /** Refuses, before anything exists, what can be known to fail. @throws KernelFailure `LAUNCH_REFUSED` */
  check(plan: LaunchPlan, signal: AbortSignal): Promise<void>;
  /** @throws KernelFailure `NAMESPACE_FAILED` */
  createNamespace(plan: LaunchPlan, signal: AbortSignal): Promise<void>;
  /** Asks for the pod; how it fares is told by {@link podEvents}. @throws KernelFailure `POD_CREATION_FAILED` */
  createPod(plan: LaunchPlan, signal: AbortSignal): Promise<Pod>;
  /** What happens to the pods of one kernel, even before {@link createPod} has answered. Never errors, never ends by itself. */
  podEvents(kernelId: string): Observable<PodEvent>;
  /** Waits until the kernel has told how to reach it. @throws KernelFailure `HANDSHAKE_FAILED` */
  awaitHandshake(plan: LaunchPlan, pod: Pod, signal: AbortSignal): Promise<ConnectionInfo>;
  /** Sends the interrupt signal of the kernelspec. */
  interrupt(plan: LaunchPlan, pod: Pod, connection: ConnectionInfo): Promise<void>;
  /**
   * Lets a pod end whose kernel was just asked to: what else runs in it is asked as well, and it is ended by force
   * after `grace` milliseconds. Its end is told by {@link podEvents}.
   */
  requestExit(plan: LaunchPlan, pod: Pod, connection: ConnectionInfo, grace: number): Promise<void>;
  /** An error leaves open whether the pod is there. From then on {@link podEvents} tells about it again. */
  adoptPod(plan: LaunchPlan, pod: Pod): Promise<Adoption>;
  /** Lets go of the pod without ending it: another gateway is going to adopt it. */
  detachPod(plan: LaunchPlan, pod: Pod): void;
  /**
   * Removes what was made by {@link createPod}, by force, in any state; `pod` is null when none is known.
   * What the kernel's next pod is to find again stays, unless this is the `last` one.
   */
  deletePod(plan: LaunchPlan, pod: Pod | null, last: boolean): Promise<void>;
  deleteNamespace(plan: LaunchPlan): Promise<void>;
}

/** Opens a kernel's ZeroMQ sockets for its clients and tells the chart what they show of its life. */
export interface KernelChannels {
  /**
   * Sockets are open from subscription to unsubscription. Emits `channels.ready`
   * once a message can be sent without losing what comes back on iopub.
   * Never errors: sockets that fail are rebuilt.
   *
   * @param resumed the kernel may be at work already, and too busy to answer on shell
   */
  open(kernelId: string, connection: ConnectionInfo, resumed: boolean): Observable<ChannelEvent>;
  /** `interrupt_request` on the control channel; resolves on its reply. */
  interrupt(kernelId: string): Promise<void>;
  /** `shutdown_request` on the control channel; resolves when it is on its way. */
  requestShutdown(kernelId: string, restart: boolean): Promise<void>;
}

/** What is written down of a running kernel, so that another gateway can go on with it. */
export interface KernelRecord {
  plan: LaunchPlan;
  pod: Pod;
  connection: ConnectionInfo;
  /** Milliseconds since the epoch. */
  startedAt: number;
  lastActivity: number;
}

/** Keeps kernel records over the gateway's life. Does nothing when persistence is off. Calls for one kernel take effect in their order. */
export interface KernelRecords {
  save(record: KernelRecord): Promise<void>;
  delete(kernelId: string): Promise<void>;
}
