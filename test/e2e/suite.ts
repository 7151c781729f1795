import { describe, inject } from 'vitest';

/** `describe`, left out when there is no Python to run kernels with (the run says why at its end). */
export const describeE2e = describe.skipIf(!inject('testPython').available);

/** The id of no kernel. */
export const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
