/**
 * Where launchers tell how to reach their kernels: one TCP port for the whole
 * gateway, open to anyone in the cluster. What is not the one answer that a
 * launch waits for is dropped, counted, and harms nothing.
 */
import { isIPv6 } from 'node:net';
import { acceptAnswer } from './answer-judge.ts';
import { type AnswerHandler, type AnswerLimits, AnswerServer, type CutReason } from './answer-server.ts';
import { candidatePorts } from './candidate-ports.ts';
import { type LaunchKeys, makeLaunchKeys, wireGatewayKey, wirePublicKey } from './launch-keys.ts';
import { isBareJson, LaunchPayloadError } from './launch-payload.ts';
import { type LaunchTicket, type LaunchTicketOptions, LaunchTickets } from './launch-tickets.ts';
import { isWorthALine, noResponses, type ResponseCounts, type ResponseOutcome } from './response-counts.ts';

export type { LaunchResponse, LaunchTicket } from './launch-tickets.ts';

export interface ResponseListenerOptions {
  /** Milliseconds in which a launcher must have said all it has to say. */
  timeout: number;
  log: ListenerLog;
  /** Made when it begins to listen, unless they are given. */
  keys?: LaunchKeys;
}

export interface ListenerLog {
  info(context: object, text: string): void;
  warn(context: object, text: string): void;
}

export interface ListenOptions {
  /** The address that launchers are told (`EG_RESPONSE_IP`, or see `responseAddress`). */
  ip: string;
  /** `EG_RESPONSE_PORT`; 0: any that is free. */
  port: number;
  /** Other ports that may be tried: `EG_RESPONSE_PORT_RETRIES`. */
  retries: number;
  /** Listens on all of this machine's addresses (`EG_RESPONSE_ADDR_ANY`); launchers are told `ip` nevertheless. */
  anyAddress: boolean;
}

const LIMITS: Omit<AnswerLimits, 'timeout'> = { bytes: 64 * 1024, reading: 256, waiting: 1024 };

/** No port could be had. */
export class ResponsePortError extends Error {
  readonly code = 'RESPONSE_PORT_UNAVAILABLE';
  readonly hint: string;

  constructor(message: string, hint: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'ResponsePortError';
    this.hint = hint;
  }
}

export class ResponseListener {
  readonly #log: ListenerLog;
  readonly #tickets = new LaunchTickets();
  readonly #counts = noResponses();
  readonly #server: AnswerServer;
  #keys: LaunchKeys | null;
  #address: string | null = null;

  constructor({ timeout, log, keys }: ResponseListenerOptions) {
    this.#log = log;
    this.#keys = keys ?? null;
    const handler: AnswerHandler = {
      received: (bytes, senderIp) => this.#received(bytes, senderIp),
      cut: (reason, senderIp) => this.#refused(reason, CUT[reason], { senderIp }),
      failed: (err) => log.warn({ err }, 'a connection to the response port could not be taken'),
    };
    this.#server = new AnswerServer({ ...LIMITS, timeout }, handler);
  }

  /** `RESPONSE_ADDRESS`: what launchers are told. Known once it listens, as are the keys. */
  get address(): string {
    return known(this.#address);
  }

  /** `PUBLIC_KEY`. */
  get publicKey(): string {
    return wirePublicKey(known(this.#keys));
  }

  /** `KERNEL_GATEWAY_KEY`. */
  get gatewayKey(): string {
    return wireGatewayKey(known(this.#keys));
  }

  get counts(): Readonly<ResponseCounts> {
    return this.#counts;
  }

  /** @returns the address that launchers are told. @throws ResponsePortError */
  async listen(options: ListenOptions): Promise<string> {
    const { ip, anyAddress } = options;
    this.#keys ??= await makeLaunchKeys();
    const family = isIPv6(ip) ? { any: '::', shown: `[${ip}]` } : { any: '0.0.0.0', shown: ip };
    const port = await this.#bind(anyAddress ? family.any : ip, options);
    this.#address = `${family.shown}:${port}`;
    this.#log.info({ address: this.#address }, `kernels in pods are to answer to ${this.#address}`);
    return this.#address;
  }

  /** From now on one answer of this kernel is accepted. An earlier ticket for it becomes void. */
  expect(kernelId: string, options: LaunchTicketOptions = {}): LaunchTicket {
    return this.#tickets.expect(kernelId, options);
  }

  /** Cuts all connections, and makes all tickets void. */
  async close(): Promise<void> {
    this.#tickets.clear();
    await this.#server.close();
  }

  async #bind(host: string, { port, retries }: ListenOptions): Promise<number> {
    for (const candidate of candidatePorts(port, port === 0 ? 0 : retries)) {
      try {
        return await this.#server.listen(host, candidate);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw notOurs(host, candidate, error);
      }
    }
    throw new ResponsePortError(
      retries === 0
        ? `port ${port} of ${host}, for the answers of kernels, is in use.`
        : `none of the ${retries + 1} ports tried from ${port} on, for the answers of kernels, is free on ${host}.`,
      'Choose another by EG_RESPONSE_PORT, or allow more by EG_RESPONSE_PORT_RETRIES.',
    );
  }

  #received(bytes: Buffer, senderIp: string): string | null {
    const refusal = this.#judge(bytes, senderIp);
    if (!isBareJson(bytes)) return null;
    return `${JSON.stringify({ accepted: refusal === null, ...refusal })}\n`;
  }

  /** Null: it was accepted. */
  #judge(bytes: Buffer, senderIp: string): { error: string; reason: ResponseOutcome } | null {
    try {
      const { kernelId, version } = acceptAnswer(bytes, senderIp, this.#tickets, known(this.#keys));
      this.#counts.accepted += 1;
      if (version === 0) this.#warnOfVersion0(kernelId);
      return null;
    } catch (error) {
      if (error instanceof LaunchPayloadError) {
        const { reason, message, kernelId } = error;
        this.#refused(reason, message, { senderIp, kernelId });
        return { error: message, reason };
      }
      // Anyone may send anything here: what no one thought of must not reach beyond its connection.
      this.#refused('garbage', UNREADABLE, { senderIp, err: error });
      return { error: UNREADABLE, reason: 'garbage' };
    }
  }

  #refused(reason: Exclude<ResponseOutcome, 'accepted'>, message: string, context: object): void {
    this.#counts[reason] += 1;
    const count = this.#counts[reason];
    if (!isWorthALine(count)) return;
    this.#log.warn({ ...context, reason, count }, `refused what came to the response port: ${message}`);
  }

  #warnOfVersion0(kernelId: string): void {
    this.#log.warn(
      { kernelId },
      `the launcher of kernel ${kernelId} answered in version 0, which is deprecated: anyone who knows the kernel's id can read it; use an image with a newer launcher`,
    );
  }
}

const UNREADABLE = 'it could not be read';

const CUT: Record<CutReason, string> = {
  oversize: 'it was too long',
  slow: 'it was not complete in time (EG_SOCKET_TIMEOUT)',
  crowded: 'too many connections were waiting',
  garbage: 'its connection broke off',
};

function known<Value>(value: Value | null): Value {
  if (value === null) throw new Error('the response listener does not listen yet');
  return value;
}

function notOurs(host: string, port: number, cause: unknown): ResponsePortError {
  const { code, message } = cause as NodeJS.ErrnoException;
  return code === 'EADDRNOTAVAIL'
    ? new ResponsePortError(
        `EG_RESPONSE_IP: ${host} is no address of this machine.`,
        'Correct it; or set EG_RESPONSE_ADDR_ANY to true, when what arrives there is passed on to this machine.',
        { cause },
      )
    : new ResponsePortError(
        `port ${port} of ${host}, for the answers of kernels, can't be had: ${message}`,
        'Choose another by EG_RESPONSE_PORT, or correct EG_RESPONSE_IP.',
        { cause },
      );
}
