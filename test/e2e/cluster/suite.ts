import { describe, inject } from 'vitest';

/** `describe`, left out when there is no cluster (the run says why at its end). */
export const describeCluster = describe.skipIf(!inject('cluster').available);
