import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { acceptedEnvironment } from '../../src/machines/launch-environment.ts';
import { RequestError } from '../../src/machines/request-error.ts';

const FORBIDDEN = ['$', '`', '\n', '\r', '\0'];

const variableName = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,12}$/);
const kernelVariable = variableName.map((name) => `KERNEL_${name}`);
const dangerousText = fc.string({
  unit: fc.oneof(fc.constantFrom(...FORBIDDEN), fc.string({ maxLength: 1 })),
});

function refusal(act: () => unknown): RequestError {
  try {
    act();
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
  throw new Error('it was accepted');
}

describe('what a client may set', () => {
  test('variables that begin with KERNEL_, and those that the operator lists', () => {
    const env = { KERNEL_X: '1', MINE: '2', OTHER: '3', kernel_x: '4', KERNELX: '5' };
    expect(acceptedEnvironment(env, [])).toEqual({ KERNEL_X: '1' });
    expect(acceptedEnvironment(env, ['MINE', 'MISSING'])).toEqual({ KERNEL_X: '1', MINE: '2' });
    expect(acceptedEnvironment(env, ['*'])).toEqual(env);
  });

  test('nothing, when nothing is sent', () => {
    expect(acceptedEnvironment(undefined, ['*'])).toEqual({});
    expect(acceptedEnvironment({}, ['*'])).toEqual({});
  });

  test.each([['text'], [7], [true], [null], [[]], [['KERNEL_X']]])('%j is no environment', (env) => {
    expect(refusal(() => acceptedEnvironment(env, []))).toMatchObject({
      code: 'INVALID_REQUEST',
      message: 'env: must be an object of strings.',
    });
  });

  test.each([[7], [null], [true], [{}], [['x']]])('%j is no value', (value) => {
    const { message } = refusal(() => acceptedEnvironment({ KERNEL_X: value }, []));
    expect(message).toBe('env.KERNEL_X: must be a string.');
  });

  test('a value has at most 4096 characters', () => {
    const longest = 'x'.repeat(4096);
    expect(acceptedEnvironment({ KERNEL_X: longest }, [])).toEqual({ KERNEL_X: longest });
    const { message } = refusal(() => acceptedEnvironment({ KERNEL_X: `${longest}x` }, []));
    expect(message).toBe('env.KERNEL_X: must have at most 4096 characters.');
  });

  test.each([
    ['$', 'a dollar sign'],
    ['`', 'a backtick'],
    ['\n', 'a line feed'],
    ['\r', 'a carriage return'],
    ['\0', 'a NUL'],
  ])('a value must not contain %j', (character, called) => {
    const { message } = refusal(() => acceptedEnvironment({ KERNEL_X: `a${character}b` }, []));
    expect(message).toBe(`env.KERNEL_X: must not contain ${called}.`);
  });

  test.each([['A=B'], [''], ['A\0']])('%j is no name, even where all are taken', (name) => {
    expect(refusal(() => acceptedEnvironment({ [name]: 'x' }, ['*'])).code).toBe('INVALID_REQUEST');
  });

  test('what is left out is not looked at', () => {
    expect(acceptedEnvironment({ OTHER: '$(rm)', MORE: 7, 'A=B': '' }, [])).toEqual({});
  });

  test('no forbidden character gets through, and no value of the wrong kind', () => {
    const sent = fc.dictionary(
      fc.oneof(variableName, kernelVariable),
      fc.oneof(dangerousText, fc.jsonValue()),
    );
    fc.assert(
      fc.property(sent, fc.uniqueArray(variableName), fc.boolean(), (env, listed, takesAll) => {
        const clientEnvs = takesAll ? ['*'] : listed;
        const isKept = (name: string) => takesAll || name.startsWith('KERNEL_') || listed.includes(name);
        const kept = Object.entries(env).filter(([name]) => isKept(name));
        const isSound = kept.every(
          ([, value]) =>
            typeof value === 'string' && !FORBIDDEN.some((character) => value.includes(character)),
        );
        if (isSound) expect(acceptedEnvironment(env, clientEnvs)).toEqual(Object.fromEntries(kept));
        else expect(refusal(() => acceptedEnvironment(env, clientEnvs)).code).toBe('INVALID_REQUEST');
      }),
    );
  });

  test('a refusal names the variable, on one line, and never its value', () => {
    fc.assert(
      fc.property(kernelVariable, fc.constantFrom(...FORBIDDEN), (name, character) => {
        const { message } = refusal(() => acceptedEnvironment({ [name]: `hunter2${character}` }, []));
        expect(message).toContain(`env.${name}`);
        expect(message).not.toContain('hunter2');
        expect(message).not.toMatch(/[\r\n]/);
      }),
    );
  });
});
