/** The kernel chart's actors, made from the ports: what the chart asks for, done by whoever provides it. */
import { fromEventObservable, fromPromise } from 'xstate';
import { type ConnectedPod, kernelMachine } from './kernel-machine.ts';
import type {
  Adoption,
  ChannelEvent,
  ConnectionInfo,
  KernelChannels,
  KernelProvisioner,
  KernelRecord,
  KernelRecords,
  LaunchPlan,
  Pod,
  PodEvent,
} from './ports.ts';

export interface KernelPorts {
  /** The provisioner that a plan names. */
  provisionerOf: (plan: LaunchPlan) => KernelProvisioner;
  channels: KernelChannels;
  records: KernelRecords;
}

interface PlannedPod {
  plan: LaunchPlan;
  pod: Pod;
}

/** What is being made for each kernel: one that is given up meanwhile has to be undone before it counts as removed. */
class Creations {
  readonly #underWay = new Map<string, Promise<unknown>>();

  async track<Made>(kernelId: string, creation: Promise<Made>): Promise<Made> {
    const settled = creation.catch(() => {});
    this.#underWay.set(kernelId, settled);
    try {
      return await creation;
    } finally {
      if (this.#underWay.get(kernelId) === settled) this.#underWay.delete(kernelId);
    }
  }

  /** Does it now, or once what is being made for this kernel is made, or undone. */
  after(kernelId: string, remove: () => Promise<void>): Promise<void> {
    return this.#underWay.get(kernelId)?.then(remove) ?? remove();
  }
}

/** The kernel machine, ready to run. */
export function connectKernelMachine({ provisionerOf, channels, records }: KernelPorts) {
  const creations = new Creations();
  const interrupt = ({ plan, pod, connection }: ConnectedPod) =>
    plan.interruptMode === 'message'
      ? channels.interrupt(plan.kernelId)
      : provisionerOf(plan).interrupt(plan, pod, connection);
  return kernelMachine.provide({
    actors: {
      podEvents: fromEventObservable<PodEvent, { plan: LaunchPlan }>(({ input }) =>
        provisionerOf(input.plan).podEvents(input.plan.kernelId),
      ),
      channels: fromEventObservable<
        ChannelEvent,
        { kernelId: string; connection: ConnectionInfo; resumed: boolean }
      >(({ input }) => channels.open(input.kernelId, input.connection, input.resumed)),
      check: fromPromise<void, LaunchPlan>(({ input, signal }) => provisionerOf(input).check(input, signal)),
      createNamespace: fromPromise<void, LaunchPlan>(({ input, signal }) =>
        creations.track(input.kernelId, provisionerOf(input).createNamespace(input, signal)),
      ),
      createPod: fromPromise<Pod, LaunchPlan>(({ input, signal }) =>
        creations.track(input.kernelId, provisionerOf(input).createPod(input, signal)),
      ),
      awaitHandshake: fromPromise<ConnectionInfo, PlannedPod>(({ input, signal }) =>
        provisionerOf(input.plan).awaitHandshake(input.plan, input.pod, signal),
      ),
      adoptPod: fromPromise<Adoption, PlannedPod>(({ input }) =>
        provisionerOf(input.plan).adoptPod(input.plan, input.pod),
      ),
      detachPod: fromPromise<void, PlannedPod>(async ({ input }) =>
        provisionerOf(input.plan).detachPod(input.plan, input.pod),
      ),
      saveRecord: fromPromise<void, KernelRecord>(({ input }) => records.save(input)),
      interrupt: fromPromise<void, ConnectedPod>(({ input }) => interrupt(input)),
      requestShutdown: fromPromise<void, ConnectedPod & { restart: boolean; grace: number }>(
        async ({ input }) => {
          const { plan, pod, connection, restart, grace } = input;
          // What the kernel is busy with would keep it from exiting; one that can't be interrupted is asked all the same.
          interrupt(input).catch(() => {});
          await channels.requestShutdown(plan.kernelId, restart);
          await provisionerOf(plan).requestExit(plan, pod, connection, grace);
        },
      ),
      deletePod: fromPromise<void, { plan: LaunchPlan; pod: Pod | null; last: boolean }>(
        ({ input: { plan, pod, last } }) =>
          creations.after(plan.kernelId, () => provisionerOf(plan).deletePod(plan, pod, last)),
      ),
      deleteNamespace: fromPromise<void, LaunchPlan>(({ input }) =>
        provisionerOf(input).deleteNamespace(input),
      ),
      deleteRecord: fromPromise<void, { kernelId: string }>(({ input }) => records.delete(input.kernelId)),
    },
  });
}
