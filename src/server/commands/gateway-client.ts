/** Asks a running gateway. Whatever goes wrong becomes one line that says what to do. */
import { setTimeout as delay } from 'node:timers/promises';
import { CommandError } from './command.ts';
import type { GatewayAddress } from './gateway-address.ts';
import { type ReceivedEvent, receivedEvents } from './received-events.ts';

/** Milliseconds within which a gateway answers. */
const PATIENCE = 30_000;
/** Milliseconds before a lost stream is asked for again. */
const PAUSE = 1000;

/** What a gateway says of a request that it does not fulfil. */
export class RefusedRequest extends CommandError {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface Following {
  signal: AbortSignal;
  /** Told once for each connection that is lost. */
  lost(message: string): void;
}

export class GatewayClient {
  readonly #address: GatewayAddress;

  constructor(address: GatewayAddress) {
    this.#address = address;
  }

  /** @throws CommandError */
  async get(path: string): Promise<unknown> {
    const answer = await this.#ask(path, {}, AbortSignal.timeout(PATIENCE));
    try {
      return JSON.parse(await answer.text());
    } catch (error) {
      throw new CommandError(`${this.#address.url} answers ${path} with no JSON: is it a gateway?`, 1, {
        cause: error,
      });
    }
  }

  /**
   * The events of a stream, also beyond a lost connection; ends when the
   * gateway says that there are no more.
   *
   * @throws CommandError
   */
  async *follow(path: string, { signal, lost }: Following): AsyncGenerator<ReceivedEvent> {
    let lastId: string | null = null;
    let wasLost = false;
    while (!signal.aborted) {
      try {
        const headers = { accept: 'text/event-stream', ...(lastId !== null && { 'last-event-id': lastId }) };
        const answer = await this.#ask(path, headers, signal);
        if (answer.status === 204 || answer.body === null) return;
        if (!/^text\/event-stream\b/.test(answer.headers.get('content-type') ?? '')) {
          throw new RefusedRequest(answer.status, `${this.#address.url} has no stream of events: ask once`);
        }
        wasLost = false;
        for await (const event of receivedEvents(answer.body)) {
          lastId = event.id ?? lastId;
          yield event;
        }
      } catch (error) {
        if (signal.aborted) return;
        // What never worked, or is refused, will not come back by itself.
        const isRefused = error instanceof RefusedRequest && error.status < 500;
        if (isRefused || (lastId === null && error instanceof CommandError)) throw error;
      }
      if (!wasLost) lost(`the connection to ${this.#address.url} is lost: trying again`);
      wasLost = true;
      await delay(PAUSE, undefined, { signal }).catch(() => {});
    }
  }

  async #ask(path: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
    const { url, token } = this.#address;
    const authorization = token === '' ? {} : { authorization: `token ${token}` };
    let answer: Response;
    try {
      answer = await fetch(`${url}${path}`, { headers: { ...headers, ...authorization }, signal });
    } catch (error) {
      throw new CommandError(unreachable(url, error), 1, { cause: error });
    }
    if (!answer.ok) throw new RefusedRequest(answer.status, await refusal(url, answer, token !== ''));
    return answer;
  }
}

function unreachable(url: string, error: unknown): string {
  const { cause, name } = error as Error;
  const { code, message } = (cause ?? error) as NodeJS.ErrnoException;
  const hint = 'name another by --url or KERNELGATE_URL';
  if (code === 'ECONNREFUSED') return `nothing listens at ${url}: start the gateway, or ${hint}`;
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `the host of ${url} is not known: ${hint}`;
  if (name === 'TimeoutError') return `${url} does not answer: see whether it is busy, or ${hint}`;
  if (/CERT|SIGNATURE/.test(code ?? '')) {
    return `the certificate of ${url} is not trusted (${message}): name its authority by NODE_EXTRA_CA_CERTS`;
  }
  return `${url} can't be reached (${message || code}): ${hint}`;
}

/** The gateway's own words, where it has some. */
async function refusal(url: string, answer: Response, hasToken: boolean): Promise<string> {
  if (answer.status === 401) {
    return hasToken
      ? `${url} does not accept the token: give its own by --token or EG_AUTH_TOKEN`
      : `${url} requires a token: give it by --token or EG_AUTH_TOKEN`;
  }
  const text = await answer.text().catch(() => '');
  const { message, reason } = spokenIn(text);
  if (message === '') return `${url} answers with status ${answer.status}: is it a gateway?`;
  return `${message} ${reason}`;
}

function spokenIn(text: string): { message: string; reason: string } {
  try {
    const { message = '', reason = '' } = JSON.parse(text);
    return { message: String(message), reason: String(reason) };
  } catch {
    return { message: '', reason: '' };
  }
}
