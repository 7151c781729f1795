import { mkdir, rename, rm, symlink, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import {
  isAllowed,
  KernelspecStore,
  type KernelspecStoreOptions,
} from '../../../src/adapters/kernelspecs/kernelspec-store.ts';
import type { KernelspecProblem } from '../../../src/adapters/kernelspecs/problem-log.ts';
import { kernelspec, makeOld, temporaryDir, write } from './fixtures.ts';

async function setUp(options: Partial<KernelspecStoreOptions> = {}, dirs = ['kernels']) {
  const root = await temporaryDir();
  const problems: KernelspecProblem[] = [];
  const store = new KernelspecStore({
    kernelDirs: dirs.map((name) => join(root, name)),
    report: (problem) => problems.push(problem),
    ...options,
  });
  onTestFinished(() => store.close());
  const put = (path: string, content: string | object) => write(join(root, path, 'kernel.json'), content);
  const names = async () => (await store.list()).map((spec) => spec.name);
  return { root, store, problems, put, names };
}

const spec = (display_name = 'X') => ({ argv: ['x'], display_name });

describe.each([
  ['without the cache', false],
  ['with the cache', true],
])('kernelspecs %s', (_title, cacheEnabled) => {
  test('are named by their directory in lower case, sorted, with their resources', async () => {
    const { root, store, put } = await setUp({ cacheEnabled });
    await put('kernels/R_kubernetes', { ...spec('R'), language: 'R' });
    await put('kernels/python3', spec());
    await write(join(root, 'kernels/R_kubernetes/logo-64x64.png'), 'png');
    await write(join(root, 'kernels/R_kubernetes/kernel.js'), 'js');
    await write(join(root, 'kernels/not-a-kernel/readme.txt'), 'none');
    const specs = await store.list();
    expect(specs.map((entry) => entry.name)).toEqual(['python3', 'r_kubernetes']);
    expect(specs[1]).toMatchObject({
      directoryName: 'R_kubernetes',
      resourceDir: join(root, 'kernels/R_kubernetes'),
      spec: { language: 'R' },
      resources: { 'logo-64x64': 'logo-64x64.png', 'kernel.js': 'kernel.js' },
    });
    expect(await store.get('R_KUBERNETES')).toEqual(specs[1]);
    expect(await store.get('julia')).toBeNull();
  });

  test('come from the first directory that has the name', async () => {
    const { put, store } = await setUp({ cacheEnabled }, ['missing', 'first', 'second']);
    await put('first/x', spec('first'));
    await put('second/X', spec('second'));
    await put('second/y', spec('second'));
    expect((await store.list()).map((entry) => entry.spec.display_name)).toEqual(['first', 'second']);
  });

  test('appear, change and disappear with their files, without a restart', async () => {
    const { root, put, store, names } = await setUp({ cacheEnabled });
    expect(await names()).toEqual([]);
    await put('kernels/x', spec('one'));
    expect((await vi.waitUntil(() => store.get('x')))?.spec.display_name).toBe('one');
    await put('kernels/x', spec('two'));
    await vi.waitUntil(async () => (await store.get('x'))?.spec.display_name === 'two');
    await rename(join(root, 'kernels/x'), join(root, 'kernels/y'));
    await vi.waitUntil(async () => (await names()).join() === 'y');
    await unlink(join(root, 'kernels/y/kernel.json'));
    await vi.waitUntil(async () => (await names()).length === 0);
    await rm(join(root, 'kernels'), { recursive: true });
    await put('kernels/z', spec());
    await vi.waitUntil(async () => (await names()).join() === 'z');
  });

  test('follow a link that is pointed at another directory', async () => {
    const { root, put, store } = await setUp({ cacheEnabled }, ['current']);
    await put('v1/x', spec('one'));
    await put('v2/x', spec('two'));
    await symlink('v1', join(root, 'current'));
    expect((await store.get('x'))?.spec.display_name).toBe('one');
    await symlink('v2', join(root, 'next'));
    await rename(join(root, 'next'), join(root, 'current'));
    expect((await store.get('x'))?.spec.display_name).toBe('two');
  });

  test('that are broken are reported once with file and reason, and disturb no other', async () => {
    const { root, put, problems, names } = await setUp({ cacheEnabled });
    await put('kernels/good', spec());
    await put('kernels/bad', '{"argv": ');
    expect(await names()).toEqual(['good']);
    expect(await names()).toEqual(['good']);
    expect(problems).toEqual([
      {
        file: join(root, 'kernels/bad/kernel.json'),
        reason: expect.stringContaining('is not valid JSON'),
        name: 'bad',
        lastGoodKept: false,
      },
    ]);
    await put('kernels/bad', { argv: [1] });
    await vi.waitUntil(async () => (await names()) && problems.length === 2);
    expect(problems[1]?.reason).toContain('argv');
  });

  test('that break keep their last good version until they are repaired', async () => {
    const { put, problems, store } = await setUp({ cacheEnabled });
    await put('kernels/x', spec('good'));
    await store.list();
    await put('kernels/x', 'oops');
    await vi.waitUntil(async () => (await store.list()) && problems.length === 1);
    expect(problems[0]).toMatchObject({ name: 'x', lastGoodKept: true });
    expect((await store.get('x'))?.spec.display_name).toBe('good');
    await put('kernels/x', spec('repaired'));
    await vi.waitUntil(async () => (await store.get('x'))?.spec.display_name === 'repaired');
    await put('kernels/x', 'oops');
    await vi.waitUntil(async () => (await store.list()) && problems.length === 2);
  });

  test('of a directory that is added later are offered as well', async () => {
    const { root, put, store } = await setUp({ cacheEnabled });
    await put('kernels/x', spec('old'));
    await put('private/x', spec('private'));
    await put('private/y', spec('private'));
    await store.list();
    store.addKernelDir(join(root, 'private'));
    expect((await store.list()).map((entry) => entry.spec.display_name)).toEqual(['old', 'private']);
    store.addKernelDir(join(root, 'private'), 'first');
    expect((await store.list()).map((entry) => entry.spec.display_name)).toEqual(['private', 'private']);
  });
});

describe('kernelspec directories', () => {
  test('with a name that clients cannot use are reported and ignored', async () => {
    const { put, problems, names } = await setUp();
    await put('kernels/my kernel', spec());
    expect(await names()).toEqual([]);
    expect(problems).toMatchObject([{ reason: expect.stringContaining('name of a kernelspec'), name: null }]);
  });

  test('hide what has the same name further down, even when broken', async () => {
    const { put, names } = await setUp({}, ['first', 'second']);
    await put('first/x', 'broken');
    await put('second/x', spec());
    expect(await names()).toEqual([]);
  });

  test('that cannot be reached keep what they had', async () => {
    const { root, put, problems, names } = await setUp();
    await put('kernels/x', spec());
    await names();
    await rename(join(root, 'kernels'), join(root, 'away'));
    await symlink('kernels', join(root, 'kernels'));
    expect(await names()).toEqual(['x']);
    expect(problems.map((problem) => problem.file)).toContain(join(root, 'kernels'));
    expect(problems.every((problem) => problem.lastGoodKept)).toBe(true);
  });

  test('may be no directories at all', async () => {
    const { root, names, problems } = await setUp();
    await write(join(root, 'kernels'), 'a file');
    expect(await names()).toEqual([]);
    await rm(join(root, 'kernels'));
    await mkdir(join(root, 'kernels/x/kernel.json'), { recursive: true });
    expect(await names()).toEqual([]);
    expect(problems).toMatchObject([{ name: 'x', reason: expect.stringContaining('EISDIR') }]);
  });
});

describe('the native kernel', () => {
  test('is offered as python3 only when no directory has one', async () => {
    const nativeKernel = { ...kernelspec('/native'), name: 'python3' };
    const { put, store, names } = await setUp({ nativeKernel });
    await put('kernels/a', spec());
    expect(await names()).toEqual(['a', 'python3']);
    await put('kernels/Python3', spec('installed'));
    expect((await store.get('python3'))?.spec.display_name).toBe('installed');
  });
});

describe('reading', () => {
  test('takes settled files from memory and sees a change all the same', async () => {
    const { root, put, store } = await setUp();
    const file = join(root, 'kernels/x/kernel.json');
    await put('kernels/x', spec('one'));
    await makeOld(file);
    const first = await store.get('x');
    expect((await store.get('x'))?.spec).toEqual(first?.spec);
    await put('kernels/x', spec('two'));
    await makeOld(file);
    expect((await store.get('x'))?.spec.display_name).toBe('two');
  });

  test('answers many questions at once, each with what lay there when it was asked', async () => {
    const { put, store } = await setUp();
    await put('kernels/x', spec('one'));
    const early = store.list();
    await put('kernels/x', spec('two'));
    const late = await Promise.all(Array.from({ length: 50 }, () => store.get('x')));
    await early;
    expect(new Set(late.map((entry) => entry?.spec.display_name))).toEqual(new Set(['two']));
  });

  test('from memory gives the very same list until something changes', async () => {
    const { put, store } = await setUp({ cacheEnabled: true });
    await put('kernels/x', spec());
    expect(await store.list()).toBe(await store.list());
    store.close();
    expect(await store.list()).not.toBe(await store.list());
  });
});

describe('allowed kernels', () => {
  test.each([
    [null, true],
    [[], true],
    [['r_kubernetes', 'X_Y'], true],
    [['x_yz'], false],
  ])('%j allows x_y: %s', (allowed, expected) => {
    expect(isAllowed('x_y', allowed)).toBe(expected);
    expect(isAllowed('X_Y', allowed)).toBe(expected);
  });
});
