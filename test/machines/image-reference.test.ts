import fc from 'fast-check';
import { expect, test } from 'vitest';
import { isImageReference } from '../../src/machines/image-reference.ts';

const DIGEST = `sha256:${'0123456789abcdef'.repeat(4)}`;

test.each([
  'nginx',
  'elyra/kernel-py:dev',
  'elyra/kernel-py:VERSION',
  'localhost/nope:1',
  'localhost:5000/a/b_c/d__e/f--g:v1.2-x',
  'registry.example.com/team/image',
  'Registry.example/image',
  '[2001:db8::1]:5000/image:1',
  `nginx@${DIGEST}`,
  `reg.io/nginx:1@${DIGEST}`,
  `a:${'x'.repeat(128)}`,
])('%s is the name of an image', (text) => {
  expect(isImageReference(text)).toBe(true);
});

test.each([
  '',
  ' nginx',
  'nginx ',
  'Nginx',
  'reg.io/Nginx',
  'nginx:',
  'nginx:a:b',
  'nginx:-a',
  `nginx:${'x'.repeat(129)}`,
  '/nginx',
  'nginx/',
  'a//b',
  'a/../b',
  'a_-b',
  '-a',
  'a-',
  'reg..io/a',
  '-reg.io/a',
  'reg.io:port/a',
  'https://reg.io/a',
  'nginx@sha256:abc',
  `nginx@${DIGEST}@${DIGEST}`,
  'a\u0000',
  'ａ',
  'x'.repeat(256),
  'a"\nb',
])('%j is none', (text) => {
  expect(isImageReference(text)).toBe(false);
});

test('a name of an image holds nothing that means something to YAML, JSON or a shell', () => {
  const text = fc.string({ unit: fc.constantFrom(...'ab0/:@._-"\'{}[]&*!|>%`$; \n\t#,') });
  fc.assert(
    fc.property(text, (given) => {
      if (isImageReference(given)) expect(given).toMatch(/^[\w./:@-]+$/);
    }),
    { numRuns: 2000 },
  );
});
