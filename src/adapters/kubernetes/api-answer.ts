/** What the API server's answers mean when they are no success. */
import { STATUS_CODES } from 'node:http';
import { oneLine } from '../../machines/failure.ts';
import { ClusterError } from './cluster.ts';

/** Longest piece of an answer that is no `Status` to be shown. */
const LONGEST_EXCERPT = 200;

/** The API server has answered, and said no. */
export class ApiRefusal extends ClusterError {
  declare readonly status: number;
  /** Milliseconds after which it wants to be asked again; null when it does not say. */
  readonly retryAfter: number | null;

  constructor(status: number, reason: string, message: string, retryAfter: number | null = null) {
    super(status, reason, message);
    this.name = 'ApiRefusal';
    this.retryAfter = retryAfter;
  }
}

/** The API server did not say anything in time. */
export class ApiSilence extends ClusterError {
  constructor(message: string, options?: ErrorOptions) {
    super(null, '', message, options);
    this.name = 'ApiSilence';
  }
}

interface Status {
  message?: unknown;
  reason?: unknown;
  code?: unknown;
}

/**
 * @param asked what was asked, in words: `GET /api/v1/pods`
 * @param retryAfter the header of that name
 */
export function refusalOf(asked: string, status: number, body: string, retryAfter?: string): ApiRefusal {
  const { message, reason } = parsedStatus(body);
  const phrase = STATUS_CODES[status] ?? '';
  const excerpt = oneLine(body.trim()).slice(0, LONGEST_EXCERPT);
  const text =
    typeof message === 'string' && message !== ''
      ? oneLine(message)
      : `the Kubernetes API server answered ${asked} with ${`${status} ${phrase}`.trim()}${excerpt && `: ${excerpt}`}`;
  return new ApiRefusal(status, typeof reason === 'string' ? reason : '', text, retryDelay(retryAfter));
}

/** The `Status` object of an `ERROR` event. */
export function refusalInWatch(status: Status): ApiRefusal {
  const code = typeof status.code === 'number' ? status.code : 500;
  return refusalOf('a watch', code, JSON.stringify(status));
}

/** What a watch wants to go on from is forgotten: as a status, or in an event of a watch that seemed to succeed. */
export function isExpired(error: unknown): boolean {
  return error instanceof ApiRefusal && (error.status === 410 || error.reason === 'Expired');
}

/** No answer at all: no connection, or one that broke. */
export function unreachable(server: string, error: unknown): ClusterError {
  const message = `the Kubernetes API server ${server} cannot be reached: ${networkReason(error)}`;
  return new ClusterError(null, '', message, { cause: error });
}

/** Trying several addresses fails with an error without a message that holds one for each of them. */
function networkReason(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(networkReason).join(', ');
  }
  const reason = oneLine(error instanceof Error ? error.message : String(error));
  // Node's advice is how to start Node, which is not what an operator has in hand.
  return reason.replace(/; if the root CA is installed locally, .*$/, '');
}

function parsedStatus(body: string): Status {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** Kubernetes gives seconds, never a date. */
function retryDelay(header: string | undefined): number | null {
  return header !== undefined && /^\d{1,6}$/.test(header.trim()) ? Number(header) * 1000 : null;
}
