/** All codes that a label can have: a counter that is there from the start at 0 shows its first increase. */
import type { FailureCode } from '../../machines/failure.ts';
import type { RequestErrorCode } from '../../machines/request-error.ts';

const failureCodes: Record<FailureCode, true> = {
  LAUNCH_REFUSED: true,
  LAUNCH_TIMEOUT: true,
  LAUNCH_CANCELLED: true,
  CLUSTER_UNREACHABLE: true,
  CLUSTER_FORBIDDEN: true,
  NAMESPACE_FAILED: true,
  NAMESPACE_NOT_FOUND: true,
  SERVICE_ACCOUNT_NOT_FOUND: true,
  QUOTA_EXCEEDED: true,
  ADMISSION_DENIED: true,
  POD_CREATION_FAILED: true,
  IMAGE_PULL_FAILED: true,
  IMAGE_NAME_INVALID: true,
  CONTAINER_CONFIG_INVALID: true,
  CONTAINER_START_FAILED: true,
  CONTAINER_EXITED: true,
  OUT_OF_MEMORY: true,
  POD_EVICTED: true,
  POD_PREEMPTED: true,
  POD_DELETED: true,
  NODE_LOST: true,
  POD_GONE: true,
  HANDSHAKE_FAILED: true,
  KERNEL_INFO_TIMEOUT: true,
  RECORD_FAILED: true,
  TEARDOWN_INCOMPLETE: true,
};

const requestErrorCodes: Record<RequestErrorCode, true> = {
  INVALID_REQUEST: true,
  UNKNOWN_KERNELSPEC: true,
  KERNELSPEC_NOT_ALLOWED: true,
  USER_NOT_AUTHORIZED: true,
  VALUE_NOT_ALLOWED: true,
  MAX_KERNELS: true,
  MAX_KERNELS_PER_USER: true,
  DUPLICATE_KERNEL_ID: true,
};

export const FAILURE_CODES = Object.keys(failureCodes) as FailureCode[];
export const REQUEST_ERROR_CODES = Object.keys(requestErrorCodes) as RequestErrorCode[];
