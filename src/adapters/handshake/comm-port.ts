/**
 * Tells the launcher in a kernel's pod to signal the kernel, or to end. It
 * listens on the connection's `comm_port`, in one of two ways: Enterprise
 * Gateway's launchers obey one JSON object and say nothing; Kernelgate's send a
 * challenge, want a signature, and confirm what they have done.
 */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import type { ConnectionInfo } from '../../machines/ports.ts';
import { readChallenge, readConfirmation, signedRequest } from './comm-port-codec.ts';
import { CommPortError, type CommPortErrorCode } from './comm-port-error.ts';

/** Bytes: no launcher has that much to say in a line. */
const LONGEST_LINE = 4096;

/**
 * @param ip of the kernel's pod
 * @param signum as the pod's system counts signals
 * @param timeout milliseconds in all
 * @throws CommPortError
 */
export async function sendSignal(
  ip: string,
  connection: ConnectionInfo,
  signum: number,
  timeout: number,
): Promise<void> {
  await send({ signum }, ip, connection, timeout);
}

/**
 * Lets the launcher end. One that has ended already is success.
 *
 * @param ip of the kernel's pod
 * @param timeout milliseconds in all
 * @throws CommPortError
 */
export async function sendShutdown(ip: string, connection: ConnectionInfo, timeout: number): Promise<void> {
  try {
    // The number: Enterprise Gateway's Scala launcher refuses `true`.
    await send({ shutdown: 1 }, ip, connection, timeout);
  } catch (error) {
    if (!(error instanceof CommPortError) || error.code !== 'COMM_PORT_CLOSED') throw error;
  }
}

async function send(message: object, ip: string, connection: ConnectionInfo, timeout: number): Promise<void> {
  const { comm_port: port, comm_version: version, key } = connection;
  if (port === undefined) throw new CommPortError('COMM_PORT_MISSING', ip, 'has no comm port');
  const request = JSON.stringify(message);
  const socket = connect({ host: ip, port });
  // Whoever waits for the socket hears of its errors; this is for when no one does.
  socket.on('error', () => {});
  try {
    await within(timeout, version === 2 ? exchange(socket, request, key) : hand(socket, request));
  } catch (error) {
    const { code, message: what } = troubleOf(error);
    throw new CommPortError(code, `${ip}:${port}`, what, { cause: error });
  } finally {
    if (version === 2) socket.destroy();
    else socket.unref();
  }
}

/**
 * These launchers die of an empty connection, and one may be made at the very
 * moment at which we give up on it. So the request is queued before there is a
 * connection, and the socket is left alone until it has been sent.
 */
async function hand(socket: Socket, request: string): Promise<void> {
  socket.end(request, () => socket.destroy());
  await once(socket, 'finish');
}

async function exchange(socket: Socket, request: string, key: string): Promise<void> {
  const lines = linesOf(socket);
  const challenge = readChallenge(await nextOf(lines));
  if (challenge === null) throw new Trouble('COMM_PORT_BROKEN', 'sent no challenge of version 2');
  socket.write(`${signedRequest(request, challenge, key)}\n`);
  const confirmation = readConfirmation(await nextOf(lines));
  if (confirmation === null) throw new Trouble('COMM_PORT_BROKEN', 'did not confirm the request');
  if (!confirmation.ok) throw new Trouble('COMM_PORT_REFUSED', `refused the request: ${confirmation.error}`);
}

async function nextOf(lines: AsyncGenerator<Buffer, undefined>): Promise<Buffer> {
  const { value } = await lines.next();
  if (value === undefined) throw new Trouble('COMM_PORT_BROKEN', 'broke the connection off');
  return value;
}

async function* linesOf(socket: Socket): AsyncGenerator<Buffer, undefined> {
  let pending: Buffer = Buffer.alloc(0);
  for await (const chunk of socket) {
    pending = Buffer.concat([pending, chunk as Buffer]);
    for (let end = pending.indexOf('\n'); end !== -1; end = pending.indexOf('\n')) {
      yield pending.subarray(0, end);
      pending = pending.subarray(end + 1);
    }
    if (pending.length > LONGEST_LINE) throw new Trouble('COMM_PORT_BROKEN', 'sent a line without end');
  }
}

/** An error that knows its code, but not where it happened. */
class Trouble extends Error {
  readonly code: CommPortErrorCode;

  constructor(code: CommPortErrorCode, what: string) {
    super(what);
    this.code = code;
  }
}

async function within(timeout: number, work: Promise<void>): Promise<void> {
  const { promise: timedOut, reject } = Promise.withResolvers<never>();
  const told = `did not take the request within ${timeout / 1000} s`;
  const timer = setTimeout(() => reject(new Trouble('COMM_PORT_TIMEOUT', told)), timeout);
  try {
    await Promise.race([work, timedOut]);
  } finally {
    clearTimeout(timer);
  }
}

function troubleOf(error: unknown): Trouble {
  if (error instanceof Trouble) return error;
  const { code, message } = error as NodeJS.ErrnoException;
  return code === 'ECONNREFUSED'
    ? new Trouble('COMM_PORT_CLOSED', 'is not running')
    : new Trouble('COMM_PORT_BROKEN', `can't be reached: ${message}`);
}
