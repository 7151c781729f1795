/** The two WebSocket protocols of Jupyter, as one interface over their codecs. */
import type { ChannelName, KernelMessage } from '../../adapters/channels/kernel-message.ts';
import {
  type HeaderFields,
  MalformedMessageError,
  messageSize,
  readHeader,
} from '../../adapters/channels/kernel-message.ts';
import type { RequestChannel } from '../../adapters/channels/kernel-sockets.ts';
import { REQUEST_CHANNELS } from '../../adapters/channels/kernel-sockets.ts';
import { decodeDefault, encodeDefault } from '../../adapters/channels/websocket-default-codec.ts';
import { decodeV1, encodeV1, V1_SUBPROTOCOL } from '../../adapters/channels/websocket-v1-codec.ts';
import { type Frame, layOutFrame } from './websocket-frame.ts';

export type ClientProtocol = 'default' | 'v1';

/** `v1` when the client offers it. */
export function chooseSubprotocol(offered: Set<string>): string | false {
  return offered.has(V1_SUBPROTOCOL) ? V1_SUBPROTOCOL : false;
}

export function protocolOf(subprotocol: string): ClientProtocol {
  return subprotocol === V1_SUBPROTOCOL ? 'v1' : 'default';
}

/** A message on its way to clients: encoded once for each protocol, however many clients get it. */
export class OutgoingMessage {
  readonly message: KernelMessage;
  readonly size: number;
  #v1: Frame | null = null;
  #default: Frame | null = null;

  constructor(message: KernelMessage) {
    this.message = message;
    this.size = messageSize(message);
  }

  /** @throws MalformedMessageError when the message can't be told in this protocol */
  frame(protocol: ClientProtocol): Frame {
    if (protocol === 'v1') {
      this.#v1 ??= layOutFrame(encodeV1(this.message), true);
      return this.#v1;
    }
    this.#default ??= defaultFrame(this.message);
    return this.#default;
  }
}

function defaultFrame(message: KernelMessage): Frame {
  const { pieces, binary } = encodeDefault(message);
  return layOutFrame(pieces, binary);
}

export interface IncomingMessage {
  message: KernelMessage & { channel: RequestChannel };
  fields: HeaderFields;
}

/**
 * What a client sent. A message without a channel goes to shell, where Jupyter's
 * own server sends it; a channel-less `input_reply` can only be meant for stdin.
 *
 * @throws MalformedMessageError
 */
export function decodeFrame(protocol: ClientProtocol, data: Buffer, binary: boolean): IncomingMessage {
  if (protocol === 'v1' && !binary)
    throw new MalformedMessageError('frame: must be binary under this subprotocol');
  const { channel: named, message } = protocol === 'v1' ? decodeV1(data) : decodeDefault(data, binary);
  const fields = readHeader(message.header);
  for (const name of ['msg_id', 'msg_type'] as const) {
    if (fields[name] === '')
      throw new MalformedMessageError(`header.${name}: must be a string that is not empty`);
  }
  const channel = named === '' ? channelFor(fields) : named;
  if (!isRequestChannel(channel)) {
    throw new MalformedMessageError(
      `channel: is "${channel.slice(0, 40)}", must be one of ${REQUEST_CHANNELS.join(', ')}`,
    );
  }
  return { message: { channel, ...message }, fields };
}

function channelFor({ msg_type }: HeaderFields): RequestChannel {
  return msg_type === 'input_reply' ? 'stdin' : 'shell';
}

function isRequestChannel(channel: ChannelName | string): channel is RequestChannel {
  return (REQUEST_CHANNELS as readonly string[]).includes(channel);
}
