/** An answer other than success, as the routes choose it. */
export class HttpError extends Error {
  readonly statusCode: number;
  /** One line: what to do about it. */
  readonly hint: string;
  /** Further members of the answer. */
  readonly more: Readonly<Record<string, string>>;

  constructor(statusCode: number, message: string, hint: string, more: Record<string, string> = {}) {
    super(message);
    this.name = 'HttpError';
    this.statusCode = statusCode;
    this.hint = hint;
    this.more = more;
  }
}

export function unknownKernel(kernelId: string): HttpError {
  return new HttpError(
    404,
    `Kernel does not exist: ${printable(kernelId)}`,
    'It may have been shut down, or culled.',
  );
}

/** What a client sent, fit to be shown in one line. */
export function printable(text: string): string {
  return JSON.stringify(text.slice(0, 200)).slice(1, -1);
}
