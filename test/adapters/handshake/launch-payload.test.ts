import { constants, publicEncrypt, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  rawPublicKeyOf,
  wireGatewayKey,
  wirePublicKey,
} from '../../../src/adapters/handshake/launch-keys.ts';
import {
  type LaunchPayload,
  LaunchPayloadError,
  readLaunchPayload,
} from '../../../src/adapters/handshake/launch-payload.ts';
import { openVersion0 } from '../../../src/adapters/handshake/launch-payload-v0.ts';
import { openVersion1 } from '../../../src/adapters/handshake/launch-payload-v1.ts';
import { openVersion2, readVersion2 } from '../../../src/adapters/handshake/launch-payload-v2.ts';
import { golden, KERNEL_ID, keys, ports, TOKEN } from './golden-payloads.ts';
import { inBase64, infoOf, sealed, version0, version1 } from './launcher.ts';

const bytes = (text: string) => Buffer.from(text);
const OTHER_ID = 'ffffffff-93b4-4f6e-8a21-c0ffee123456';
const { privateKey } = keys.unwrapping;

const connection = {
  transport: 'tcp',
  ip: '0.0.0.0',
  key: golden.connection.key,
  signature_scheme: 'hmac-sha256',
  kernel_name: '',
  ...ports,
};

function payload<Version extends 0 | 1 | 2>(version: Version, from: Buffer) {
  const read = readLaunchPayload(from);
  expect(read.version).toBe(version);
  return read as LaunchPayload & { version: Version };
}

function open1(from: Buffer) {
  return openVersion1(payload(1, from).members, privateKey);
}

function open2(from: Buffer, token = TOKEN) {
  return openVersion2(readVersion2(payload(2, from).members), token, keys.agreement);
}

/** The reason of a refusal, once it is sure that nothing else was thrown. */
function refusalOf(open: () => unknown): LaunchPayloadError {
  try {
    open();
  } catch (error) {
    expect(error).toBeInstanceOf(LaunchPayloadError);
    return error as LaunchPayloadError;
  }
  throw new Error('it was not refused');
}

describe('the keys that launchers are told', () => {
  it('are those that Python reads', () => {
    expect(wirePublicKey(keys)).toBe(golden.rsaPublicKey);
    expect(wireGatewayKey(keys)).toBe(golden.x25519PublicKey);
    expect(rawPublicKeyOf(keys.agreement.privateKey)).toEqual(keys.agreement.rawPublicKey);
  });
});

describe('an answer of version 2', () => {
  it('from a Python launcher is read', () => {
    const wanted = { ...connection, ip: '10.42.0.17', comm_version: 2 };
    expect(open2(bytes(golden.version2))).toEqual({
      kernelId: KERNEL_ID,
      version: 2,
      connection: wanted,
      claimedIp: '10.42.0.17',
    });
  });

  it('may have blanks around it', () => {
    expect(open2(bytes(` \n${golden.version2}\n`)).kernelId).toBe(KERNEL_ID);
  });

  it('made with another token is refused', () => {
    const refusal = refusalOf(() => open2(bytes(golden.version2), randomBytes(32)));
    expect(refusal).toMatchObject({ reason: 'wrongToken', kernelId: KERNEL_ID });
  });

  it.each(['kernel_id', 'public_key', 'nonce', 'conn_info'])('is refused when its %s was altered', (name) => {
    const members = JSON.parse(golden.version2) as Record<string, string>;
    const altered = name === 'kernel_id' ? OTHER_ID : flipped(members[name] ?? '');
    const refusal = refusalOf(() => open2(bytes(JSON.stringify({ ...members, [name]: altered }))));
    expect(refusal.reason).toBe('wrongToken');
  });

  it('is refused with a public key with which anyone could tell the secret', () => {
    const members = { ...JSON.parse(golden.version2), public_key: Buffer.alloc(32).toString('base64') };
    expect(refusalOf(() => open2(bytes(JSON.stringify(members)))).reason).toBe('wrongToken');
  });

  it.each([
    ['kernel_id', undefined],
    ['kernel_id', ''],
    ['kernel_id', 7],
    ['public_key', 'AAAA'],
    ['public_key', null],
    ['nonce', `${Buffer.alloc(16).toString('base64')}`],
    ['conn_info', 'AAA'],
    ['conn_info', undefined],
  ])('is garbage with %s: %j', (name, value) => {
    const members = { ...JSON.parse(golden.version2), [name]: value };
    expect(refusalOf(() => open2(bytes(JSON.stringify(members))))).toMatchObject({
      reason: 'garbage',
      message: expect.stringContaining(name),
    });
  });

  it.each(['', 'AAAA'])('is refused when its conn_info is too short for a tag: "%s"', (short) => {
    const members = { ...JSON.parse(golden.version2), conn_info: short };
    expect(refusalOf(() => open2(bytes(JSON.stringify(members)))).reason).toBe('wrongToken');
  });

  it('can not be read once it was cut off', () => {
    for (const length of [1, 10, golden.version2.length - 1]) {
      expect(refusalOf(() => readLaunchPayload(bytes(golden.version2.slice(0, length)))).reason).toBe(
        'garbage',
      );
    }
  });

  it('is told which version there is when it says another', () => {
    const later = bytes(golden.version2.replace('"version": 2', '"version": 3'));
    expect(refusalOf(() => readLaunchPayload(later)).message).toBe(
      'version: must be 2 where the answer is bare JSON',
    );
  });

  it('is refused when the kernel inside is another one, and when it is no JSON', () => {
    const launch = { kernelId: KERNEL_ID, token: golden.token, gatewayKey: golden.x25519PublicKey };
    for (const inside of [infoOf(OTHER_ID, { ip: '10.0.0.1' }), 'not JSON', '[]']) {
      const refusal = refusalOf(() => open2(bytes(JSON.stringify(sealed(launch, inside)))));
      expect(refusal).toMatchObject({ reason: 'unusable', kernelId: KERNEL_ID });
    }
  });
});

describe('an answer of version 1', () => {
  it('from a Python launcher is read', () => {
    const wanted = { ...connection, comm_version: 1 };
    expect(open1(bytes(golden.version1))).toEqual({
      kernelId: KERNEL_ID,
      version: 1,
      connection: wanted,
      claimedIp: '0.0.0.0',
    });
  });

  it('may be printed over several lines, with a process id that is a string, as the Scala launcher does', () => {
    expect(open1(bytes(golden.version1Scala)).connection).toEqual({
      ...connection,
      kernel_name: 'Apache Toree Scala',
      comm_version: 1,
    });
  });

  it('may be broken into lines', () => {
    const lines = golden.version1.replace(/(.{76})/g, '$1\n');
    expect(open1(bytes(`${lines}\n`)).kernelId).toBe(KERNEL_ID);
  });

  it('is refused once its base64 was cut off', () => {
    expect(refusalOf(() => readLaunchPayload(bytes(golden.version1.slice(0, -3)))).reason).toBe('garbage');
  });

  it('is refused in the same way whatever is wrong with its encrypted key', () => {
    const { publicKey } = keys.unwrapping;
    const encrypted = (key: Buffer) =>
      publicEncrypt({ key: publicKey, padding: constants.RSA_PKCS1_PADDING }, key);
    const raw = (block: Buffer) =>
      publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, block);
    const wrongs = [
      encrypted(randomBytes(16)),
      encrypted(randomBytes(15)),
      encrypted(randomBytes(245)),
      raw(Buffer.alloc(256, 1)),
      raw(Buffer.concat([Buffer.from([0, 2]), Buffer.alloc(254, 7)])),
      Buffer.alloc(0),
      Buffer.alloc(256, 255),
      randomBytes(300),
    ];
    const { conn_info } = JSON.parse(Buffer.from(golden.version1, 'base64').toString()) as {
      conn_info: string;
    };
    const refusals = wrongs.map((key) => {
      const { reason, message } = refusalOf(() =>
        open1(inBase64({ version: 1, key: key.toString('base64'), conn_info })),
      );
      return `${reason}: ${message}`;
    });
    expect(new Set(refusals)).toEqual(new Set(['garbage: it must be a JSON object in UTF-8']));
  });

  it('is refused without a kernel id', () => {
    for (const kernel_id of [undefined, '', 5, 'x'.repeat(129)]) {
      const refusal = refusalOf(() => open1(version1(golden.rsaPublicKey, { ...infoOf('x'), kernel_id })));
      expect(refusal.reason).toBe('unusable');
    }
  });
});

describe('an answer of version 0', () => {
  const { sealed: answer } = payload(0, bytes(golden.version0));

  it('from a Python launcher is read, and belongs to the kernel whose id opens it', () => {
    const wanted = { ...connection, comm_version: 1 };
    expect(openVersion0(answer, [OTHER_ID, KERNEL_ID])).toEqual({
      kernelId: KERNEL_ID,
      version: 0,
      connection: wanted,
      claimedIp: '0.0.0.0',
    });
  });

  it('is garbage when no kernel that is waited for opens it', () => {
    expect(refusalOf(() => openVersion0(answer, [])).reason).toBe('garbage');
    expect(refusalOf(() => openVersion0(answer, [OTHER_ID, 'short', 'ümläut-ümläut-üm'])).reason).toBe(
      'garbage',
    );
  });

  it('is garbage when it was cut off, or is longer than any launcher has to say', () => {
    const long = payload(0, version0(KERNEL_ID, infoOf(KERNEL_ID, { padding: 'x'.repeat(4096) }))).sealed;
    for (const wrong of [answer.subarray(0, -1), answer.subarray(0, 64), Buffer.alloc(0), long]) {
      expect(refusalOf(() => openVersion0(wrong, [KERNEL_ID])).reason).toBe('garbage');
    }
  });
});

/** Base64 with one bit changed. */
function flipped(base64: string): string {
  const changed = Buffer.from(base64, 'base64');
  changed[5] = (changed[5] ?? 0) ^ 1;
  return changed.toString('base64');
}
