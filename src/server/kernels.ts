/**
 * The kernels, as the routes use them: requests become events for the gateway's
 * actor, and its snapshots become Jupyter's kernel models.
 */
import { type Actor, waitFor } from 'xstate';
import type { resolveArgv } from '../adapters/kernelspecs/argv-resolver.ts';
import { admit } from '../machines/admission.ts';
import { type Failure, KernelFailure } from '../machines/failure.ts';
import type { gatewayMachine, KernelActor } from '../machines/gateway-machine.ts';
import type { KernelPolicy } from '../machines/kernel-state.ts';
import { type LaunchRequest, type LaunchRules, planLaunch } from '../machines/launch-plan.ts';
import { launchTargetOf, processProxyOf } from '../machines/launch-target.ts';
import type { KernelRecord, KernelSpec } from '../machines/ports.ts';
import { RequestError } from '../machines/request-error.ts';
import { HttpError, unknownKernel } from './http-error.ts';
import { Turns } from './turns.ts';

/** Jupyter's kernel model. */
export interface KernelModel {
  id: string;
  name: string;
  /** ISO 8601 with a fraction and `Z`. */
  last_activity: string;
  execution_state: string;
  connections: number;
  /** While it is launched: what that is about at the moment. */
  progress?: string;
}

export interface KernelsOptions {
  gateway: Actor<typeof gatewayMachine>;
  policy(): KernelPolicy;
  /** @param argv of the kernel to be launched; resolved if that is a local one */
  rules(argv: string[]): LaunchRules;
  /** Finds a local kernel's program. */
  resolveArgv(kernelspec: KernelSpec): ReturnType<typeof resolveArgv>;
  now(): number;
}

/** Milliseconds for which the answer to a launch that failed waits until everything of it is removed. */
const TEARDOWN_PATIENCE = 10_000;
/** Milliseconds for which the gateway's start waits for the kernels that it adopts. */
const ADOPTION_PATIENCE = 5000;

const CANCELLED: Failure = {
  code: 'LAUNCH_CANCELLED',
  message: 'The kernel was shut down before it was ready.',
  hint: 'Start another kernel.',
};

export class Kernels {
  readonly #options: KernelsOptions;
  readonly #launches = new Turns();

  constructor(options: KernelsOptions) {
    this.#options = options;
  }

  list(): KernelModel[] {
    return this.ids()
      .map((id) => this.find(id))
      .filter((kernel) => kernel !== undefined)
      .map(modelOf);
  }

  ids(): string[] {
    return Object.keys(this.#options.gateway.getSnapshot().context.usernames);
  }

  find(kernelId: string): KernelActor | undefined {
    const { children } = this.#options.gateway.getSnapshot();
    return Object.hasOwn(children, kernelId) ? (children[kernelId] as KernelActor) : undefined;
  }

  /** @throws HttpError 404 */
  get(kernelId: string): KernelActor {
    const kernel = this.find(kernelId);
    if (kernel === undefined) throw unknownKernel(kernelId);
    return kernel;
  }

  model(kernelId: string): KernelModel {
    return modelOf(this.get(kernelId));
  }

  /**
   * Launches a kernel and waits until it runs. One that is alive, but still has
   * not answered when the launch timeout is over, is given back as `starting`.
   *
   * @throws RequestError when it is refused
   * @throws KernelFailure when it fails
   */
  async launch(kernelspec: KernelSpec, request: LaunchRequest): Promise<KernelModel> {
    const { gateway, policy, rules, now } = this.#options;
    await this.#launches.take();
    const argv = await this.#argvOf(kernelspec);
    const plan = planLaunch(kernelspec, argv, request, rules(argv));
    if (gateway.getSnapshot().value !== 'serving') {
      throw new HttpError(503, 'The gateway is shutting down.', 'Try again in a moment.');
    }
    const refusal = admit(gateway.getSnapshot().context, plan);
    if (refusal !== null) throw new RequestError(refusal.code, refusal.message, refusal.hint);
    gateway.send({
      type: 'kernel.launch',
      input: { plan, policy: policy(), now: now() },
    });
    const kernel = this.get(plan.kernelId);
    await this.#untilRunning(kernel, plan.launchTimeout);
    return modelOf(kernel);
  }

  adopt(record: KernelRecord): void {
    const { gateway, policy, now } = this.#options;
    gateway.send({
      type: 'kernel.adopt',
      input: { plan: record.plan, policy: policy(), now: now(), adopt: record },
    });
  }

  /** Resolves when all kernels that were adopted run, or are gone; within seconds in any case. */
  async settled(): Promise<void> {
    const isFound = (snapshot: ReturnType<KernelActor['getSnapshot']>) =>
      !snapshot.matches({ adopting: 'looking' });
    // Those whose cluster does not answer yet are found later.
    const options = { timeout: ADOPTION_PATIENCE };
    await Promise.allSettled(this.ids().map((id) => waitFor(this.get(id), isFound, options)));
  }

  /** @throws HttpError 404 @throws KernelFailure when it could not be delivered */
  async interrupt(kernelId: string): Promise<void> {
    const kernel = this.get(kernelId);
    if (!kernel.getSnapshot().hasTag('running')) throw notRunning(kernelId);
    await new Promise<void>((resolve, reject) => {
      const subscriptions = [
        kernel.on('interrupt.delivered', () => settle(resolve)),
        kernel.on('interrupt.failed', ({ failure }) => settle(() => reject(new KernelFailure(failure)))),
        kernel.subscribe((snapshot) => {
          if (!snapshot.hasTag('running')) settle(() => reject(notRunning(kernelId)));
        }),
      ];
      function settle(how: () => void) {
        for (const subscription of subscriptions) subscription.unsubscribe();
        how();
      }
      kernel.send({ type: 'interrupt' });
    });
  }

  /** Restarts a kernel and waits until it runs again. A restart that is under way already is waited for. */
  async restart(kernelId: string): Promise<KernelModel> {
    const kernel = this.get(kernelId);
    kernel.send({ type: 'restart' });
    await this.#untilRunning(kernel, Number.POSITIVE_INFINITY);
    return modelOf(kernel);
  }

  /** Resolves when everything of the kernel is gone. @throws HttpError 404 */
  async shutdown(kernelId: string): Promise<void> {
    const kernel = this.get(kernelId);
    kernel.send({ type: 'shutdown' });
    await waitFor(kernel, (snapshot) => snapshot.status !== 'active');
  }

  /** Resolves when clients may be connected. @throws HttpError 404 when the kernel ends instead */
  async untilConnectable(kernelId: string): Promise<void> {
    const kernel = this.get(kernelId);
    const snapshot = await waitFor(kernel, (each) => each.hasTag('running') || isEnding(each));
    if (!snapshot.hasTag('running')) throw unknownKernel(kernelId);
  }

  async #argvOf(kernelspec: KernelSpec): Promise<string[]> {
    switch (launchTargetOf(processProxyOf(kernelspec).className)) {
      case 'local':
        return this.#options.resolveArgv(kernelspec);
      case 'kubernetes':
        return kernelspec.spec.argv;
      default:
        throw new KernelFailure(cannotProvision(kernelspec));
    }
  }

  async #untilRunning(kernel: KernelActor, patience: number): Promise<void> {
    const settled = this.#settled(kernel);
    const snapshot = await Promise.race([settled, this.#outOfPatience(kernel, settled, patience)]);
    if (!isEnding(snapshot)) return;
    throw new KernelFailure(snapshot.context.failure ?? CANCELLED);
  }

  /** It runs, or has ended with all that it had; what takes long to be removed is not waited for. */
  async #settled(kernel: KernelActor): Promise<ReturnType<KernelActor['getSnapshot']>> {
    const snapshot = await waitFor(kernel, (each) => each.hasTag('running') || isEnding(each));
    if (!isEnding(snapshot)) return snapshot;
    return waitFor(kernel, (each) => each.status !== 'active', { timeout: TEARDOWN_PATIENCE }).catch(() =>
      kernel.getSnapshot(),
    );
  }

  /** A kernel that is connected, but does not answer yet, may be waited for by its clients as well. */
  #outOfPatience(kernel: KernelActor, settled: ReturnType<typeof waitFor<KernelActor>>, patience: number) {
    if (!Number.isFinite(patience)) return settled;
    return new Promise<ReturnType<KernelActor['getSnapshot']>>((resolve, reject) => {
      const timer = setTimeout(() => {
        if (kernel.getSnapshot().matches('connected')) resolve(kernel.getSnapshot());
      }, patience);
      settled.then(resolve, reject).finally(() => clearTimeout(timer));
    });
  }
}

function isEnding(snapshot: ReturnType<KernelActor['getSnapshot']>): boolean {
  return snapshot.status !== 'active' || (snapshot.hasTag('ending') && snapshot.context.goal !== 'restart');
}

function cannotProvision(kernelspec: KernelSpec): Failure {
  const { className } = processProxyOf(kernelspec);
  return {
    code: 'LAUNCH_REFUSED',
    message: `kernelspec ${kernelspec.name}: kernels of process_proxy.class_name ${className} can't be run by this gateway.`,
    hint: 'Use KubernetesProcessProxy, or LocalProcessProxy, or no process_proxy at all.',
  };
}

function notRunning(kernelId: string): HttpError {
  return new HttpError(409, `Kernel ${kernelId} is not running at the moment.`, 'Try again when it is.');
}

export function modelOf(kernel: KernelActor): KernelModel {
  const snapshot = kernel.getSnapshot();
  const { plan, lastActivity, executionState, clients, progress } = snapshot.context;
  return {
    id: plan.kernelId,
    name: plan.kernelName,
    last_activity: new Date(lastActivity).toISOString(),
    execution_state: executionState,
    connections: clients,
    ...(snapshot.hasTag('launching') && { progress }),
  };
}
