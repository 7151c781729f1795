import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { acceptAnswer } from '../../../src/adapters/handshake/answer-judge.ts';
import { LaunchPayloadError } from '../../../src/adapters/handshake/launch-payload.ts';
import {
  type LaunchTicket,
  LaunchTickets,
  TicketVoidError,
} from '../../../src/adapters/handshake/launch-tickets.ts';
import { golden, KERNEL_ID, keys } from './golden-payloads.ts';
import { inBase64, infoOf, version0, version1, version2 } from './launcher.ts';

const SENDER = '10.42.0.17';
const OTHER_ID = 'ffffffff-93b4-4f6e-8a21-c0ffee123456';

let tickets: LaunchTickets;

beforeEach(() => {
  tickets = new LaunchTickets();
});

function expectKernel(kernelId = KERNEL_ID, options = {}): LaunchTicket {
  return tickets.expect(kernelId, options);
}

function launchOf({ token }: LaunchTicket, kernelId = KERNEL_ID) {
  return { kernelId, token, gatewayKey: golden.x25519PublicKey };
}

function send(bytes: Buffer) {
  return acceptAnswer(bytes, SENDER, tickets, keys);
}

/** What is said of an answer that is refused, without a trace on the launch. */
function refusalOf(bytes: Buffer): Pick<LaunchPayloadError, 'reason' | 'message'> {
  try {
    send(bytes);
  } catch (error) {
    expect(error).toBeInstanceOf(LaunchPayloadError);
    return error as LaunchPayloadError;
  }
  throw new Error('it was accepted');
}

async function isWaiting({ response }: LaunchTicket): Promise<boolean> {
  const waiting = Symbol();
  return (await Promise.race([response, Promise.resolve(waiting)])) === waiting;
}

const versions = [
  ['2', (ticket: LaunchTicket) => version2(launchOf(ticket))],
  ['1', () => version1(golden.rsaPublicKey, infoOf(KERNEL_ID))],
  ['0', () => version0(KERNEL_ID, infoOf(KERNEL_ID))],
] as const;

describe.each(versions)('an answer of version %s', (version, answer) => {
  it('is given to its launch, with the address that it came from', async () => {
    const ticket = expectKernel();
    send(answer(ticket));
    const response = await ticket.response;
    expect(response).toMatchObject({ kernelId: KERNEL_ID, version: Number(version), senderIp: SENDER });
    expect(response.connection.shell_port).toBe(50001);
  });

  it('is accepted once', async () => {
    const ticket = expectKernel();
    const bytes = answer(ticket);
    const accepted = send(bytes);
    expect(refusalOf(bytes).reason).not.toBe('accepted');
    expect(refusalOf(answer(ticket)).reason).not.toBe('accepted');
    expect(await ticket.response).toEqual(accepted);
  });

  it('is refused when no launch waits for it, or none any more', () => {
    const ticket = expectKernel();
    ticket.cancel();
    const { reason } = refusalOf(answer(ticket));
    expect(reason).toBe(version === '0' ? 'garbage' : 'unknownKernel');
  });
});

describe('a launch', () => {
  it('has a token of its own each time', () => {
    const tokens = Array.from({ length: 20 }, () => expectKernel().token);
    expect(new Set(tokens).size).toBe(20);
    expect(Buffer.from(tokens[0] ?? '', 'base64')).toHaveLength(32);
  });

  it('takes the place of an earlier one of the same kernel, whose answer does not count any more', async () => {
    const earlier = expectKernel();
    const late = version2(launchOf(earlier));
    const ticket = expectKernel();
    earlier.cancel();
    await expect(earlier.response).rejects.toThrow(TicketVoidError);
    expect(refusalOf(late).reason).toBe('wrongToken');
    expect(await isWaiting(ticket)).toBe(true);
    send(version2(launchOf(ticket)));
    expect(await ticket.response).toMatchObject({ kernelId: KERNEL_ID });
  });

  it('keeps its answer when it is cancelled afterwards', async () => {
    const ticket = expectKernel();
    send(version2(launchOf(ticket)));
    ticket.cancel();
    expect(await ticket.response).toMatchObject({ kernelId: KERNEL_ID });
  });

  it('is told apart from others that wait', async () => {
    const [one, other] = [expectKernel(), expectKernel(OTHER_ID)];
    send(version0(OTHER_ID, infoOf(OTHER_ID)));
    expect(await other.response).toMatchObject({ kernelId: OTHER_ID });
    expect(await isWaiting(one)).toBe(true);
    expect(refusalOf(version2({ ...launchOf(one), kernelId: OTHER_ID })).reason).toBe('wrongToken');
  });

  it('tells a second answer from one that was not made for it', () => {
    const ticket = expectKernel();
    send(version2(launchOf(ticket)));
    expect(refusalOf(version2(launchOf(ticket))).reason).toBe('replay');
    expect(refusalOf(version2({ ...launchOf(ticket), token: golden.token })).reason).toBe('wrongToken');
  });

  it('can be closed to old launchers, which do not prove that they belong to it', async () => {
    const ticket = expectKernel(KERNEL_ID, { allowsOldLaunchers: false });
    expectKernel(OTHER_ID);
    expect(refusalOf(version1(golden.rsaPublicKey, infoOf(KERNEL_ID))).reason).toBe('unknownKernel');
    expect(refusalOf(version0(KERNEL_ID, infoOf(KERNEL_ID))).reason).toBe('garbage');
    expect(await isWaiting(ticket)).toBe(true);
    send(version2(launchOf(ticket)));
    expect(await ticket.response).toMatchObject({ version: 2 });
  });

  it.each([
    [
      '2',
      (ticket: LaunchTicket) => version2(launchOf(ticket), infoOf(KERNEL_ID, { ip: '10.0.0.1', key: 5 })),
    ],
    ['1', () => version1(golden.rsaPublicKey, infoOf(KERNEL_ID, { key: 5 }))],
    ['0', () => version0(KERNEL_ID, infoOf(KERNEL_ID, { key: 5 }))],
  ])('can tell why an answer of version %s was not usable, and waits on', async (_version, answer) => {
    const ticket = expectKernel();
    expect(ticket.lastRefusal).toBe(null);
    expect(refusalOf(answer(ticket)).reason).toBe('unusable');
    expect(ticket.lastRefusal).toBe('key: must be a string of at most 256 characters');
    expect(await isWaiting(ticket)).toBe(true);
  });
});

describe('what is no answer', () => {
  const nearlyAnswers = fc.oneof(
    fc.uint8Array({ maxLength: 600 }).map((bytes) => Buffer.from(bytes)),
    fc.base64String({ maxLength: 600 }).map((text) => Buffer.from(text)),
    fc.json().map((text) => Buffer.from(text)),
    fc.jsonValue().map((members) => inBase64({ version: 1, members })),
    fc
      .dictionary(fc.constantFrom('key', 'conn_info'), fc.base64String())
      .map((members) => inBase64({ version: 1, ...members })),
    fc
      .dictionary(fc.constantFrom('kernel_id', 'public_key', 'nonce', 'conn_info'), fc.jsonValue())
      .map((members) => Buffer.from(JSON.stringify({ version: 2, kernel_id: KERNEL_ID, ...members }))),
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((publicKey) => {
      const members = {
        ...JSON.parse(golden.version2),
        public_key: Buffer.from(publicKey).toString('base64'),
      };
      return Buffer.from(JSON.stringify(members));
    }),
  );

  it('is refused with a reason, and leaves a launch waiting', async () => {
    const ticket = expectKernel();
    fc.assert(
      fc.property(nearlyAnswers, (bytes) => {
        expect(refusalOf(bytes).message).not.toMatch(/[\r\n]/);
      }),
    );
    expect(await isWaiting(ticket)).toBe(true);
    send(version2(launchOf(ticket)));
    expect(await ticket.response).toMatchObject({ kernelId: KERNEL_ID });
  });

  it('comes of every answer when one bit of it is changed', async () => {
    const ticket = expectKernel();
    const answer = version2(launchOf(ticket));
    const { reasons, changed } = { reasons: new Set<string>(), changed: Buffer.from(answer) };
    for (let index = 0; index < answer.length; index += 1) {
      changed[index] = (answer[index] ?? 0) ^ 1;
      reasons.add(refusalOf(changed).reason);
      changed[index] = answer[index] ?? 0;
    }
    expect([...reasons].toSorted()).toEqual(['garbage', 'unknownKernel', 'wrongToken']);
    expect(await isWaiting(ticket)).toBe(true);
  });

  it('may be nested as deeply as it likes', () => {
    expectKernel();
    expect(refusalOf(Buffer.from('{"a":'.repeat(10_000))).reason).toBe('garbage');
    expect(refusalOf(Buffer.from(`{"version":${'['.repeat(20_000)}${']'.repeat(20_000)}}`)).reason).toBe(
      'garbage',
    );
  });
});
