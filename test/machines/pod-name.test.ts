import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isDnsLabel, isDnsName, podNameOf } from '../../src/machines/pod-name.ts';

const ID = '6f1c3a52-0d5e-4a86-9a3b-2c1f7f1f0e11';
/** RFC 1123, as Kubernetes has it. */
const LABEL = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;

function named(env: Record<string, string>): string {
  return podNameOf({ KERNEL_ID: ID, KERNEL_USERNAME: 'alice', ...env });
}

describe("a pod's name", () => {
  test("is the user's and the kernel's id", () => {
    expect(named({})).toBe(`alice-${ID}`);
  });

  test.each([
    ['Alice.Smith@Example.com', `alice-smith-example-com-${ID}`],
    ['__alice__', `alice-${ID}`],
    ['Ünal', `nal-${ID}`],
    ['李雷', ID],
    ['...', ID],
    ['a'.repeat(26), `${'a'.repeat(26)}-${ID}`],
    ['a'.repeat(27), `${'a'.repeat(26)}-${ID}`],
    [`${'a'.repeat(25)}-bcd`, `${'a'.repeat(25)}-${ID}`],
    ['a'.repeat(4096), `${'a'.repeat(26)}-${ID}`],
  ])('of user %j is %s', (username, expected) => {
    expect(named({ KERNEL_USERNAME: username })).toBe(expected);
  });

  test.each([
    ['my-pod', 'my-pod'],
    ['My Pod!', 'my-pod'],
    ['kernel-{{ kernel_id }}', `kernel-${ID}`],
    ['{{kernel_username}}-{{\tkernel_id }}-{{ kernel_team }}', `alice-${ID}-red-team`],
    ['{{ kernel_team }}', 'red-team'],
    ['a{{{ kernel_team }}}{b', 'a-red-team-b'],
    [`${'p'.repeat(40)}-{{ kernel_id }}-gpu`, `${'p'.repeat(26)}-${ID}`],
    [`p-{{ kernel_id }}-${'s'.repeat(40)}`, `p-${ID}-${'s'.repeat(24)}`],
    [`${'p'.repeat(40)}{{ kernel_id }}`, `${'p'.repeat(27)}${ID}`],
    ['x'.repeat(70), 'x'.repeat(63)],
    [`${'x'.repeat(62)}-y`, 'x'.repeat(62)],
  ])('asked for as %j is %s', (name, expected) => {
    expect(named({ KERNEL_POD_NAME: name, KERNEL_TEAM: 'Red Team' })).toBe(expected);
  });

  test.each([
    '',
    '---',
    '李雷',
    '{{ unknown }}',
    'x-{{ kernel_pod_name }}',
    '{{ KERNEL_ID }}',
    '{{ kernel_id | upper }}',
    '{{ kernel_id.__class__ }}',
    '{{ 7 * 7 }}',
    "{{ ''.join(kernel_id) }}",
    'a-{{ kernel_id }}-{{ }}',
    '{{ constructor }}',
    '{{ __proto__ }}',
  ])('is the usual one when %j is asked for', (name) => {
    expect(named({ KERNEL_POD_NAME: name })).toBe(`alice-${ID}`);
  });

  test("holds the kernel's own id, and not what a client calls so", () => {
    const env = { KERNEL_POD_NAME: '{{ kernel_id }}', KERNEL_Id: 'other', kernel_id: 'other' };
    expect(named(env)).toBe(ID);
    expect(named({ KERNEL_POD_NAME: '{{ kernel_team }}', KERNEL_Team: 'x' })).toBe(`alice-${ID}`);
  });

  test('is made in one go: what a variable holds is no template', () => {
    const env = { KERNEL_POD_NAME: '{{ kernel_a }}-{{ kernel_id }}', KERNEL_A: '{{ kernel_secret }}' };
    expect(named({ ...env, KERNEL_SECRET: 'hunter2' })).toBe(`kernel-secret-${ID}`);
  });

  test('is a DNS label that holds the id, whatever a client sends', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string({ unit: fc.constantFrom(...'aA0-_. {}|') }),
    );
    const template = fc
      .array(fc.oneof(text, fc.constantFrom('{{ kernel_username }}', '{{ kernel_a }}', '{{', '}}')))
      .map((pieces) => pieces.join(''));
    fc.assert(
      fc.property(text, text, template, template, (username, a, before, after) => {
        const env = { KERNEL_USERNAME: username, KERNEL_A: a };
        for (const name of [
          named(env),
          named({ ...env, KERNEL_POD_NAME: `${before}-{{ kernel_id }}-${after}` }),
          named({ ...env, KERNEL_POD_NAME: `${before}${ID}${after}` }),
        ]) {
          expect(name).toMatch(LABEL);
          expect(name).toContain(ID);
        }
        expect(named({ ...env, KERNEL_POD_NAME: before })).toMatch(LABEL);
      }),
      { numRuns: 1000 },
    );
  });
});

test.each([
  ['a', true, true],
  ['a-1', true, true],
  ['a.b', false, true],
  ['x'.repeat(63), true, true],
  ['x'.repeat(64), false, true],
  [`${'x'.repeat(63)}.`.repeat(4).slice(0, -1), false, false],
  ['', false, false],
  ['A', false, false],
  ['a-', false, false],
  ['-a', false, false],
  ['a..b', false, false],
  ['a/b', false, false],
  ['a\n', false, false],
])('%j is a DNS label: %s, a DNS name: %s', (text, isLabel, isName) => {
  expect([isDnsLabel(text), isDnsName(text)]).toEqual([isLabel, isName]);
});
