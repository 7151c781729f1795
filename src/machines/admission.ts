/** Whether one more kernel may be launched: the limits, counted over launching and running kernels alike. */
import type { LaunchPlan } from './ports.ts';
import type { RequestErrorCode } from './request-error.ts';

export interface KernelLimits {
  /** Kernels at once; null: no limit. */
  maxKernels: number | null;
  /** Kernels at once of one `KERNEL_USERNAME`; below zero: no limit. */
  maxKernelsPerUser: number;
}

/** Who is counted, and against what. */
export interface Census {
  limits: KernelLimits;
  /** The username of each kernel, by its id, from its launch until everything of it is gone. */
  usernames: Record<string, string>;
}

export interface Refusal {
  code: Extract<RequestErrorCode, 'MAX_KERNELS' | 'MAX_KERNELS_PER_USER' | 'DUPLICATE_KERNEL_ID'>;
  message: string;
  hint: string;
}

/** Null when the plan is admitted. */
export function admit(
  { limits, usernames }: Census,
  plan: Pick<LaunchPlan, 'kernelId' | 'username'>,
): Refusal | null {
  if (Object.hasOwn(usernames, plan.kernelId)) {
    return {
      code: 'DUPLICATE_KERNEL_ID',
      message: `A kernel with KERNEL_ID ${plan.kernelId} exists already.`,
      hint: 'Leave KERNEL_ID out, or choose another UUID.',
    };
  }
  const all = Object.values(usernames);
  if (limits.maxKernels !== null && all.length >= limits.maxKernels) {
    return {
      code: 'MAX_KERNELS',
      message: `The limit of ${limits.maxKernels} kernels at once (EG_MAX_KERNELS) is reached.`,
      hint: 'Shut a kernel down, or ask the operator to raise the limit.',
    };
  }
  const own = all.filter((username) => username === plan.username).length;
  if (limits.maxKernelsPerUser >= 0 && own >= limits.maxKernelsPerUser) {
    return {
      code: 'MAX_KERNELS_PER_USER',
      message: `User ${plan.username} has reached the limit of ${limits.maxKernelsPerUser} kernels at once (EG_MAX_KERNELS_PER_USER).`,
      hint: 'Shut a kernel down, or ask the operator to raise the limit.',
    };
  }
  return null;
}
