/** The failures that the chart itself finds, by its clock or by what is missing, in words for the user. */
import type { Failure, FailureCode } from './failure.ts';
import type { KernelContext } from './kernel-state.ts';
import type { Adoption } from './ports.ts';

/** Deaths after which the same pod, made anew, has a chance: what caused them was not the pod's own making, or may pass. */
const WORTH_A_RESTART: ReadonlySet<FailureCode> = new Set([
  'POD_GONE',
  'CONTAINER_EXITED',
  'POD_EVICTED',
  'POD_PREEMPTED',
  'POD_DELETED',
  'NODE_LOST',
]);

export function isWorthARestart({ code }: Failure): boolean {
  return WORTH_A_RESTART.has(code);
}

export function launchTimedOut({ plan, progress }: KernelContext): Failure {
  return {
    code: 'LAUNCH_TIMEOUT',
    message: `Kernel ${plan.kernelName} was not ready within ${plan.launchTimeout / 1000} s: it was still ${progress}.`,
    hint: 'If it only needs longer, raise KERNEL_LAUNCH_TIMEOUT (client) or EG_KERNEL_LAUNCH_TIMEOUT (gateway).',
  };
}

export function neverAnswered({ plan, policy }: KernelContext): Failure {
  return {
    code: 'KERNEL_INFO_TIMEOUT',
    message: `Kernel ${plan.kernelName} runs, but did not answer a kernel_info_request within ${policy.kernelInfoTimeout / 1000} s.`,
    hint: "Look into the log for the kernel's own output; if it only needs longer, raise EG_KERNEL_INFO_TIMEOUT.",
  };
}

export function endedUnseen({ plan }: KernelContext, found: Adoption): Failure {
  const failure = found.pod === null ? found.failure : null;
  if (failure !== null) return { ...failure, message: `While no gateway was running: ${failure.message}` };
  return {
    code: 'POD_GONE',
    message: `Kernel ${plan.kernelId} ended while no gateway was running.`,
    hint: 'Start the kernel anew; its output up to then is lost.',
  };
}

export function leftBehind({ plan, pod }: KernelContext): Failure {
  return {
    code: 'TEARDOWN_INCOMPLETE',
    message: `Kernel ${plan.kernelId} could not be removed wholly${pod === null ? '' : ` (pod ${pod.name})`}.`,
    hint: 'The gateway tries again from time to time, and at its next start; remove by hand what is labelled with this kernel id, if it stays.',
  };
}
