import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { KernelspecStore } from '../../../src/adapters/kernelspecs/kernelspec-store.ts';
import {
  hasPythonKernel,
  isLocal,
  kernelPython,
  nativeKernel,
  offerPythonKernel,
} from '../../../src/adapters/kernelspecs/python-kernel.ts';
import type { PythonInfo } from '../../../src/adapters/kernelspecs/python-probe.ts';
import { fakePython } from './fake-python.ts';
import { KUBERNETES, kernelspec, script, temporaryDir, write } from './fixtures.ts';

describe('the native kernel', () => {
  const python = { executable: '/p/bin/python3', version: { major: 3, minor: 12, micro: 0 } } as PythonInfo;

  test('starts ipykernel with the very Python that can import it', async () => {
    const resources = await temporaryDir();
    await write(join(resources, 'logo-svg.svg'), '<svg/>');
    expect(await nativeKernel({ ...python, ipykernelResources: resources })).toMatchObject({
      name: 'python3',
      resourceDir: resources,
      resources: { 'logo-svg': 'logo-svg.svg' },
      spec: {
        argv: ['/p/bin/python3', '-m', 'ipykernel_launcher', '-f', '{connection_file}'],
        display_name: 'Python 3 (ipykernel)',
        language: 'python',
        metadata: { debugger: true },
      },
    });
  });

  test('is none without ipykernel or without Python', async () => {
    expect(await nativeKernel({ ...python, ipykernelResources: null })).toBeNull();
    expect(await nativeKernel(null)).toBeNull();
  });
});

describe('a bare python in a kernelspec', () => {
  const usual = { executable: '/usr/bin/python3', ipykernelResources: null } as PythonInfo;

  test("is the machine's Python when that has ipykernel", async () => {
    const store = { get: () => Promise.reject(new Error('not asked')) };
    expect(await kernelPython(store, { ...usual, ipykernelResources: '/r' })).toBe('/usr/bin/python3');
  });

  test('is that of the kernel python3 when only that one has ipykernel', async () => {
    const prefix = await temporaryDir();
    const python = await script(join(prefix, 'bin', 'python'), 'exit 0');
    const offered = kernelspec(join(prefix, 'share/jupyter/kernels/python3'));
    expect(await kernelPython({ get: async () => offered }, usual)).toBe(python);
  });

  test("stays the machine's Python when there is no other", async () => {
    expect(await kernelPython({ get: async () => null }, usual)).toBe('/usr/bin/python3');
    expect(await kernelPython({ get: async () => null }, null)).toBeNull();
  });
});

describe('a Python kernel', () => {
  test.each([
    [{}, true],
    [{ process_proxy: {} }, true],
    [{ process_proxy: { class_name: '' } }, true],
    [{ process_proxy: { class_name: 'a.processproxy.LocalProcessProxy' } }, true],
    [{ process_proxy: { class_name: 'a.NonLocalProcessProxy' } }, false],
    [KUBERNETES, false],
  ])('with metadata %j is local: %s', (metadata, local) => {
    expect(isLocal(kernelspec('/x', { metadata }))).toBe(local);
  });

  test('counts only when it is for Python, runs here and has its interpreter', async () => {
    const root = await temporaryDir();
    const program = await script(join(root, 'python'), 'exit 0');
    const options = { searchPath: '' };
    const has = (spec: object) => hasPythonKernel([kernelspec('/x', { argv: [program], ...spec })], options);
    expect(await has({})).toBe(true);
    expect(await has({ language: 'Python' })).toBe(true);
    expect(await has({ language: 'R' })).toBe(false);
    expect(await has({ metadata: KUBERNETES })).toBe(false);
    expect(await has({ argv: [join(root, 'gone')] })).toBe(false);
    expect(await hasPythonKernel([], options)).toBe(false);
  });
});

describe('offering a Python kernel', () => {
  async function setUp() {
    const fake = await fakePython();
    const kernels = join(fake.root, 'kernels');
    const store = new KernelspecStore({ kernelDirs: [kernels], report: () => {} });
    const offer = () => offerPythonKernel(store, fake.options());
    const put = (name: string, content: object | string) =>
      write(join(kernels, name, 'kernel.json'), content);
    return { ...fake, store, offer, put };
  }

  test('does nothing when there is one', async () => {
    const { offer, put, python, calls } = await setUp();
    await put('mine', { argv: [python.executable], language: 'python' });
    expect(await offer()).toBeNull();
    expect(await calls()).toEqual([]);
  });

  test('makes python3 where only kernels of other kinds exist', async () => {
    const { offer, put, store, project } = await setUp();
    await put('python_kubernetes', { argv: ['python'], language: 'python', metadata: KUBERNETES });
    expect(await offer()).toMatchObject({ ok: true });
    expect((await store.get('python3'))?.resourceDir).toContain(project);
  });

  test.each([
    ['whose interpreter is gone', { argv: ['/gone/python'], language: 'python' }],
    ['whose file is broken', 'oops'],
  ])('puts it before a python3 %s', async (_title, content) => {
    const { offer, put, store, project } = await setUp();
    await put('python3', content);
    await offer();
    expect((await store.get('python3'))?.resourceDir).toContain(project);
  });

  test('does not hide a python3 that runs in the cluster', async () => {
    const { offer, put, store } = await setUp();
    await put('python3', { argv: ['python'], language: 'python', metadata: KUBERNETES });
    await offer();
    expect((await store.get('python3'))?.spec.metadata).toEqual(KUBERNETES);
  });

  test('leaves the store as it is when the environment cannot be made', async () => {
    const { offer, store, setBehaviour } = await setUp();
    await setBehaviour({ pip: 'exit 1' });
    expect(await offer()).toMatchObject({ ok: false });
    expect(await store.list()).toEqual([]);
  });
});
