import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { podUserOf } from '../../src/machines/pod-user.ts';
import { RequestError } from '../../src/machines/request-error.ts';

const RULES = { prohibitedUids: [0], prohibitedGids: [0] };

function userOf(env: Record<string, string>, rules = RULES) {
  const { KERNEL_UID, KERNEL_GID } = podUserOf(env, rules);
  return [KERNEL_UID, KERNEL_GID];
}

function refusalOf(env: Record<string, string>, rules = RULES): RequestError {
  try {
    podUserOf(env, rules);
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('a pod runs', () => {
  test('as jovyan, in the group of all users, when nobody asks for more', () => {
    expect(userOf({})).toEqual(['1000', '100']);
  });

  test.each([
    ['1000', '1000'],
    [' 1001\t', '1001'],
    ['+1001', '1001'],
    ['0001001', '1001'],
    ['2147483647', '2147483647'],
  ])('as the user and group that are asked for as %j', (asked, id) => {
    expect(userOf({ KERNEL_UID: asked, KERNEL_GID: asked })).toEqual([id, id]);
  });

  test('as root only where the operator prohibits nothing', () => {
    expect(userOf({ KERNEL_UID: '00' }, { prohibitedUids: [], prohibitedGids: [] })).toEqual(['0', '100']);
  });

  test('never as a prohibited default', () => {
    const { message } = refusalOf({}, { prohibitedUids: [1000], prohibitedGids: [] });
    expect(message).toBe('env.KERNEL_UID: 1000 is prohibited by the operator.');
  });
});

const SPELLINGS_OF_ZERO = [
  '0',
  ' 0',
  '0 ',
  '\t0',
  '+0',
  '-0',
  '00',
  '0x0',
  '0.0',
  '0.',
  '.0',
  '0e0',
  '0b0',
  '0o0',
  '0_0',
  '-00',
  '+ 0',
  '',
  ' ',
  '０',
  '٠',
  '०',
  '\u00a00',
  '\u20030',
  '0\u200b',
  '\ufeff0',
  'root',
  'null',
  'false',
  '[]',
  '0n',
  '4294967296',
  '18446744073709551616',
];

describe('CVE-2026-44180: no spelling gets past the prohibition of user and group 0', () => {
  test.each(SPELLINGS_OF_ZERO)('%j', (spelling) => {
    for (const name of ['KERNEL_UID', 'KERNEL_GID']) {
      const refusal = refusalOf({ [name]: spelling });
      expect(refusal.code).toBe('VALUE_NOT_ALLOWED');
      expect(refusal.message).toMatch(new RegExp(`^env\\.${name}: (must be a whole number|0 is prohibited)`));
      expect(refusal.hint).toContain(name === 'KERNEL_UID' ? 'EG_PROHIBITED_UIDS' : 'EG_PROHIBITED_GIDS');
    }
  });

  test('arbitrary text: what passes is a plain number above 0, and the very one that was asked for', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'0019+- \t.exob_,０٠') }),
      fc.nat().map(String),
    );
    fc.assert(
      fc.property(text, (asked) => {
        let given: string | undefined;
        try {
          [given] = userOf({ KERNEL_UID: asked });
        } catch (error) {
          expect(error).toBeInstanceOf(RequestError);
          return;
        }
        expect(given).toMatch(/^[1-9][0-9]*$/);
        expect(Number(given)).toBe(Number(asked));
      }),
      { numRuns: 2000 },
    );
  });
});

test.each(['2147483648', '4294967295', '9'.repeat(400), '-1', 'x', '1,000', '1e3'])(
  'user %j is refused before the cluster would',
  (asked) => {
    expect(refusalOf({ KERNEL_UID: asked }).message).toBe(
      'env.KERNEL_UID: must be a whole number from 0 to 2147483647.',
    );
  },
);
