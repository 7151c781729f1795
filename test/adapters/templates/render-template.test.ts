import { describe, expect, test } from 'vitest';
import { renderTemplate, TemplateError } from '../../../src/adapters/templates/render-template.ts';

/** The one document of a template. */
function documentOf(template: string, variables: Record<string, unknown> = {}): unknown {
  return renderTemplate(template, variables)[0];
}

describe('a variable', () => {
  test('that is all of a plain scalar is read for a number, a boolean or null', () => {
    const template = 'values: [{{ a }}, {{ b }}, {{ c }}, {{ d }}, {{ e }}, {{ f }}]';
    const variables = { a: '12', b: '0.5', c: 'true', d: 'null', e: '', f: '1.2.3' };
    expect(documentOf(template, variables)).toEqual({ values: [12, 0.5, true, null, null, '1.2.3'] });
  });

  test.each(['12', 'true', 'null', '', '1e3'])('stays the string %j where it is quoted', (x) => {
    expect(documentOf('a: "{{ x }}"\nb: \'{{ x }}\'\nc: |-\n  {{ x }}', { x })).toEqual({ a: x, b: x, c: x });
  });

  test('that is a part of a scalar makes a string of it', () => {
    expect(documentOf('a: {{ x }}{{ x }}\nb: port-{{ x }}', { x: '1' })).toEqual({ a: '11', b: 'port-1' });
  });

  test('may be a key', () => {
    expect(documentOf('{{ x }}: 1\n"<{{ x }}>": 2', { x: 'a: b' })).toEqual({ 'a: b': 1, '<a: b>': 2 });
  });

  test('that is a mapping or a list becomes a part of the document', () => {
    const volume = { name: 'data', emptyDir: { medium: 'Memory' } };
    expect(documentOf('- {{ volume }}\n- "{{ volume }}"', { volume })).toEqual([volume, volume]);
  });

  test('that is a mapping is written as JSON within a string', () => {
    expect(documentOf('a: it is {{ x }}', { x: { b: 1 } })).toEqual({ a: 'it is {"b":1}' });
  });

  test('too long for a number keeps its digits', () => {
    expect(documentOf('a: {{ x }}', { x: '9007199254740993' })).toEqual({ a: '9007199254740993' });
  });

  test('of a tagged scalar is the string that the tag asks for', () => {
    expect(documentOf('a: !!str {{ x }}', { x: '1' })).toEqual({ a: '1' });
  });
});

describe('Jinja', () => {
  test('blocks leave no lines behind, and empty ones null', () => {
    const template = 'a:\n  {% for v in values %}\n  - {{ v }}\n  {% endfor %}\nb: 1\n';
    expect(documentOf(template, { values: ['x'] })).toEqual({ a: ['x'], b: 1 });
    expect(documentOf(template, { values: [] })).toEqual({ a: null, b: 1 });
    expect(documentOf(template)).toEqual({ a: null, b: 1 });
  });

  test('takes what is empty for false, as Python does', () => {
    const template = '{% if a or b %}\nx: 1\n{% elif not c %}\nx: 2\n{% endif %}';
    expect(documentOf(template, { a: [], b: {}, c: '' })).toEqual({ x: 2 });
    expect(documentOf(template, { a: [], b: { c: 1 } })).toEqual({ x: 1 });
  });

  test('compares and tests variables by what they are', () => {
    const template = [
      "a: {{ 'same' if x == 'a: b' else 'other' }}",
      'b: {{ x is defined and y is not defined }}',
      "c: {{ 'b' in x }}",
      'd: {{ list is sequence and none is none and (n | int) > 4 }}',
    ].join('\n');
    const variables = { x: 'a: b', list: ['1'], n: '5' };
    expect(documentOf(template, variables)).toEqual({ a: 'same', b: true, c: true, d: true });
  });

  test('loops over lists, over mappings and over pairs', () => {
    const template = [
      '{% for key, value in labels.items() %}',
      '{{ key }}: {{ value }}',
      '{% endfor %}',
      'keys: [{% for key in labels %}{{ key }}{{ "," if not loop.last }}{% endfor %}]',
    ].join('\n');
    expect(documentOf(template, { labels: { a: 'x: y', b: '2' } })).toEqual({
      a: 'x: y',
      b: 2,
      keys: ['a', 'b'],
    });
  });

  test('macros and set blocks write YAML, whose values stay values', () => {
    const template = [
      '{% macro entry(name, value) %}',
      'name: {{ name }}',
      'value: {{ value }}',
      '{% endmacro %}',
      '{% set more %}',
      'more: {{ x }}',
      '{% endset %}',
      '{{ more }}',
      'env:',
      '  - {{ entry("A", x) | indent(4) }}',
    ].join('\n');
    const x = 'b: c\nd: e';
    expect(documentOf(template, { x })).toEqual({ more: x, env: [{ name: 'A', value: x }] });
  });

  test("literals are the template's own text", () => {
    const template =
      'a: [{% for x in list %}{{ x }}{{ ", " if not loop.last else "" }}{% endfor %}]\nb: {{ "c: d" }}';
    expect(() => documentOf(template, { list: [] })).toThrow('not valid YAML');
    expect(documentOf(template.replace('c: d', '[c]'), { list: ['1', 'x, y'] })).toEqual({
      a: [1, 'x, y'],
      b: ['c'],
    });
  });

  test.each([
    ["{{ x | default('d') }}", {}, 'd'],
    ["{{ x | default('d') }}", { x: '' }, null],
    ["{{ x | default('d', true) }}", { x: '' }, 'd'],
    ["{{ x | default('d', boolean=true) }}", { x: [] }, 'd'],
    ['{{ x | int }}', { x: ' +0012 ' }, 12],
    ['{{ x | int }}', { x: '1.9' }, 1],
    ['{{ x | int }}', { x: '0x10' }, 0],
    ['{{ x | int(7) }}', { x: 'seven' }, 7],
    ['{{ x | float }}', { x: '1.5' }, 1.5],
    ['{{ x | bool }}', { x: 'Yes' }, true],
    ['{{ x | yaml_safe }}', { x: '0017' }, '0017'],
    ['{{ x | yaml_safe }}', { x: { a: ['b'] } }, { a: ['b'] }],
    ['{{ x | tojson }}', { x: 'true' }, 'true'],
    ["'{{ x | tojson }}'", { x: { a: '"' } }, '{"a":"\\""}'],
    ['{{ x | upper | replace("A", "b: c") }}', { x: 'a' }, 'b: c'],
    ['{{ x | length }}', { x: [1, 2] }, 2],
    ["{{ x | join(', ') }}", { x: ['a', 'b'] }, 'a, b'],
    ['{{ x.split(",")[1].strip() }}', { x: 'a, b ' }, 'b'],
    ['{{ x[:2] }}', { x: 'abc' }, 'ab'],
    ["{{ x.get('b', 'none: such') }}", { x: { a: 1 } }, 'none: such'],
    ["{{ x | map(attribute='name') | first }}", { x: [{ name: 'n' }] }, 'n'],
    ['{{ True }}', {}, true],
    ['{{ range(x | int) }}', { x: '3' }, [0, 1, 2]],
  ])('knows %s with %j', (expression, variables, expected) => {
    expect(documentOf(`a: ${expression}`, variables)).toEqual({ a: expected });
  });
});

describe('YAML', () => {
  test('of several documents is rendered in order, without the empty ones', () => {
    expect(renderTemplate('---\na: 1\n---\n# nothing\n---\nb: 2\n', {})).toEqual([{ a: 1 }, { b: 2 }]);
  });

  test('of older templates keeps its meaning: modes in octal, yes and no, merged mappings', () => {
    const template = 'base: &base {mode: 0644}\nread: {<<: *base, ok: yes, off: no, 8080: no}';
    expect(documentOf(template)).toEqual({
      base: { mode: 420 },
      read: { mode: 420, ok: true, off: false, 8080: false },
    });
  });

  test('with aliases that multiply is refused', () => {
    const lines = ['a: &a [x, x, x, x, x, x, x, x, x]'];
    for (const [one, other] of ['ab', 'bc', 'cd', 'de']) {
      lines.push(`${other}: &${other} [${Array(9).fill(`*${one}`).join(', ')}]`);
    }
    expect(() => documentOf(lines.join('\n'))).toThrow(/not valid YAML.*alias/i);
  });
});

describe('an error', () => {
  test.each([
    [
      'names the missing variable and its line',
      'a: 1\n\nb: {{ kernel_foo }}',
      'line 3: kernel_foo is not defined',
    ],
    ['names a missing member', 'a: {{ x.y.z }}', 'line 1: x.y.z is not defined'],
    ['names a missing variable that is filtered', 'a: {{ foo | upper }}', 'line 1: foo is not defined'],
    ['names an unknown filter', 'a: 1\nb: {{ x | rot13 }}', 'line 2: there is no filter rot13'],
    [
      'names a range that is too long',
      'a: {{ range(10 ** 9) }}',
      'line 1: range: bounds must be numbers up to 10000',
    ],
    ['names an unknown tag', 'a: 1\n{% with %}', 'line 2: unknown block tag: with'],
    [
      'names a tag that reads other files',
      '{% include "/etc/passwd" %}',
      "line 1: the tag include can't be used",
    ],
    ['shows the line that is no YAML', 'a: 1\nb: {{ x }}: c', 'at "b: …: c"'],
    ['shows a key that is there twice', 'a: 1\na: 2', 'at "a: 2"'],
    ['shows a tag that is unknown', 'a: !secret 2', 'Unresolved tag: !secret'],
    [
      'tells of keys that become the same',
      '{{ x }}: 1\n{{ x }}: 2',
      'two keys of one mapping become the same',
    ],
  ])('%s', (_, template, expected) => {
    const render = () => renderTemplate(template, { x: 'hidden' });
    expect(render).toThrow(TemplateError);
    expect(render).toThrow(expected);
    expect(render).not.toThrow(/hidden|\n/);
  });

  test('in one template does not reach the next', () => {
    expect(() => renderTemplate('{{ x', {})).toThrow(TemplateError);
    expect(documentOf('a: {{ x }}', { x: '1' })).toEqual({ a: 1 });
  });
});
