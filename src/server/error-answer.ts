/** The one place where errors become HTTP. */
import { STATUS_CODES } from 'node:http';
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify';
import { KernelFailure, oneLine } from '../machines/failure.ts';
import { RequestError, type RequestErrorCode } from '../machines/request-error.ts';
import { HttpError } from './http-error.ts';

export interface ErrorBody {
  /** What to do about it, or the status phrase. One line. */
  reason: string;
  /** What went wrong. One line. */
  message: string;
  /** Stable, for programs: that of the failure, or of the refused request. */
  code?: string;
}

const REQUEST_ERROR_STATUS: Record<RequestErrorCode, number> = {
  INVALID_REQUEST: 400,
  UNKNOWN_KERNELSPEC: 404,
  KERNELSPEC_NOT_ALLOWED: 403,
  USER_NOT_AUTHORIZED: 403,
  VALUE_NOT_ALLOWED: 403,
  MAX_KERNELS: 403,
  MAX_KERNELS_PER_USER: 403,
  DUPLICATE_KERNEL_ID: 409,
};

export function errorAnswer(error: unknown): { statusCode: number; body: ErrorBody } {
  if (error instanceof RequestError) {
    const { code, hint, message } = error;
    return answer(REQUEST_ERROR_STATUS[code], hint, message, { code });
  }
  if (error instanceof HttpError) return answer(error.statusCode, error.hint, error.message, error.more);
  if (error instanceof KernelFailure) {
    const { code, hint, message } = error.failure;
    return answer(code === 'CLUSTER_UNREACHABLE' ? 503 : 500, hint, message, { code });
  }
  const { statusCode, message } = error as Partial<FastifyError>;
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return answer(statusCode, STATUS_CODES[statusCode] ?? 'Error', message ?? '');
  }
  return answer(
    500,
    'Internal Server Error',
    'The gateway met an error that it did not expect; its log tells more.',
  );
}

function answer(statusCode: number, reason: string, message: string, more: Record<string, string> = {}) {
  return { statusCode, body: { ...more, reason: oneLine(reason), message: oneLine(message) } };
}

export function sendError(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { statusCode, body } = errorAnswer(error);
  if (statusCode >= 500)
    request.log.error({ err: error }, `${request.method} ${pathOf(request)}: ${body.message}`);
  void reply
    .code(statusCode)
    .header('content-type', 'application/json; charset=utf-8')
    .send(JSON.stringify(body));
}

/** Without the query, which may hold the token. */
export function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] as string;
}
