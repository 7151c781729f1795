/**
 * Carries messages between one kernel and its clients. It outlives the kernel's
 * sockets, which are rebuilt at each restart, and its clients' sockets, which
 * come and go: what happens meanwhile waits for them.
 */
import type { HeaderFields, KernelMessage } from '../../adapters/channels/kernel-message.ts';
import { MalformedMessageError, readHeader } from '../../adapters/channels/kernel-message.ts';
import type { ChannelLink } from '../../adapters/channels/zmq-channels.ts';
import type { Failure } from '../../machines/failure.ts';
import { Backlog, type BacklogBudget } from './backlog.ts';
import { decodeFrame, type IncomingMessage, OutgoingMessage } from './client-protocol.ts';
import type { ClientSocket, ClientSocketListener } from './client-socket.ts';
import {
  missedMessage,
  statusMessage,
  stderrMessage,
  unansweredMessages,
  unattendedMessage,
} from './kernel-news.ts';
import { type PendingRequest, PendingRequests } from './pending-requests.ts';
import { count, Traffic } from './traffic.ts';

export interface RelayOptions {
  /** Bytes of output kept for clients that are away or slow. */
  backlogLimit: number;
  budget: BacklogBudget;
  /** Where all that passes is counted. */
  traffic?: Traffic;
  /** Told how many clients are connected, whenever that changes. */
  clientsChanged(clients: number): void;
  /** Told of each message that could not be sent to a client. */
  dropped?(error: Error): void;
}

/** A client, connected or away. */
interface ClientSession {
  /** Null: it gave no `session_id`, so it can't be recognised when it comes back. */
  id: string | null;
  socket: ClientSocket | null;
  /** Where it reads on in the backlog; null when it is sent everything at once. */
  position: number | null;
  missed: number;
}

/** Sessions that may be away from one kernel; the one away for longest is forgotten first. */
const MOST_ABSENT = 32;
/** WebSocket close codes, RFC 6455 section 7.4.1. */
const POLICY_VIOLATION = 1008;
const INVALID_DATA = 1007;

const SHUT_DOWN: Failure = {
  code: 'LAUNCH_CANCELLED',
  message: 'The kernel was shut down before it answered.',
  hint: 'Start another kernel.',
};
const RESTARTED: Failure = {
  code: 'POD_GONE',
  message: 'The kernel was restarted before it answered.',
  hint: 'Run it again.',
};

export class KernelRelay {
  readonly #options: RelayOptions;
  readonly #traffic: Traffic;
  readonly #sessions = new Set<ClientSession>();
  readonly #backlog: Backlog<ClientSession>;
  readonly #pending = new PendingRequests<ClientSession>();
  #inbox: IncomingMessage[] = [];
  #link: ChannelLink | null = null;
  #iopubPaused = false;
  /** The kernel ran without a gateway for a while: sessions of that time are told when they come back. */
  #wasUnattended = false;
  #leaving = false;
  #ended = false;
  /** Why what is pending is not answered, should the sockets be closed now. */
  #unanswered = SHUT_DOWN;

  constructor(options: RelayOptions) {
    this.#options = options;
    this.#traffic = options.traffic ?? new Traffic();
    this.#backlog = new Backlog(options.backlogLimit, options.budget);
  }

  get clients(): number {
    let count = 0;
    for (const { socket } of this.#sessions) if (socket !== null) count += 1;
    return count;
  }

  /**
   * A client connects: a new one, or one that comes back with its `session_id`
   * and is sent what it missed. An older connection of the same session is closed.
   */
  join(
    sessionId: string | null,
    connect: (listener: Omit<ClientSocketListener, 'failed'>) => ClientSocket,
  ): void {
    const isNew = ![...this.#sessions].some(({ id }) => id !== null && id === sessionId);
    const session = this.#sessionOf(sessionId);
    session.socket?.close(
      POLICY_VIOLATION,
      'Another connection with the same session_id has taken its place',
    );
    const socket: ClientSocket = connect({
      frame: (data, binary) => this.#fromClient(session, socket, data, binary),
      drained: () => this.#readOn(session),
      closed: () => this.#left(session, socket),
    });
    session.socket = socket;
    this.#traffic.connections += 1;
    if (isNew && sessionId !== null && this.#wasUnattended) {
      this.#send(socket, new OutgoingMessage(unattendedMessage()));
    }
    this.#readOn(session);
    this.#options.clientsChanged(this.clients);
  }

  opened(link: ChannelLink): void {
    this.#link = link;
    this.#iopubPaused = false;
    this.#unanswered = SHUT_DOWN;
    const waiting = this.#inbox;
    this.#inbox = [];
    for (const { message } of waiting) link.send(message);
    this.drained();
  }

  /** The kernel's sockets are closed: what is pending now is never answered, except by a kernel that we leave running. */
  closed(): void {
    this.#link = null;
    setImmediate(() => {
      if (this.#link === null) this.#failPending(this.#unanswered);
    });
  }

  drained(): void {
    for (const { socket } of this.#sessions) socket?.resume();
  }

  received(message: KernelMessage): void {
    count(this.#traffic.fromKernels, message);
    if (message.channel === 'iopub') {
      this.#deliver(message, null);
      return;
    }
    const parent = readHeader(message.parentHeader);
    const target = message.channel === 'stdin' ? this.#pending.find(parent) : this.#pending.take(parent);
    const session = target?.client ?? this.#sessionNamed(parent);
    if (session !== null) this.#deliver(message, session);
  }

  /** The kernel is between two pods. */
  tellRestarting(failure: Failure | null): void {
    this.#unanswered = RESTARTED;
    this.#wasUnattended = false;
    if (failure !== null) this.#tellDeath(failure);
    this.#deliver(statusMessage('restarting'), null);
  }

  /** The kernel has died, and what is left of it is being removed. */
  tellDying(failure: Failure): void {
    this.#unanswered = failure;
    this.#tellDeath(failure);
  }

  /** The kernel has died for good, as was told. */
  tellDead(failure: Failure): void {
    this.#failPending(failure);
    this.#deliver(statusMessage('dead'), null);
  }

  /** The kernel comes from an earlier gateway: what it published in between reached no one. */
  noteUnattended(): void {
    this.#wasUnattended = true;
  }

  /** The gateway goes, the kernel stays: what is pending may yet be answered by way of another gateway. */
  leave(): void {
    this.#leaving = true;
  }

  /** Closes all clients' sockets and forgets everyone. */
  end(code: number, reason: string): void {
    this.#ended = true;
    const sessions = [...this.#sessions];
    this.#sessions.clear();
    this.#backlog.trim(this.#backlog.next);
    for (const { socket } of sessions) socket?.close(code, reason);
  }

  #sessionOf(id: string | null): ClientSession {
    for (const session of this.#sessions) if (id !== null && session.id === id) return session;
    const session: ClientSession = { id, socket: null, position: null, missed: 0 };
    this.#sessions.add(session);
    return session;
  }

  /** For replies to requests that an earlier gateway passed on. */
  #sessionNamed({ session: id }: HeaderFields): ClientSession | null {
    for (const session of this.#sessions) if (id !== '' && session.id === id) return session;
    return null;
  }

  #left(session: ClientSession, socket: ClientSocket): void {
    if (session.socket !== socket) return;
    session.socket = null;
    if (session.id === null) this.#forget(session);
    else session.position ??= this.#backlog.next;
    // A session that leaves last is forgotten last.
    if (this.#sessions.delete(session)) this.#sessions.add(session);
    const absent = [...this.#sessions].filter((other) => other.socket === null);
    if (absent.length > MOST_ABSENT) this.#forget(absent[0] as ClientSession);
    this.#holdKernelBack();
    this.#options.clientsChanged(this.clients);
  }

  #forget(session: ClientSession): void {
    this.#sessions.delete(session);
    this.#pending.forget(session);
    this.#trim();
  }

  #fromClient(session: ClientSession, socket: ClientSocket, data: Buffer, binary: boolean): void {
    let incoming: IncomingMessage;
    try {
      incoming = decodeFrame(socket.protocol, data, binary);
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      socket.close(INVALID_DATA, error.message);
      return;
    }
    const { message, fields } = incoming;
    count(this.#traffic.fromClients, message);
    this.#pending.add(session, message.channel, fields, message.header);
    if (this.#link === null) this.#inbox.push(incoming);
    const mayGoOn = this.#link?.send(message) ?? false;
    if (!mayGoOn) socket.pause();
  }

  #deliver(message: KernelMessage, target: ClientSession | null): void {
    const outgoing = new OutgoingMessage(message);
    let waits = false;
    if (target !== null) waits = this.#sendOrWait(target, outgoing);
    else for (const session of this.#sessions) waits = this.#sendOrWait(session, outgoing) || waits;
    if (!waits) return;
    this.#backlog.append(outgoing, target);
    this.#dropOverflow();
    this.#holdKernelBack();
  }

  /** True when the message must wait in the backlog for this client. */
  #sendOrWait(session: ClientSession, outgoing: OutgoingMessage): boolean {
    if (session.position === null && session.socket?.isBehind) session.position = this.#backlog.next;
    if (session.position !== null) return true;
    if (session.socket !== null) this.#send(session.socket, outgoing);
    return false;
  }

  /** A kernel can sign a header that is no JSON: such a message can't be told in every protocol. */
  #send(socket: ClientSocket, outgoing: OutgoingMessage): void {
    try {
      socket.send(outgoing);
      count(this.#traffic.toClients, outgoing.message, outgoing.size);
    } catch (error) {
      if (!(error instanceof MalformedMessageError)) throw error;
      this.#options.dropped?.(error);
    }
  }

  #dropOverflow(): void {
    for (
      let dropped = this.#backlog.dropOverflow();
      dropped !== null;
      dropped = this.#backlog.dropOverflow()
    ) {
      for (const session of this.#sessions) {
        if (session.position === null || session.position >= this.#backlog.first) continue;
        session.position = this.#backlog.first;
        if (dropped.target !== null && dropped.target !== session) continue;
        session.missed += 1;
        this.#traffic.dropped += 1;
      }
    }
  }

  /** Sends a client what waits for it, as far as it takes it. */
  #readOn(session: ClientSession): void {
    const { socket } = session;
    if (socket === null || session.position === null) return;
    while (!socket.isBehind && session.position < this.#backlog.next) {
      if (session.missed > 0) this.#send(socket, new OutgoingMessage(missedMessage(session.missed)));
      session.missed = 0;
      const entry = this.#backlog.at(session.position);
      session.position += 1;
      if (entry === undefined || (entry.target !== null && entry.target !== session)) continue;
      this.#send(socket, entry.outgoing);
      this.#traffic.replayed += 1;
    }
    if (session.position >= this.#backlog.next) session.position = null;
    this.#trim();
    this.#holdKernelBack();
  }

  #trim(): void {
    let oldest = this.#backlog.next;
    for (const { position } of this.#sessions) if (position !== null) oldest = Math.min(oldest, position);
    this.#backlog.trim(oldest);
  }

  /** The kernel is held back while every connected client is slow; one quick client is enough to let it go on. */
  #holdKernelBack(): void {
    const least = this.#leastBacklog();
    const { backlogLimit } = this.#options;
    if (!this.#iopubPaused && least > backlogLimit / 2) {
      this.#iopubPaused = true;
      this.#link?.pauseIopub();
    } else if (this.#iopubPaused && least <= backlogLimit / 4) {
      this.#iopubPaused = false;
      this.#link?.resumeIopub();
    }
  }

  /** Bytes that wait for the connected client for whom the least waits. */
  #leastBacklog(): number {
    let least = Number.POSITIVE_INFINITY;
    for (const { socket, position } of this.#sessions) {
      if (socket !== null) least = Math.min(least, position === null ? 0 : this.#backlog.bytesFrom(position));
    }
    return Number.isFinite(least) ? least : 0;
  }

  /** In each cell that was running; a kernel that had time to end its cells in order left none to tell it in. */
  #tellDeath(failure: Failure): void {
    if (this.#leaving || this.#ended) return;
    const requests = this.#failPending(failure);
    if (requests.some(({ msgType }) => msgType === 'execute_request')) return;
    this.#deliver(stderrMessage(`${failure.message}\n${failure.hint}`), null);
  }

  /** @returns what was pending */
  #failPending(failure: Failure): PendingRequest<ClientSession>[] {
    if (this.#leaving || this.#ended) return [];
    // They are told that it was not run: then it must not be.
    this.#inbox = [];
    const requests = this.#pending.takeAll();
    for (const request of requests) {
      for (const message of unansweredMessages(request, failure)) {
        this.#deliver(message, message.channel === 'iopub' ? null : request.client);
      }
    }
    return requests;
  }
}
