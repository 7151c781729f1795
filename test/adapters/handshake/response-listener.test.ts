import { once } from 'node:events';
import { createServer } from 'node:net';
import { networkInterfaces } from 'node:os';
import fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import { makeLaunchKeys } from '../../../src/adapters/handshake/launch-keys.ts';
import { ResponseListener, ResponsePortError } from '../../../src/adapters/handshake/response-listener.ts';
import { golden, KERNEL_ID } from './golden-payloads.ts';
import { infoOf, version0, version1, version2 } from './launcher.ts';
import { converse, LOOPBACK, launchAt, listening, newListener } from './listening.ts';

const ACCEPTED = '{"accepted":true}\n';
const OTHER_ID = 'ffffffff-93b4-4f6e-8a21-c0ffee123456';

const hasIpv6 = networkInterfaces()['lo']?.some(({ address }) => address === '::1') === true;

function refused(error: string, reason: string): string {
  return `${JSON.stringify({ accepted: false, error, reason })}\n`;
}

/** Takes a port, as another program does. */
async function occupied(): Promise<number> {
  const server = createServer().listen({ host: LOOPBACK, port: 0 });
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
  return (server.address() as { port: number }).port;
}

describe('a launcher of version 2', () => {
  it('is told that its answer was accepted', async () => {
    const { listener, port } = await listening();
    const { ticket, launch } = launchAt(listener);
    expect(await converse(port, version2(launch))).toBe(ACCEPTED);
    expect(await ticket.response).toMatchObject({ version: 2, claimedIp: LOOPBACK, senderIp: LOOPBACK });
    expect(listener.counts.accepted).toBe(1);
  });

  it('is told why it was refused', async () => {
    const { listener, port } = await listening();
    const { ticket, launch } = launchAt(listener);
    expect(await converse(port, version2({ ...launch, kernelId: OTHER_ID }))).toBe(
      refused('this gateway waits for no such kernel', 'unknownKernel'),
    );
    expect(await converse(port, version2({ ...launch, token: golden.token }))).toBe(
      refused('it was not made with the token of this launch', 'wrongToken'),
    );
    expect(await converse(port, version2(launch).subarray(0, -20))).toBe(
      refused('it must be a JSON object in UTF-8', 'garbage'),
    );
    const unusable = infoOf(KERNEL_ID, { ip: LOOPBACK, signature_scheme: 'hmac-rot13' });
    expect(await converse(port, version2(launch, unusable))).toBe(
      refused(
        'signature_scheme: must be hmac-sha256, or hmac- and another digest that the gateway knows',
        'unusable',
      ),
    );
    expect(await converse(port, version2(launch))).toBe(ACCEPTED);
    expect(await converse(port, version2(launch))).toBe(
      refused('this launch has its answer already, and takes no second one', 'replay'),
    );
    expect(await ticket.response).toMatchObject({ kernelId: KERNEL_ID });
    expect(listener.counts).toMatchObject({
      accepted: 1,
      unknownKernel: 1,
      wrongToken: 1,
      garbage: 1,
      unusable: 1,
      replay: 1,
    });
  });
});

describe('an old launcher', () => {
  it('of version 1 is accepted without a word', async () => {
    const { listener, port } = await listening();
    const { ticket } = launchAt(listener);
    expect(await converse(port, version1(listener.publicKey, infoOf(KERNEL_ID)))).toBe('');
    expect(await ticket.response).toMatchObject({ version: 1, senderIp: LOOPBACK });
  });

  it('of version 0 is accepted, and its operator warned', async () => {
    const { listener, port, log } = await listening();
    const { ticket } = launchAt(listener);
    expect(await converse(port, version0(KERNEL_ID, infoOf(KERNEL_ID)))).toBe('');
    expect(await ticket.response).toMatchObject({ version: 0 });
    const warning = await log.next(({ level }) => level === 'warn');
    expect(warning).toMatchObject({ context: { kernelId: KERNEL_ID } });
    expect(warning.text).toMatch(/version 0, which is deprecated/);
  });

  it('is refused without a word', async () => {
    const { listener, port } = await listening();
    launchAt(listener);
    expect(await converse(port, version1(listener.publicKey, infoOf(OTHER_ID)))).toBe('');
    expect(listener.counts.unknownKernel).toBe(1);
  });
});

describe('the response port', () => {
  it('closes on garbage, and goes on', async () => {
    const { listener, port } = await listening();
    const { ticket, launch } = launchAt(listener);
    const garbage = [
      '',
      '\n',
      'GET / HTTP/1.1\r\n\r\n',
      '\x16\x03\x01\x02\x00',
      'AAAA',
      golden.version1.slice(9),
    ];
    for (const bytes of garbage) expect(await converse(port, bytes)).toBe('');
    expect(listener.counts.garbage).toBe(garbage.length);
    expect(await converse(port, version2(launch))).toBe(ACCEPTED);
    expect(await ticket.response).toMatchObject({ kernelId: KERNEL_ID });
  });

  it('goes on whatever is sent to it', async () => {
    const { listener, port } = await listening();
    const { ticket, launch } = launchAt(listener);
    const anything = fc.uint8Array({ maxLength: 2000 });
    await fc.assert(
      fc.asyncProperty(anything, async (bytes) => {
        expect(await converse(port, Buffer.from(bytes))).not.toContain('true');
      }),
      { numRuns: 50 },
    );
    expect(await converse(port, version2(launch))).toBe(ACCEPTED);
    expect(await ticket.response).toMatchObject({ kernelId: KERNEL_ID });
  });

  it('logs the first, the tenth, the hundredth of each kind', async () => {
    const { port, log } = await listening();
    for (let each = 0; each < 12; each += 1) await converse(port, 'garbage');
    const counts = log.items.filter(({ level }) => level === 'warn').map(({ context }) => context['count']);
    expect(counts).toEqual([1, 10]);
    expect(log.items.at(-1)).toMatchObject({ context: { reason: 'garbage', senderIp: LOOPBACK } });
  });

  it('accepts 300 launchers at once', async () => {
    const { listener, port } = await listening();
    const launches = Array.from({ length: 300 }, (_, index) => launchAt(listener, `kernel-${index}`));
    const answers = launches.map(({ launch }) => version2(launch));
    const told = await Promise.all(answers.map((answer) => converse(port, answer)));
    expect(new Set(told)).toEqual(new Set([ACCEPTED]));
    expect(listener.counts.accepted).toBe(300);
  });

  it('voids its tickets when it is closed', async () => {
    const { listener, port } = await listening();
    const { ticket, launch } = launchAt(listener);
    await listener.close();
    await expect(ticket.response).rejects.toMatchObject({ code: 'LAUNCH_TICKET_VOID', kernelId: KERNEL_ID });
    expect(await converse(port, version2(launch))).toBe('');
  });
});

describe('the response address', () => {
  it('is the address that was asked for, on the next free port', async () => {
    const taken = await occupied();
    const { listener } = newListener();
    const address = await listener.listen({ ip: LOOPBACK, port: taken, retries: 20, anyAddress: false });
    expect(address).toMatch(/^127\.0\.0\.1:\d+$/);
    expect(address).not.toBe(`${LOOPBACK}:${taken}`);
    expect(listener.address).toBe(address);
  });

  it('is told as it was asked for when all addresses are listened on', async () => {
    const { listener } = newListener();
    const address = await listener.listen({ ip: '192.0.2.1', port: 0, retries: 0, anyAddress: true });
    const port = Number(/^192\.0\.2\.1:(\d+)$/.exec(address)?.[1]);
    const { launch } = launchAt(listener);
    expect(await converse(port, version2(launch))).toBe(ACCEPTED);
  });

  it.runIf(hasIpv6)('has brackets around an IPv6 address', async () => {
    const { listener } = newListener();
    const address = await listener.listen({ ip: '::1', port: 0, retries: 0, anyAddress: false });
    expect(address).toMatch(/^\[::1\]:\d+$/);
  });

  it('is not known before there is one', () => {
    expect(() => newListener().listener.address).toThrow('does not listen yet');
  });

  it('can not be had when its port is taken: the error names the setting', async () => {
    const taken = await occupied();
    const { listener } = newListener();
    const failed = listener.listen({ ip: LOOPBACK, port: taken, retries: 0, anyAddress: false });
    await expect(failed).rejects.toThrow(ResponsePortError);
    await expect(failed).rejects.toMatchObject({
      message: `port ${taken} of 127.0.0.1, for the answers of kernels, is in use.`,
      hint: 'Choose another by EG_RESPONSE_PORT, or allow more by EG_RESPONSE_PORT_RETRIES.',
    });
  });

  it('can not be had when it belongs to another machine', async () => {
    const { listener } = newListener();
    const failed = listener.listen({ ip: '192.0.2.1', port: 0, retries: 5, anyAddress: false });
    await expect(failed).rejects.toMatchObject({
      message: 'EG_RESPONSE_IP: 192.0.2.1 is no address of this machine.',
      hint: expect.stringContaining('EG_RESPONSE_ADDR_ANY'),
    });
  });
});

describe('the keys', () => {
  it('are made by the time the listener listens, unless they are given', async () => {
    const listener = new ResponseListener({ timeout: 1000, log: { info: () => {}, warn: () => {} } });
    onTestFinished(() => listener.close());
    await listener.listen({ ip: LOOPBACK, port: 0, retries: 0, anyAddress: false });
    expect(Buffer.from(listener.gatewayKey, 'base64')).toHaveLength(32);
    expect(listener.publicKey).toHaveLength(392);
  });

  it('are made without holding up anything else', async () => {
    let turns = 0;
    const counting = setInterval(() => {
      turns += 1;
    }, 0);
    await Promise.all([makeLaunchKeys(), makeLaunchKeys()]);
    clearInterval(counting);
    expect(turns).toBeGreaterThan(1);
  });
});
