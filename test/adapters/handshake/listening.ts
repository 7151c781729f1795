/** Listeners with real sockets, and those who connect to them. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { onTestFinished } from 'vitest';
import { ResponseListener } from '../../../src/adapters/handshake/response-listener.ts';
import { Mailbox } from '../channels/mailbox.ts';
import { KERNEL_ID, keys } from './golden-payloads.ts';
import type { Launch } from './launcher.ts';

export const LOOPBACK = '127.0.0.1';

export interface LogLine {
  level: 'info' | 'warn';
  context: Record<string, unknown>;
  text: string;
}

export interface Listening {
  listener: ResponseListener;
  log: Mailbox<LogLine>;
  port: number;
}

export async function listening(timeout = 10_000): Promise<Listening> {
  const { listener, log } = newListener(timeout);
  const address = await listener.listen({ ip: LOOPBACK, port: 0, retries: 0, anyAddress: false });
  return { listener, log, port: Number(address.split(':').at(-1)) };
}

export function newListener(timeout = 10_000): Omit<Listening, 'port'> {
  const log = new Mailbox<LogLine>();
  const listener = new ResponseListener({
    timeout,
    keys,
    log: {
      info: (context, text) => log.push({ level: 'info', context: { ...context }, text }),
      warn: (context, text) => log.push({ level: 'warn', context: { ...context }, text }),
    },
  });
  onTestFinished(() => listener.close());
  return { listener, log };
}

/** What the pod of a launch is told. */
export function launchAt(listener: ResponseListener, kernelId = KERNEL_ID) {
  const ticket = listener.expect(kernelId);
  const launch: Launch = { kernelId, token: ticket.token, gatewayKey: listener.gatewayKey };
  return { ticket, launch };
}

/** Says all of it, then waits for the end. @returns what it was told, up to where the connection ended or broke off */
export async function converse(port: number, bytes: Buffer | string): Promise<string> {
  const socket = connect({ host: LOOPBACK, port });
  socket.end(bytes);
  return toldOn(socket);
}

export async function toldOn(socket: Socket): Promise<string> {
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => {});
  if (!socket.closed) await once(socket, 'close').catch(() => once(socket, 'close'));
  return Buffer.concat(chunks).toString();
}

export async function silentConnection(port: number): Promise<Socket> {
  const socket = connect({ host: LOOPBACK, port });
  socket.on('error', () => {});
  await once(socket, 'connect');
  return socket;
}
