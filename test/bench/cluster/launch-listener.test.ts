import { once } from 'node:events';
import { connect } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { infoOf, version2 } from '../../adapters/handshake/launcher.ts';
import { type ExpectedLaunch, LaunchListener } from './launch-listener.ts';

let listener: LaunchListener;

beforeEach(async () => {
  vi.spyOn(console, 'error').mockReturnValue();
  listener = await LaunchListener.listen('127.0.0.1');
});

afterEach(async () => {
  await listener.close();
  vi.restoreAllMocks();
});

/** What a launcher in a pod with these variables sends. */
function answerOf(kernelId: string, { variables }: ExpectedLaunch): Buffer {
  const { KERNEL_LAUNCH_TOKEN: token = '', KERNEL_GATEWAY_KEY: gatewayKey = '' } = variables;
  return version2({ kernelId, token, gatewayKey });
}

/** Sends it, and reads what is told in return. */
async function told({ variables }: ExpectedLaunch, bytes: Buffer): Promise<string> {
  const [host = '', port] = variables['RESPONSE_ADDRESS']?.split(':') ?? [];
  const socket = connect(Number(port), host);
  // Refused connections are reset.
  socket.on('error', () => {});
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.end(bytes);
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

describe("the benchmark's listener for launches", () => {
  it('learns from the launcher how to reach its kernel', async () => {
    const launch = listener.expect('a');
    const answer = await told(launch, answerOf('a', launch));

    expect(answer).toBe('{"accepted": true}\n');
    expect(await launch.connection).toMatchObject({ shell_port: infoOf('a')['shell_port'], ip: '127.0.0.1' });
  });

  it('tells several launches at once apart', async () => {
    const [first, second] = [listener.expect('a'), listener.expect('b')];
    await Promise.all([told(second, answerOf('b', second)), told(first, answerOf('a', first))]);

    expect(await first.connection).toMatchObject({ kernel_id: 'a' });
    expect(await second.connection).toMatchObject({ kernel_id: 'b' });
  });

  it('goes on after answers that it cannot read, or does not wait for', async () => {
    const launch = listener.expect('a');
    const forgotten = listener.expect('b');
    listener.forget('b');

    expect(await told(launch, Buffer.from('garbage'))).toBe('');
    expect(await told(forgotten, answerOf('b', forgotten))).toBe('');
    expect(await told(launch, answerOf('a', launch))).toBe('{"accepted": true}\n');
  });
});
