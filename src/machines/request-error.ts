/** A request that is refused: its sender can do something about it, and nothing was changed. */
export type RequestErrorCode =
  | 'INVALID_REQUEST'
  | 'UNKNOWN_KERNELSPEC'
  | 'KERNELSPEC_NOT_ALLOWED'
  | 'USER_NOT_AUTHORIZED'
  | 'VALUE_NOT_ALLOWED'
  | 'MAX_KERNELS'
  | 'MAX_KERNELS_PER_USER'
  | 'DUPLICATE_KERNEL_ID';

export class RequestError extends Error {
  readonly code: RequestErrorCode;
  /** One line: what to do about it. */
  readonly hint: string;

  constructor(code: RequestErrorCode, message: string, hint: string) {
    super(message);
    this.name = 'RequestError';
    this.code = code;
    this.hint = hint;
  }
}
