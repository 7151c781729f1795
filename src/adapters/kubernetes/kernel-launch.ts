/** One attempt at a kernel's pod: what the pod is told, who makes it, and the answer that is waited for. */
import { filter, firstValueFrom, from, fromEvent, map, merge, timeout } from 'rxjs';
import { type Failure, KernelFailure } from '../../machines/failure.ts';
import type { LaunchPlan, Pod } from '../../machines/ports.ts';
import type { LaunchResponse, LaunchTicket } from '../handshake/response-listener.ts';
import type { ClusterAccess } from './cluster-access.ts';
import { kernelSelector } from './kernel-labels.ts';
import { kernelManifest, type ManifestRules } from './kernel-manifest.ts';
import { type KernelPod, uidOf } from './kernel-pod.ts';
import { LaunchProcess, type LaunchProcessLog } from './launch-process.ts';
import { commandOf, type LaunchParameters, launchMethodOf } from './launch-script.ts';
import { createObjects } from './pod-creation.ts';

export interface KernelLaunchOptions {
  rules: ManifestRules;
  /** The environment of an operator's own launch command. */
  commandEnvironment: Record<string, string>;
  /** Milliseconds in which the pod must be there. */
  patience: number;
  log: LaunchProcessLog;
}

export class KernelLaunch {
  readonly #access: ClusterAccess;
  readonly #plan: LaunchPlan;
  readonly #options: KernelLaunchOptions;
  readonly #ticket: LaunchTicket;
  #process: LaunchProcess | null = null;

  /** From now on the kernel's answer is accepted, and no other launch's of the same kernel. */
  constructor(access: ClusterAccess, plan: LaunchPlan, options: KernelLaunchOptions) {
    this.#access = access;
    this.#plan = plan;
    this.#options = options;
    this.#ticket = access.listener.expect(plan.kernelId);
  }

  /** What the kernel answers. Rejects when the launch is ended first. */
  get response(): Promise<LaunchResponse> {
    return this.#ticket.response;
  }

  /** @throws KernelFailure */
  makePod(signal: AbortSignal): Promise<KernelPod> {
    return launchMethodOf(this.#plan).kind === 'template'
      ? this.#fromTemplate(signal)
      : this.#byCommand(signal);
  }

  /** A kernel that tells its own address from that very address needs no one to confirm it. */
  tellAddressOf(pod: Pod): void {
    this.response.then(
      ({ claimedIp, senderIp, version }) => {
        if (version !== 2 || claimedIp !== senderIp) return;
        this.#access.pods.reached(this.#plan.kernelId, { ...pod, ip: claimedIp });
      },
      () => {},
    );
  }

  /** Resolves when nothing of it is at work any more. */
  async end(): Promise<void> {
    this.#ticket.cancel();
    await this.#process?.end();
  }

  async #fromTemplate(signal: AbortSignal): Promise<KernelPod> {
    const { cluster } = this.#access;
    const manifest = await kernelManifest(this.#plan, this.#parameters(), this.#options.rules);
    return createObjects(cluster, manifest, {
      kernelId: this.#plan.kernelId,
      isFresh: this.#plan.ownNamespace !== null,
      launchToken: this.#ticket.token,
      deadline: performance.now() + this.#options.patience,
      signal,
    });
  }

  /** Whatever the command does, its pod is the first of this kernel that was not there before. */
  async #byCommand(signal: AbortSignal): Promise<KernelPod> {
    signal.throwIfAborted();
    const { pods } = this.#access;
    const { kernelId } = this.#plan;
    const known = new Set(pods.of(kernelId).map(uidOf));
    const command = this.#start();
    const failed$ = from(command.outcome).pipe(
      filter((failure) => failure !== null),
      map(throwFailure),
    );
    const aborted$ = fromEvent(signal, 'abort').pipe(map(() => throwReason(signal)));
    const tooLate = () => throwFailure(noPod(this.#plan, command));
    return firstValueFrom(
      merge(pods.appearing(kernelId, known), failed$, aborted$).pipe(
        timeout({ first: this.#options.patience, with: tooLate }),
      ),
    );
  }

  #start(): LaunchProcess {
    const parameters = this.#parameters();
    const env = {
      ...this.#options.commandEnvironment,
      KERNEL_GATEWAY_KEY: parameters.gatewayKey,
      KERNEL_LAUNCH_TOKEN: parameters.launchToken,
    };
    this.#process = new LaunchProcess(this.#plan, commandOf(this.#plan, parameters), env, this.#options.log);
    return this.#process;
  }

  #parameters(): LaunchParameters {
    const { address, publicKey, gatewayKey } = this.#access.listener;
    return { responseAddress: address, publicKey, gatewayKey, launchToken: this.#ticket.token };
  }
}

function throwFailure(failure: Failure): never {
  throw new KernelFailure(failure);
}

function throwReason(signal: AbortSignal): never {
  throw signal.reason;
}

function noPod({ kernelId, argv, launchTimeout }: LaunchPlan, { hasEnded }: LaunchProcess): Failure {
  const state = hasEnded ? 'has ended' : 'is still at work';
  return {
    code: 'POD_CREATION_FAILED',
    message: `The launch command ${argv[0]} ${state}, but there is no pod of this kernel, whose launch may take ${launchTimeout / 1000} s.`,
    hint: `Its pod must have the labels component=kernel,${kernelSelector(kernelId)}; the log of the gateway has what the command wrote. If it only needs longer, raise KERNEL_LAUNCH_TIMEOUT.`,
  };
}
