import { describe, expect, test } from 'vitest';
import { parseClientYaml } from '../../../src/adapters/kubernetes/client-yaml.ts';

describe('what a client sends as YAML', () => {
  test.each([
    ['[{"name": "data", "emptyDir": {}}]', [{ name: 'data', emptyDir: {} }]],
    [
      "[{name: data, nfs: {server: 10.0.0.1, path: '/x'}}]",
      [{ name: 'data', nfs: { server: '10.0.0.1', path: '/x' } }],
    ],
    ['- name: data', [{ name: 'data' }]],
    ['[{__proto__: {polluted: 1}}]', JSON.parse('[{"__proto__": {"polluted": 1}}]')],
    ['[{<<: {a: 1}}]', [{ '<<': { a: 1 } }]],
    ['', null],
  ])('%s is read', (text, expected) => {
    expect(parseClientYaml(text)).toEqual(expected);
  });

  test.each(['[', '[{a: 1, a: 2}]', '{a: [}', '"'])('%s is refused', (text) => {
    expect(() => parseClientYaml(text)).toThrow();
  });

  test('has no types but those of JSON', () => {
    expect(parseClientYaml('[{a: !!binary aGk=, b: 2001-01-01, c: !x y}]')).toEqual([
      { a: 'aGk=', b: '2001-01-01', c: 'y' },
    ]);
  });

  test('does not grow: aliases that multiply are refused', () => {
    const levels = 'bcdefghi'.split('');
    const text = levels.reduce((before, each, at) => {
      const last = String.fromCharCode(each.charCodeAt(0) - 1);
      const aliases = Array.from({ length: 9 }, () => `*${last}`).join(', ');
      return `${before}${at === 0 ? '' : ', '}&${each} [${aliases}]`;
    }, '[&a [x, x, x, x, x, x, x, x, x], ');
    expect(() => parseClientYaml(`${text}]`)).toThrow('alias');
  });
});
