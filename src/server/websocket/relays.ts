/** The relays of all kernels, where the kernels' messages arrive. */
import type { KernelMessage } from '../../adapters/channels/kernel-message.ts';
import type { ChannelLink, MessageSink } from '../../adapters/channels/zmq-channels.ts';
import { BacklogBudget } from './backlog.ts';
import { KernelRelay } from './kernel-relay.ts';
import { Traffic } from './traffic.ts';

/** How many kernels' backlogs may be full at once. */
const FULL_BACKLOGS = 16;

export class Relays implements MessageSink {
  /** Of all kernels, since the start. */
  readonly traffic = new Traffic();
  readonly #relays = new Map<string, KernelRelay>();
  readonly #backlogLimit: number;
  readonly #budget: BacklogBudget;
  readonly #dropped: ((kernelId: string, error: Error) => void) | undefined;

  /**
   * @param backlogLimit bytes of output kept for each kernel's absent and slow clients
   * @param dropped told of each message that could not be sent to a client
   */
  constructor(backlogLimit: number, dropped?: (kernelId: string, error: Error) => void) {
    this.#dropped = dropped;
    this.#backlogLimit = backlogLimit;
    this.#budget = new BacklogBudget(backlogLimit * FULL_BACKLOGS);
  }

  /** Connected ones, of all kernels. */
  get clients(): number {
    let count = 0;
    for (const relay of this.#relays.values()) count += relay.clients;
    return count;
  }

  /** Bytes that wait for all kernels' clients, and how many may. */
  get backlog(): Readonly<BacklogBudget> {
    return this.#budget;
  }

  add(kernelId: string, clientsChanged: (clients: number) => void): KernelRelay {
    const relay = new KernelRelay({
      backlogLimit: this.#backlogLimit,
      budget: this.#budget,
      traffic: this.traffic,
      clientsChanged,
      dropped: (error) => this.#dropped?.(kernelId, error),
    });
    this.#relays.set(kernelId, relay);
    return relay;
  }

  get(kernelId: string): KernelRelay | undefined {
    return this.#relays.get(kernelId);
  }

  remove(kernelId: string): void {
    this.#relays.delete(kernelId);
  }

  opened(kernelId: string, link: ChannelLink): void {
    this.#relays.get(kernelId)?.opened(link);
  }

  received(kernelId: string, message: KernelMessage): void {
    this.#relays.get(kernelId)?.received(message);
  }

  drained(kernelId: string): void {
    this.#relays.get(kernelId)?.drained();
  }

  closed(kernelId: string): void {
    this.#relays.get(kernelId)?.closed();
  }
}
