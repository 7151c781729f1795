/**
 * What the synthetic kernel's `code` asks for, and the messages that answer it,
 * framed and signed before the first of them is sent: then sending is all that
 * a flood costs the kernel, and the gateway is what gets measured.
 */
import {
  delimiter,
  type JsonObject,
  type MessageHeader,
  type MessageSigner,
  type MessageSource,
  toPart,
} from './protocol/message.ts';

export interface FloodCommand {
  kind: 'stream' | 'buffers' | 'data';
  /** Messages to send. */
  count: number;
  /** Characters of a stream or data message's text, bytes of a buffer. */
  size: number;
}

export type Command = { kind: 'echo' } | FloodCommand;

const maxCount = 200_000;
const maxSize = 64 * 1024 * 1024;
const usage =
  `code must be "echo", "stream N SIZE", "buffers N BYTES" or "data N BYTES", ` +
  `N at most ${maxCount}, SIZE and BYTES at most ${maxSize}`;

/** Thrown for code that is none of the kernel's commands. */
export class UnknownCommandError extends Error {
  readonly code = 'unknown_command';

  constructor() {
    super(usage);
  }
}

/** Reads `code` of an execute_request; empty code does nothing, like `echo`. Throws UnknownCommandError. */
export function parseCommand(code: string): Command {
  const text = code.trim();
  if (text === '' || text === 'echo') {
    return { kind: 'echo' };
  }
  const match = /^(stream|buffers|data) (\d{1,9}) (\d{1,9})$/.exec(text);
  const [count, size] = [Number(match?.[2]), Number(match?.[3])];
  if (match === null || count > maxCount || size > maxSize) {
    throw new UnknownCommandError();
  }
  return { kind: match[1] as FloodCommand['kind'], count, size };
}

/** All messages of a flood as ZeroMQ frames, each with its own id and signature; bodies are shared. */
export function prepareFlood(
  command: FloodCommand,
  parent: Partial<MessageHeader>,
  source: MessageSource,
  signer: MessageSigner,
): Buffer[][] {
  const { msgType, content, buffers } = bodyOf(command);
  const topic = Buffer.from(`kernel.${source.session}.${msgType}`);
  const [parentPart, metadataPart, contentPart] = [toPart(parent), toPart({}), toPart(content)];
  return Array.from({ length: command.count }, () => {
    const parts = [toPart(source.header(msgType)), parentPart, metadataPart, contentPart];
    return [topic, delimiter, Buffer.from(signer.sign(parts)), ...parts, ...buffers];
  });
}

function bodyOf(command: FloodCommand): { msgType: string; content: JsonObject; buffers: Buffer[] } {
  switch (command.kind) {
    case 'stream':
      return {
        msgType: 'stream',
        content: { name: 'stdout', text: line(command.size) },
        buffers: [],
      };
    case 'data':
      return {
        msgType: 'display_data',
        content: { data: { 'text/plain': line(command.size) }, metadata: {}, transient: {} },
        buffers: [],
      };
    case 'buffers':
      return {
        msgType: 'comm_msg',
        content: { comm_id: 'synthetic', data: {} },
        buffers: [Buffer.alloc(command.size, 0xa5)],
      };
  }
}

/** Text of that many characters that ends a line, so that front ends show it as such. */
function line(size: number): string {
  return size === 0 ? '' : `${'0123456789'.repeat(Math.ceil(size / 10)).slice(0, size - 1)}\n`;
}
