import { describe, expect, test } from 'vitest';
import { type Import, importsIn, importsOf } from './imports.ts';

const imports = importsIn('src');

/** What must not be, in a form that says where it is. */
function told(forbidden: Import[]): string[] {
  return forbidden.map(({ from, to, isTypeOnly }) => `${from} imports ${isTypeOnly ? 'types of ' : ''}${to}`);
}

function within(folder: string): Import[] {
  return imports.filter(({ from }) => from.startsWith(folder));
}

test('the sources are found', () => {
  for (const folder of ['src/machines/', 'src/adapters/', 'src/server/']) {
    expect(within(folder)).not.toEqual([]);
  }
});

describe('the machines', () => {
  const fromMachines = within('src/machines/');

  test('import xstate, themselves, and what computes without the world; of rxjs only types', () => {
    const isAllowed = ({ to, isTypeOnly }: Import) =>
      to.startsWith('src/machines/') ||
      to === 'xstate' ||
      to === 'node:crypto' ||
      (to === 'rxjs' && isTypeOnly);
    expect(told(fromMachines.filter((each) => !isAllowed(each)))).toEqual([]);
  });
});

describe('the adapters', () => {
  const fromAdapters = within('src/adapters/');

  test('never import the server', () => {
    expect(told(fromAdapters.filter(({ to }) => to.startsWith('src/server/')))).toEqual([]);
  });

  test('know of the machines only the ports, the failures and where kernels run', () => {
    const known = ['ports', 'failure', 'request-error', 'launch-target'].map(
      (name) => `src/machines/${name}.ts`,
    );
    const others = fromAdapters.filter(({ to }) => to.startsWith('src/machines/') && !known.includes(to));
    expect(told(others)).toEqual([]);
  });
});

test('no file imports itself, by whatever way', () => {
  const graph = Map.groupBy(
    imports.filter(({ isTypeOnly }) => !isTypeOnly),
    ({ from }) => from,
  );
  expect([...graph.keys()].flatMap((file) => cycleThrough(file, graph) ?? [])).toEqual([]);
});

/** The shortest way from a file to itself; null when there is none. */
function cycleThrough(file: string, graph: Map<string, Import[]>): string | null {
  const ways = [[file]];
  const seen = new Set<string>();
  for (const way of ways) {
    for (const { to } of graph.get(way.at(-1) ?? file) ?? []) {
      if (to === file) return [...way, to].join(' → ');
      if (!seen.has(to)) ways.push([...way, to]);
      seen.add(to);
    }
  }
  return null;
}

describe('an import is found', () => {
  test.each([
    ["import { a } from './x.ts'", 'src/x.ts', false],
    ["import './x.ts'", 'src/x.ts', false],
    ["import type { a } from '../test/x.ts'", 'test/x.ts', true],
    ["import { type a } from 'rxjs'", 'rxjs', true],
    ["import { type a, b } from 'rxjs'", 'rxjs', false],
    ["export { a } from './x.ts'", 'src/x.ts', false],
    ["export * from './x.ts'", 'src/x.ts', false],
    ["export type { a } from './x.ts'", 'src/x.ts', true],
    ["const load = () => import('node:fs')", 'node:fs', false],
    ["type A = import('./x.ts').A", 'src/x.ts', true],
  ])('%s', (code, to, isTypeOnly) => {
    expect(importsOf('src/file.ts', code)).toEqual([{ from: 'src/file.ts', to, isTypeOnly }]);
  });

  test('or complained about, when only the program knows what it imports', () => {
    expect(() => importsOf('src/file.ts', 'await import(name)')).toThrow('src/file.ts');
  });
});
