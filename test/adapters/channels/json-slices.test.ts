import { describe, expect, it } from 'vitest';
import { sliceObject } from '../../../src/adapters/channels/json-slices.ts';
import { MalformedMessageError } from '../../../src/adapters/channels/kernel-message.ts';

/** The members as text. */
function sliced(json: string): Record<string, string> {
  return Object.fromEntries(
    [...sliceObject(Buffer.from(json))].map(([key, value]) => [key, value.toString()]),
  );
}

const nested = (open: string, depth: number, close: string) =>
  `{"a":${open.repeat(depth - 1)}1${close.repeat(depth - 1)}}`;

describe('the members of an object', () => {
  it('are the bytes between the white space around a value, as they came', () => {
    const json = '\t{ "a" : { "b" : [ 1 , 2 ] } ,\r\n"c":"x" , "d":[],"e":{}, "f" : null }\n';
    expect(sliced(json)).toEqual({
      a: '{ "b" : [ 1 , 2 ] }',
      c: '"x"',
      d: '[]',
      e: '{}',
      f: 'null',
    });
  });

  it('are views on the text, not copies', () => {
    const json = Buffer.from('{"a":{"b":1}}');
    expect(sliceObject(json).get('a')?.buffer).toBe(json.buffer);
  });

  it('keep integers beyond 2^53, long fractions and exponents to the digit', () => {
    const numbers = ['12345678901234567890123', '-0', '0.10000000000000000000001', '1E+400', '-1.5e-7'];
    expect(Object.values(sliced(`{${numbers.map((each, index) => `"n${index}":${each}`)}}`))).toEqual(
      numbers,
    );
  });

  it.each(['NaN', 'Infinity', '-Infinity'])('may be %s, which Python writes', (value) => {
    expect(sliced(`{"a":${value},"b":[${value}]}`)).toEqual({ a: value, b: `[${value}]` });
  });

  it('are found behind strings with quotes, backslashes and brackets in them', () => {
    const tricky = ['"\\""', '"\\\\"', '"\\\\\\""', '"]}{["', '"\\u0022,"', '"π 😀"'];
    const json = `{${tricky.map((text, index) => `"k${index}":${text}`).join(',')},"end":1}`;
    expect(Object.values(sliced(json))).toEqual([...tricky, '1']);
  });

  it('are known by what their key means, however it is escaped', () => {
    expect(sliced('{"he\\u0061der":1,"\\"":2,"":3}')).toEqual({ header: '1', '"': '2', '': '3' });
  });

  it('count with their last value when a key is repeated', () => {
    expect(sliced('{"a":1,"b":2,"a":3}')).toEqual({ a: '3', b: '2' });
  });

  it('may be called as the properties of every object are', () => {
    const members = sliceObject(Buffer.from('{"__proto__":{"x":1},"constructor":2,"hasOwnProperty":3}'));
    expect([...members.keys()]).toEqual(['__proto__', 'constructor', 'hasOwnProperty']);
    expect(members.get('__proto__')?.toString()).toBe('{"x":1}');
    expect(members.get('toString')).toBeUndefined();
  });

  it.each([
    ['arrays', '[', ']'],
    ['objects', '{"a":', '}'],
  ])('may hold %s 1000 levels deep, and no deeper', (_what, open, close) => {
    expect(sliced(nested(open, 1000, close))).toHaveProperty('a');
    expect(() => sliced(nested(open, 1001, close))).toThrow('nested more than 1000 levels deep');
  });

  it('survive being nested without end', () => {
    for (const open of ['[', '{"a":']) {
      expect(() => sliced(`{"a":${open.repeat(1_000_000)}`)).toThrow(MalformedMessageError);
    }
  });
});

describe('what is no JSON object', () => {
  it.each([
    ['', 'expected an object at offset 0'],
    ['  ', 'expected an object at offset 2'],
    ['[1]', 'expected an object at offset 0'],
    ['"a"', 'expected an object at offset 0'],
    ['null', 'expected an object at offset 0'],
    ['\ufeff{}', 'expected an object at offset 0'],
    ['{', 'expected a key at offset 1'],
    ['{a:1}', 'expected a key at offset 1'],
    ["{'a':1}", 'expected a key at offset 1'],
    ['{,}', 'expected a key at offset 1'],
    ['{"a":1,}', 'expected a key at offset 7'],
    ['{"a"}', 'expected a colon at offset 4'],
    ['{"a" 1}', 'expected a colon at offset 5'],
    ['{"a":}', 'expected a value at offset 5'],
    ['{"a":1', 'expected a comma or a closing brace at offset 6'],
    ['{"a":1 "b":2}', 'expected a comma or a closing brace at offset 7'],
    ['{"a":1]', 'expected a comma or a closing brace at offset 6'],
    ['{"a":[1}', 'expected a comma or a closing bracket at offset 7'],
    ['{"a":[1,]}', 'expected a value at offset 8'],
    ['{"a":[,1]}', 'expected a value at offset 6'],
    ['{"a":"b}', 'a string does not end at offset 5'],
    ['{"a":"b\\"}', 'a string does not end at offset 5'],
    ['{"a', 'a string does not end at offset 1'],
    ['{"\\x":1}', 'a key has a wrong escape at offset 1'],
    ['{"a":1}}', 'unexpected text after the object at offset 7'],
    ['{"a":1} x', 'unexpected text after the object at offset 8'],
    ['{"a":\v1}', 'expected a value at offset 5'],
  ])('is refused: %j, %s', (json, problem) => {
    expect(() => sliced(json)).toThrow(new MalformedMessageError(`not valid JSON: ${problem}`));
  });

  it.each([
    '01',
    '+1',
    '1.',
    '.5',
    '-',
    '1e',
    '0x1',
    '1_0',
    'nan',
    '-NaN',
    'tru',
    'nulls',
    'True',
    'undefined',
  ])('is refused: %s for a value', (value) => {
    expect(() => sliced(`{"a":${value}}`)).toThrow('not valid JSON');
  });
});
