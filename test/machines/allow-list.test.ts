import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isAllowedBy, isVolumeTypeAllowed } from '../../src/machines/allow-list.ts';

describe('a value is allowed', () => {
  test.each<[string, string[], string, boolean]>([
    ['by no pattern at all', [], 'anything', true],
    ['by a pattern that is the value', ['b', 'a'], 'a', true],
    ['not by a part of it', ['reg/a'], 'reg/a:1', false],
    ['by a star at the end', ['reg/*'], 'reg/a/b:1', true],
    ['by a star that stands for nothing', ['reg/a*'], 'reg/a', true],
    ['not by its beginning alone', ['reg/*'], 'my.reg/a', false],
    ['by a star at the beginning', ['*/kernel'], 'a/b/kernel', true],
    ['by several stars', ['*/team/*:1.*'], 'reg/team/py:1.2', true],
    ['not when the pieces overlap', ['ab*ba'], 'aba', false],
    ['not when the pieces come in another order', ['*a*b'], 'ba', false],
    ['by a star alone', ['*'], '', true],
    ['not by what a regular expression would make of it', ['reg.io/.+'], 'regXio/aa', false],
    ['not in another case', ['Reg/*'], 'reg/a', false],
  ])('%s', (_title, patterns, value, expected) => {
    expect(isAllowedBy(patterns, value)).toBe(expected);
  });

  test('as a regular expression with the same meaning would have it', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
    const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 6 });
    fc.assert(
      fc.property(pattern, letters, (one, value) => {
        const same = new RegExp(`^${one.replaceAll('.', '\\.').replaceAll('*', '.*')}$`);
        expect(isAllowedBy([one], value)).toBe(same.test(value));
      }),
    );
  });
});

describe('volumes', () => {
  test.each<[string[], string, boolean]>([
    [[], 'emptyDir', true],
    [[], 'hostPath', false],
    [['emptyDir', 'nfs'], 'nfs', true],
    [['emptyDir'], 'nfs', false],
    [['emptyDir', 'hostPath'], 'hostPath', true],
    [['*'], 'hostPath', true],
  ])('of which %j are allowed may be of type %s: %s', (allowed, type, expected) => {
    expect(isVolumeTypeAllowed(allowed, type)).toBe(expected);
  });
});
