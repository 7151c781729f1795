import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { readConnectionInfo } from '../../../src/adapters/handshake/connection-info.ts';
import { LaunchPayloadError } from '../../../src/adapters/handshake/launch-payload.ts';
import { KERNEL_ID } from './golden-payloads.ts';
import { type Info, infoOf } from './launcher.ts';

const info = infoOf(KERNEL_ID, { ip: '10.0.0.9' });

function read(changes: Info, version: 0 | 1 | 2 = 2) {
  return readConnectionInfo({ ...info, ...changes }, KERNEL_ID, version).connection;
}

describe('connection info', () => {
  it('keeps what Jupyter and the comm port need, and nothing else', () => {
    const names = Object.keys(read({ extra: 1, __proto__: { ip: 'x' }, pid: 'seven', pgid: {} }));
    expect(names.toSorted()).toEqual([
      'comm_port',
      'comm_version',
      'control_port',
      'hb_port',
      'iopub_port',
      'ip',
      'kernel_name',
      'key',
      'shell_port',
      'signature_scheme',
      'stdin_port',
      'transport',
    ]);
  });

  it.each([
    ['shell_port', 0, 'an integer from 1 to 65535'],
    ['iopub_port', 65_536, 'an integer from 1 to 65535'],
    ['stdin_port', 1.5, 'an integer from 1 to 65535'],
    ['control_port', '50004', 'an integer from 1 to 65535'],
    ['hb_port', undefined, 'an integer from 1 to 65535'],
    ['comm_port', -1, 'an integer from 1 to 65535'],
    ['comm_version', 3, '1 or 2'],
    ['transport', 'ipc', 'tcp'],
    ['ip', 'localhost', 'an IP address'],
    ['ip', undefined, 'an IP address'],
    ['key', 5, 'a string of at most 256 characters'],
    ['key', 'x'.repeat(257), 'a string of at most 256 characters'],
    ['key', '', 'a string that is not empty'],
    ['kernel_id', 'another', 'the one of the launch'],
    ['signature_scheme', 'none', 'hmac-sha256, or hmac- and another digest that the gateway knows'],
    ['signature_scheme', 'hmac-rot13', 'hmac-sha256, or hmac- and another digest that the gateway knows'],
    ['signature_scheme', 5, 'hmac-sha256, or hmac- and another digest that the gateway knows'],
  ])('is unusable with %s: %j', (name, value, allowed) => {
    const wanted = { reason: 'unusable', kernelId: KERNEL_ID, message: `${name}: must be ${allowed}` };
    expect(() => read({ [name]: value })).toThrow(expect.objectContaining(wanted));
  });

  it.each(['iopub_port', 'comm_port'])('is unusable when %s is that of another socket', (name) => {
    expect(() => read({ [name]: info['shell_port'] })).toThrow('*_port: must be a different one each');
  });

  it('takes any digest that kernel messages can be signed with', () => {
    expect(read({ signature_scheme: 'hmac-sha512' }).signature_scheme).toBe('hmac-sha512');
  });

  it("takes Jupyter's defaults for what a launcher leaves out", () => {
    const { transport, signature_scheme } = read({ transport: undefined, signature_scheme: undefined });
    expect([transport, signature_scheme]).toEqual(['tcp', 'hmac-sha256']);
  });

  it('has no comm port when the launcher has none', () => {
    for (const comm_port of [undefined, null]) {
      expect(read({ comm_port })).not.toHaveProperty('comm_port');
      expect(read({ comm_port })).not.toHaveProperty('comm_version');
    }
  });

  it('of an old launcher is never one with a signed comm port', () => {
    expect(read({ comm_version: 2 }, 1).comm_version).toBe(1);
    expect(read({ comm_version: 2 }, 0).comm_version).toBe(1);
  });

  it('of a new launcher may be one with the old comm port', () => {
    expect(read({ comm_version: 1 }).comm_version).toBe(1);
    expect(read({}).comm_version).toBe(2);
  });

  it('of an old launcher may come without an address, and without a key', () => {
    expect(read({ ip: '*', key: '' }, 1)).toMatchObject({ ip: '0.0.0.0', key: '' });
  });

  it('is accepted or refused with a reason, whatever its members are', () => {
    const members = fc.dictionary(fc.constantFrom(...Object.keys(info), 'comm_version'), fc.jsonValue());
    fc.assert(
      fc.property(members, fc.constantFrom<0 | 1 | 2>(0, 1, 2), (changes, version) => {
        try {
          read(changes, version);
        } catch (error) {
          expect(error).toBeInstanceOf(LaunchPayloadError);
        }
      }),
    );
  });
});
