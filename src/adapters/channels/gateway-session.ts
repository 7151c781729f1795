/** Messages that the gateway itself writes: its own requests to kernels, and what it tells clients about them. */
import { randomUUID } from 'node:crypto';
import type { ChannelName, KernelMessage } from './kernel-message.ts';
import { EMPTY_OBJECT } from './kernel-message.ts';

/** Marks the gateway's messages, so that the answers to them are not taken for a client's. */
export const GATEWAY_SESSION = `kernelgate-${randomUUID()}`;
const GATEWAY_SESSION_BYTES = Buffer.from(GATEWAY_SESSION);

const PROTOCOL_VERSION = '5.4';

export function composeMessage(
  channel: ChannelName,
  msgType: string,
  content: Record<string, unknown>,
  parentHeader: Buffer = EMPTY_OBJECT,
): { message: KernelMessage; msgId: string } {
  const msgId = randomUUID();
  const header = {
    msg_id: msgId,
    msg_type: msgType,
    username: 'kernelgate',
    session: GATEWAY_SESSION,
    date: new Date().toISOString(),
    version: PROTOCOL_VERSION,
  };
  const message = {
    channel,
    header: Buffer.from(JSON.stringify(header)),
    parentHeader,
    metadata: EMPTY_OBJECT,
    content: Buffer.from(JSON.stringify(content)),
    buffers: [],
  };
  return { message, msgId };
}

/** Whether a message answers one of the gateway's own. */
export function answersGateway({ parentHeader }: KernelMessage): boolean {
  return parentHeader.includes(GATEWAY_SESSION_BYTES);
}
