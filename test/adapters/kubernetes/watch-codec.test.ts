import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LineReader, parseWatchEvent } from '../../../src/adapters/kubernetes/watch-codec.ts';

describe('lines', () => {
  const line = fc.string({ unit: 'binary' }).map((text) => `-${text.replaceAll(/[\r\n]/g, '')}`);
  const cuts = fc.array(fc.nat());

  test('come out as they went in, however they were cut into chunks', () => {
    fc.assert(
      fc.property(fc.array(line), cuts, (lines, places) => {
        const bytes = Buffer.from(lines.map((each) => `${each}\n`).join(''));
        const reader = new LineReader();
        expect(pieces(bytes, places).flatMap((piece) => reader.push(piece))).toEqual(
          lines.map((each) => Buffer.from(each).toString()),
        );
      }),
    );
  });

  test('that have not ended yet are kept back, and empty ones are left out', () => {
    const reader = new LineReader();
    expect(reader.push(Buffer.from('\n\n{"a"'))).toEqual([]);
    expect(reader.push(Buffer.from(':1}\n\n'))).toEqual(['{"a":1}']);
  });

  test('without end are refused before they fill the memory', () => {
    const reader = new LineReader();
    const chunk = Buffer.alloc(1024 * 1024, 'x');
    const push = () => Array.from({ length: 33 }, () => reader.push(chunk));
    expect(push).toThrow('an event without end');
  });
});

describe('an event', () => {
  test.each([
    ['{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"1"}}}'],
    ['{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"1"}}}'],
    ['{"type":"ERROR","object":{"code":410}}'],
  ])('is understood: %s', (text) => {
    expect(parseWatchEvent(text)).toEqual(JSON.parse(text));
  });

  test.each([
    ['{"type":"ADDED","object":{"metadata":{"name":"a"}}}'],
    ['{"type":"ADDED","object":{"metadata":{"resourceVersion":"1"}}}'],
    ['{"type":"RENAMED","object":{"metadata":{"name":"a","resourceVersion":"1"}}}'],
    ['{"type":"ERROR"}'],
    ['{"type":"ADDED","object":{"metadata":{"name":"a"'],
    ['<html>'],
    ['null'],
  ])('is refused when it is none: %s', (text) => {
    expect(() => parseWatchEvent(text)).toThrow('something in a watch that is no event');
  });

  test('is either understood or refused, whatever it is', () => {
    const isRefusal = (error: unknown) => error instanceof Error && error.name === 'ClusterError';
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        try {
          return parseWatchEvent(text).object !== null;
        } catch (error) {
          return isRefusal(error);
        }
      }),
    );
  });
});

function pieces(bytes: Buffer, places: number[]): Buffer[] {
  const ends = [...places.map((place) => place % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end));
}
