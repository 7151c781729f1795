/**
 * What passes through the relays of all kernels, as plain numbers: counting a
 * message costs two additions, and reading them is up to whoever asks.
 */
import type { ChannelName, KernelMessage } from '../../adapters/channels/kernel-message.ts';
import { messageSize } from '../../adapters/channels/kernel-message.ts';

/** Bytes are those of the messages' parts, without the framing of either side. */
export interface Flow {
  messages: number;
  bytes: number;
}

export type Flows = Record<ChannelName, Flow>;

export class Traffic {
  /** From clients, on the way to their kernels. */
  readonly fromClients = noFlows();
  readonly fromKernels = noFlows();
  /** Counted once for each client. */
  readonly toClients = noFlows();
  /** WebSockets that were opened. */
  connections = 0;
  /** Messages that waited for a client, and were sent. */
  replayed = 0;
  /** Messages that waited for a client, and were given up because there was no room for more. */
  dropped = 0;
}

export function count(flows: Flows, message: KernelMessage, size = messageSize(message)): void {
  const flow = flows[message.channel];
  flow.messages += 1;
  flow.bytes += size;
}

function noFlows(): Flows {
  const none = () => ({ messages: 0, bytes: 0 });
  return { shell: none(), iopub: none(), stdin: none(), control: none() };
}
