/** Messages as kernels and clients write them. */
import type { ChannelName, KernelMessage } from '../../../src/adapters/channels/kernel-message.ts';

let count = 0;

/** With an id of its own. */
export function kernelMessage<Channel extends ChannelName>(
  channel: Channel,
  msgType: string,
  content: object = {},
  parentHeader: Buffer = Buffer.from('{}'),
  session = 'a session',
): KernelMessage & { channel: Channel } {
  count += 1;
  const header = { msg_id: `message-${String(count).padStart(6, '0')}`, msg_type: msgType, session };
  return {
    channel,
    header: Buffer.from(JSON.stringify(header)),
    parentHeader,
    metadata: Buffer.from('{}'),
    content: Buffer.from(JSON.stringify(content)),
    buffers: [],
  };
}

export function typeOf({ header }: KernelMessage): string {
  return JSON.parse(header.toString()).msg_type;
}
