/** Follows the kernels' lives for the metrics. While a kernel runs, nothing is listened to but its emitted events. */
import type { Actor } from 'xstate';
import type { gatewayMachine, KernelActor } from '../../machines/gateway-machine.ts';
import type { Kernels } from '../kernels.ts';
import { launchPhaseOf } from './kernel-state.ts';
import { type LifeMetrics, PROBLEMS } from './life-metrics.ts';

export interface LifeFollower {
  gateway: Actor<typeof gatewayMachine>;
  kernels: Kernels;
  lives: LifeMetrics;
  /** Milliseconds. */
  now(): number;
}

export function followLives({ gateway, kernels, lives, now }: LifeFollower): void {
  const restarting = new Set<string>();
  gateway.on('kernel.added', ({ kernelId }) => {
    const begun = now();
    // The actor can be had only after this event; a check that asked nobody may be over by then.
    queueMicrotask(() => {
      const kernel = kernels.find(kernelId);
      if (kernel === undefined) return;
      begin(kernel, begun, lives, now);
      followRestarts(kernel, restarting, lives, now);
      for (const problem of PROBLEMS) kernel.on(problem, () => lives.problem(problem));
    });
  });
  gateway.on('kernel.removed', ({ kernelId, outcome }) => lives.ended(outcome, restarting.delete(kernelId)));
  gateway.on('kernel.broken', ({ kernelId }) => {
    restarting.delete(kernelId);
    lives.broken();
  });
}

function begin(kernel: KernelActor, begun: number, lives: LifeMetrics, now: () => number): void {
  const { adopted, plan } = kernel.getSnapshot().context;
  if (adopted) {
    lives.adopted();
    return;
  }
  lives.launched(plan.kernelName);
  timeLaunch(kernel, lives, now, () => lives.launchEnded(plan.kernelName, (now() - begun) / 1000));
}

/** @param restarting the kernels that have not run again since their last restart */
function followRestarts(
  kernel: KernelActor,
  restarting: Set<string>,
  lives: LifeMetrics,
  now: () => number,
): void {
  const { kernelId } = kernel.getSnapshot().context.plan;
  kernel.on('kernel.restarting', ({ failure }) => {
    lives.restarting(failure);
    // A pod can die before it runs: the same restart goes on then.
    if (restarting.has(kernelId)) return;
    restarting.add(kernelId);
    timeLaunch(kernel, lives, now);
  });
  kernel.on('kernel.running', () => restarting.delete(kernelId));
}

/** Times each phase from now on, until the kernel runs or is gone. */
function timeLaunch(kernel: KernelActor, lives: LifeMetrics, now: () => number, ran?: () => void): void {
  let phase = launchPhaseOf(kernel.getSnapshot());
  let since = now();
  const subscription = kernel.subscribe((snapshot) => {
    const next = launchPhaseOf(snapshot);
    const isRunning = snapshot.hasTag('running');
    if (next !== phase) {
      const moment = now();
      if (phase !== null && (next !== null || isRunning)) lives.phaseEnded(phase, (moment - since) / 1000);
      phase = next;
      since = moment;
    }
    if (!isRunning) return;
    subscription.unsubscribe();
    ran?.();
  });
}
