/** The launches whose kernels have yet to tell how to reach them, and those that have told. */
import { randomBytes } from 'node:crypto';
import type { LaunchAnswer } from './launch-payload.ts';

const TOKEN_LENGTH = 32;

/** An answer that was accepted. */
export interface LaunchResponse extends LaunchAnswer {
  /** Where the answer came from, as the gateway's socket shows it. */
  senderIp: string;
}

/** One launch's right to one answer. */
export interface LaunchTicket {
  /** `KERNEL_LAUNCH_TOKEN` for the launch's pod, and for nothing else: base64 of 32 random bytes. */
  readonly token: string;
  /** Rejects when the ticket becomes void first. May be left alone: an unheard rejection harms nothing. */
  readonly response: Promise<LaunchResponse>;
  /** Why the last answer in this kernel's name was refused; null when none was. Its sender may be anyone. */
  readonly lastRefusal: string | null;
  /** Makes the ticket void. An answer that was accepted stays so, but another one counts as that of a stranger. */
  cancel(): void;
}

export interface LaunchTicketOptions {
  /** False: only version 2 is accepted, whose senders prove that they belong to the launch. */
  allowsOldLaunchers?: boolean;
}

/** A ticket that was cancelled, replaced by that of the kernel's next launch, or outlived the listener. */
export class TicketVoidError extends Error {
  readonly code = 'LAUNCH_TICKET_VOID';
  readonly kernelId: string;

  constructor(kernelId: string) {
    super(`the launch of kernel ${kernelId} is not waited for any more`);
    this.name = 'TicketVoidError';
    this.kernelId = kernelId;
  }
}

/** A ticket, seen from the side that judges answers. */
export class OpenTicket {
  readonly kernelId: string;
  readonly token = randomBytes(TOKEN_LENGTH);
  readonly allowsOldLaunchers: boolean;
  readonly #settlement = Promise.withResolvers<LaunchResponse>();
  #isAnswered = false;
  lastRefusal: string | null = null;

  constructor(kernelId: string, { allowsOldLaunchers = true }: LaunchTicketOptions) {
    this.kernelId = kernelId;
    this.allowsOldLaunchers = allowsOldLaunchers;
    this.response.catch(() => {});
  }

  get response(): Promise<LaunchResponse> {
    return this.#settlement.promise;
  }

  get isAnswered(): boolean {
    return this.#isAnswered;
  }

  accept(response: LaunchResponse): void {
    this.#isAnswered = true;
    this.#settlement.resolve(response);
  }

  makeVoid(): void {
    this.#settlement.reject(new TicketVoidError(this.kernelId));
  }
}

/** One ticket for each kernel: a new one makes the old one void. */
export class LaunchTickets {
  readonly #tickets = new Map<string, OpenTicket>();

  expect(kernelId: string, options: LaunchTicketOptions): LaunchTicket {
    const ticket = new OpenTicket(kernelId, options);
    this.#tickets.get(kernelId)?.makeVoid();
    this.#tickets.set(kernelId, ticket);
    return {
      token: ticket.token.toString('base64'),
      response: ticket.response,
      get lastRefusal() {
        return ticket.lastRefusal;
      },
      cancel: () => this.#cancel(ticket),
    };
  }

  /** Also one that has its answer, until it is cancelled. */
  of(kernelId: string): OpenTicket | undefined {
    return this.#tickets.get(kernelId);
  }

  /** Kernels whose answer may come in an old form. */
  *waitingForOld(): Generator<string> {
    for (const { kernelId, isAnswered, allowsOldLaunchers } of this.#tickets.values()) {
      if (allowsOldLaunchers && !isAnswered) yield kernelId;
    }
  }

  clear(): void {
    for (const ticket of this.#tickets.values()) ticket.makeVoid();
    this.#tickets.clear();
  }

  #cancel(ticket: OpenTicket): void {
    ticket.makeVoid();
    if (this.#tickets.get(ticket.kernelId) === ticket) this.#tickets.delete(ticket.kernelId);
  }
}
