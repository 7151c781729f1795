/**
 * What a kernel's iopub messages say about its life: its status, and that it is
 * alive. To tell its actor takes longer than to carry a message. So the actor is
 * told once the messages of a turn of the event loop are on their way to the
 * clients, and a status that does not last may go untold.
 */
import type { ChannelEvent, ExecutionState } from '../../machines/ports.ts';
import type { KernelMessage } from './kernel-message.ts';
import { mayBeStatus, readHeader } from './kernel-message.ts';

/** Milliseconds in which several iopub messages are one sign of life. */
const ACTIVITY_INTERVAL = 1000;
/** Milliseconds in which the same status again is one sign of life. */
const SAME_STATUS_INTERVAL = 20;
/** Milliseconds that `busy` must last to be told, when it comes as soon as that after another status. */
const BRIEF = 5;
/** Requests on control whose status messages are recognised. */
const CONTROL_REQUESTS = 100;

interface Status {
  executionState: ExecutionState;
  /** For the actor. */
  at: number;
  /** The same on a clock that only goes forward. */
  seen: number;
  /** It came soon after another one, and may be over as soon. */
  isHasty: boolean;
}

export class LifeSigns {
  readonly #now: () => number;
  readonly #tell: (event: ChannelEvent) => void;
  /** The bytes of each request's id, by the id. */
  readonly #controlRequests = new Map<string, Buffer>();
  #lastActivity = 0;
  #latest: Status | null = null;
  #told: Status | null = null;
  #immediate: NodeJS.Immediate | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(now: () => number, tell: (event: ChannelEvent) => void) {
    this.#now = now;
    this.#tell = tell;
  }

  get hasStatus(): boolean {
    return this.#latest !== null;
  }

  /** Requests on control are answered beside what the kernel is busy with, and have a status of their own. */
  noteControlRequest(msgId: string): void {
    this.#controlRequests.set(msgId, Buffer.from(msgId));
    const [oldest] = this.#controlRequests.keys();
    if (this.#controlRequests.size > CONTROL_REQUESTS && oldest !== undefined)
      this.#controlRequests.delete(oldest);
  }

  /** Takes note of an iopub message. */
  noteMessage(message: KernelMessage): void {
    const executionState = executionStateOf(message);
    if (executionState !== null && !this.#isBeside(message, executionState)) this.noteStatus(executionState);
    else this.#noteActivity();
  }

  noteStatus(executionState: ExecutionState): void {
    const seen = performance.now();
    const isHasty = executionState === 'busy' && this.#latest !== null && seen - this.#latest.seen < BRIEF;
    this.#lastActivity = this.#now();
    this.#latest = { executionState, at: this.#lastActivity, seen, isHasty };
    if (this.#patience(this.#latest, seen) <= 0) this.#immediate ??= setImmediate(() => this.tellLatest());
    else this.#timer ??= setTimeout(() => this.#lookAgain(), BRIEF);
  }

  /** Tells the present status now, unless it was told before. */
  tellLatest(): void {
    this.close();
    if (this.#latest === null || this.#latest === this.#told) return;
    this.#told = this.#latest;
    const { executionState, at } = this.#told;
    this.#tell({ type: 'kernel.status', executionState, at });
  }

  /** Tells nothing more. */
  close(): void {
    clearImmediate(this.#immediate);
    clearTimeout(this.#timer);
    this.#immediate = undefined;
    this.#timer = undefined;
  }

  #lookAgain(): void {
    this.#timer = undefined;
    if (this.#latest === null || this.#latest === this.#told) return;
    const patience = this.#patience(this.#latest, performance.now());
    if (patience <= 0) this.tellLatest();
    else this.#timer = setTimeout(() => this.#lookAgain(), Math.min(patience, BRIEF));
  }

  /** Milliseconds for which a status may stay untold. */
  #patience({ executionState, seen, isHasty }: Status, now: number): number {
    if (executionState === this.#told?.executionState) return this.#told.seen + SAME_STATUS_INTERVAL - now;
    return isHasty ? seen + BRIEF - now : 0;
  }

  #noteActivity(): void {
    const at = this.#now();
    if (at - this.#lastActivity < ACTIVITY_INTERVAL) return;
    this.#lastActivity = at;
    this.#tell({ type: 'kernel.activity', at });
  }

  /** Whether a status is that of a request on control; with `idle` this is over. */
  #isBeside({ parentHeader }: KernelMessage, executionState: ExecutionState): boolean {
    for (const [msgId, bytes] of this.#controlRequests) {
      if (!parentHeader.includes(bytes) || readHeader(parentHeader).msg_id !== msgId) continue;
      if (executionState === 'idle') this.#controlRequests.delete(msgId);
      return true;
    }
    return false;
  }
}

/** Null for any message but `status`. */
function executionStateOf(message: KernelMessage): string | null {
  if (!mayBeStatus(message.header) || readHeader(message.header).msg_type !== 'status') return null;
  const { execution_state } = JSON.parse(message.content.toString()) as { execution_state?: unknown };
  return typeof execution_state === 'string' ? execution_state : null;
}
