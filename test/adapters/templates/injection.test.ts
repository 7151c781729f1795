/** Values come from clients: whatever they hold, they must stay values. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderTemplate } from '../../../src/adapters/templates/render-template.ts';

const TEMPLATE = `
kind: Pod
metadata:
  name: "{{ a }}"
  labels: {plain: x{{ a }}x, single: '{{ b }}', mixed: "{{ a }}/{{ b }}"}
spec:
  {% if a == b %}
  same: "{{ a }}"
  {% else %}
  other: "{{ b }}"
  {% endif %}
  text: |
    {{ a }}
    end
  folded: >-
    {{ b }}
  {% set both = a ~ b %}
  set: "{{ both }}"
  {% macro quoted(x) %}"{{ x }}"{% endmacro %}
  macro: {{ quoted(a) }}
  filtered: {{ b | yaml_safe }}
  json: {{ a | tojson }}
  list:
    {% for x in [a, b] %}
    - "{{ x }}"
    {% endfor %}
---
kind: ConfigMap
`;

/** What YAML, Jinja and this very renderer could take for their own. */
const NASTY = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc
    .array(
      fc.constantFrom(
        ...[
          '\n',
          '\r\n',
          '"',
          "'",
          '---',
          '\n---\n',
          ': ',
          '- ',
          '{',
          '}',
          '{{ b }}',
          '{% if a %}',
          '{#',
          '#}',
        ],
        ...[
          '%}',
          '&a',
          '*a',
          '!!str',
          '<<',
          '# ',
          '\t',
          '\\',
          '\\n',
          '"\n  hostNetwork: true\n',
          '\u2028',
          '\0',
        ],
        ...['v00n0z', '|', '>', '[', ']', ',', '?', '@', '`', '%YAML 1.1', '\ud800', '$&', '$1', 'é'],
      ),
      { maxLength: 8 },
    )
    .map((pieces) => pieces.join('')),
);

describe('CVE-2026-44181, template injection', () => {
  test.each([
    '{{ 7 * 7 }}',
    '{{ b }}',
    '{% for x in range(9) %}x{% endfor %}',
    "{{ a.constructor.constructor('return process')() }}",
    '{# gone #}',
  ])('%s in a value is never evaluated', (a) => {
    expect(renderTemplate('a: "{{ a }}"\nb: {{ a }}\n{{ a }}: c', { a, b: 'evaluated' })).toEqual([
      { a, b: a, [a]: 'c' },
    ]);
  });

  test.each([
    'constructor',
    '__proto__',
    'toString',
    'a.constructor',
    'a.length',
    'a.__proto__',
    'm.__proto__',
  ])('a template finds nothing of JavaScript behind %s', (expression) => {
    expect(() => renderTemplate(`a: {{ ${expression} }}`, { a: 'text', m: {} })).toThrow('is not defined');
  });
});

describe('CVE-2026-44182, manifest injection', () => {
  test.each([
    'x"\n  hostNetwork: true\n  y: "',
    "x'\n---\nkind: Secret",
    'x\nkind: Secret',
    '{hostPath: {path: /}}',
    '[a, b]',
    '&anchor x',
    '*anchor',
    '!!binary x',
    '# comment',
    '- item',
    'key: value',
    '| \n x',
    '%TAG ! x',
    '<<',
  ])('%j in a value stays a string', (x) => {
    const template =
      'a: "{{ x }}"\nb: {{ x }}\nc: [{{ x }}, \'{{ x }}\']\nd: {"{{ x }}": {e: 1}}\nf: pre-{{ x }}';
    expect(renderTemplate(template, { x })).toEqual([
      { a: x, b: x, c: [x, x], d: { [x]: { e: 1 } }, f: `pre-${x}` },
    ]);
  });

  test('a member of a mapping named like those that objects inherit is a member', () => {
    const [document] = renderTemplate('"{{ x }}": {admin: true}', { x: '__proto__' });
    expect(JSON.stringify(document)).toBe('{"__proto__":{"admin":true}}');
    expect(Object.getPrototypeOf(document)).toBe(Object.prototype);
  });

  test('no value changes the structure of what a template renders to, and each arrives as it is', () => {
    const same = shapeOf(renderTemplate(TEMPLATE, { a: 'x', b: 'x' }));
    const different = shapeOf(renderTemplate(TEMPLATE, { a: 'x', b: 'y' }));
    fc.assert(
      fc.property(NASTY, NASTY, (a, b) => {
        const documents = renderTemplate(TEMPLATE, { a, b });
        expect(shapeOf(documents)).toEqual(a === b ? same : different);
        expect(documents[0]).toMatchObject({
          metadata: { name: a, labels: { plain: `x${a}x`, single: b, mixed: `${a}/${b}` } },
          spec: { text: `${a}\nend\n`, folded: b, set: a + b, macro: a, filtered: b, json: a, list: [a, b] },
        });
      }),
      { numRuns: 400 },
    );
  });

  test('a value that is not quoted is a scalar, whatever it holds', () => {
    fc.assert(
      fc.property(NASTY, (x) => {
        const [document] = renderTemplate('a: {{ x }}\nb: [{{ x }}]\nc: {d: {{ x }}}', { x }) as [
          { a: unknown; b: unknown[]; c: { d: unknown } },
        ];
        for (const value of [document.a, document.b[0], document.c.d]) {
          expect(typeof value === 'string' ? value : x).toBe(x);
          expect(typeof value === 'object' ? value : null).toBeNull();
        }
        expect(Object.keys(document)).toEqual(['a', 'b', 'c']);
      }),
    );
  });
});

/** Key paths and types. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, shapeOf(member)]));
}
