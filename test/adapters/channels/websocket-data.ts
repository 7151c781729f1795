/** What one WebSocket message carries, as a whole. */
import type { KernelMessage } from '../../../src/adapters/channels/kernel-message.ts';
import { encodeDefault } from '../../../src/adapters/channels/websocket-default-codec.ts';
import { encodeV1 } from '../../../src/adapters/channels/websocket-v1-codec.ts';

export function v1Data(message: KernelMessage): Buffer {
  return Buffer.concat(encodeV1(message));
}

export function defaultData(message: KernelMessage): { data: Buffer; binary: boolean } {
  const { pieces, binary } = encodeDefault(message);
  return { data: Buffer.concat(pieces), binary };
}
