/**
 * The slicer against `JSON.parse`. It passes three things on to the kernel that
 * `JSON.parse` refuses: NaN and the infinities, and, inside of values' strings,
 * control characters and unknown escapes. The kernel's own parser judges those.
 */
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sliceObject } from '../../../src/adapters/channels/json-slices.ts';
import { MalformedMessageError } from '../../../src/adapters/channels/kernel-message.ts';
import { mutatedJson, spacedJson } from './arbitrary-messages.ts';

it('agrees with JSON.parse on every member of any object, wherever white space stands', () => {
  fc.assert(
    fc.property(spacedJson, (text) => {
      const members = [...sliceObject(Buffer.from(text))].map(([key, value]) => [
        key,
        JSON.parse(value.toString()),
      ]);
      expect(Object.fromEntries(members)).toEqual(JSON.parse(text));
    }),
    { numRuns: 1000 },
  );
});

it('takes or refuses damaged text as JSON.parse does, with an error that says where', () => {
  fc.assert(
    fc.property(mutatedJson, (json) => {
      const problem = refusal(json);
      const text = json.toString();
      if (problem !== null) expect(problem.message).toMatch(/^not valid JSON: .* at offset \d+$/);
      if (problem === null) expect(withoutLicences(text)).toSatisfy(isObject);
      else expect(text).not.toSatisfy(isObject);
    }),
    { numRuns: 2000 },
  );
});

it('takes or refuses any bytes, and never throws anything else', () => {
  const tokens = ['{', '}', '[', ']', ',', ':', '"', '\\', '"a"', '1', '-', 'null', ' ', '\xff', '\0'];
  const noise = fc.oneof(
    fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array)),
    fc.array(fc.constantFrom(...tokens)).map((parts) => Buffer.from(`{"a":${parts.join('')}`, 'latin1')),
  );
  fc.assert(
    fc.property(noise, (json) => {
      refusal(json);
    }),
    { numRuns: 2000 },
  );
});

/** Milliseconds, the best of two. */
function timeOf(json: Buffer): number {
  const times = [1, 2].map(() => {
    const start = performance.now();
    refusal(json);
    return performance.now() - start;
  });
  return Math.min(...times);
}

it.each([
  ['backslashes', (n: number) => `{"a":"${'\\\\'.repeat(n / 2)}"}`],
  ['escaped quotes', (n: number) => `{"a":"${'\\"'.repeat(n / 2)}"}`],
  ['backslashes without an end', (n: number) => `{"a":"${'\\'.repeat(n)}`],
  ['empty arrays', (n: number) => `{"a":[${'[],'.repeat(n / 3)}1]}`],
  ['open brackets', (n: number) => `{"a":${'['.repeat(n)}`],
  ['one number', (n: number) => `{"a":${'1'.repeat(n)}}`],
  ['repeated keys', (n: number) => `{${'"a":1,'.repeat(n / 60)}"a":1}`],
  ['white space', (n: number) => `{"a":${' '.repeat(n)}1}`],
])('needs time in proportion to the text: %s', { retry: 2 }, (_what, make) => {
  const [small, large] = [Buffer.from(make(200_000)), Buffer.from(make(2_000_000))];
  timeOf(small);
  // Ten times the text: a quadratic search would take a hundred times as long.
  expect(timeOf(large)).toBeLessThan(40 * timeOf(small) + 20);
});

function refusal(json: Buffer): MalformedMessageError | null {
  try {
    sliceObject(json);
    return null;
  } catch (error) {
    if (error instanceof MalformedMessageError) return error;
    throw error;
  }
}

/** Replaces what the slicer leaves to the kernel by something that `JSON.parse` takes. */
function withoutLicences(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"/gs, (string) => (isJson(string) ? string : '""'));
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function isObject(text: string): boolean {
  return isJson(text) && /^\s*\{/.test(text);
}
