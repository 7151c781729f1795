import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { ANSWER, type PythonInfo, probePython } from '../../../src/adapters/kernelspecs/python-probe.ts';
import { script, temporaryDir } from './fixtures.ts';

const answer = (prefix: string, major = 3): PythonInfo => ({
  executable: join(prefix, 'bin/python3'),
  prefix,
  basePrefix: prefix,
  version: { major, minor: 11, micro: 2 },
  userBase: null,
  ownsPrefix: true,
  ipykernelResources: null,
});
const saying = (info: PythonInfo) =>
  `echo 'some import prints this'; echo '${ANSWER}${JSON.stringify(info)}'`;

async function setUp() {
  const root = await temporaryDir();
  const put = (path: string, body: string) => script(join(root, path), body);
  const env = { PATH: `${join(root, 'a')}:${join(root, 'b')}` };
  return { root, put, env };
}

describe('the Python of the machine', () => {
  test('is none where there is none', async () => {
    const { env } = await setUp();
    expect(await probePython({ env })).toBeNull();
    expect(await probePython({ env: {} })).toBeNull();
  });

  test('is the first python3 on the PATH that runs', async () => {
    const { put, env } = await setUp();
    await put('a/python3', 'echo "no version is set"; exit 127');
    await put('a/python', saying(answer('/wrong')));
    await put('b/python3', saying(answer('/right')));
    expect(await probePython({ env })).toEqual(answer('/right'));
  });

  test('may be called python, but is never Python 2', async () => {
    const { put, env } = await setUp();
    await put('a/python', saying(answer('/two', 2)));
    await put('b/python', saying(answer('/three')));
    expect((await probePython({ env }))?.prefix).toBe('/three');
  });

  test('is that of an activated environment; conda’s only when the PATH has none', async () => {
    const { root, put, env } = await setUp();
    await put('venv/bin/python', saying(answer('/venv')));
    await put('conda/bin/python', saying(answer('/conda')));
    const active = { ...env, VIRTUAL_ENV: join(root, 'venv'), CONDA_PREFIX: join(root, 'conda') };
    expect((await probePython({ env: active }))?.prefix).toBe('/venv');
    const left = { ...active, VIRTUAL_ENV: join(root, 'gone') };
    expect((await probePython({ env: left }))?.prefix).toBe('/conda');
    await put('a/python3', saying(answer('/path')));
    expect((await probePython({ env: left }))?.prefix).toBe('/path');
  });

  test.each(['echo nothing', `echo '${ANSWER}{'`, `echo '${ANSWER}{}'`, `echo '${ANSWER}null'`])(
    'is not one that answers nonsense: %s',
    async (body) => {
      const { put, env } = await setUp();
      await put('a/python3', body);
      expect(await probePython({ env })).toBeNull();
    },
  );

  test('on a Mac without developer tools is not the one that opens a dialog', async () => {
    const asked: string[] = [];
    const run = async (file: string) => {
      asked.push(file);
      return { code: 2, stdout: '', stderr: '', timedOut: false };
    };
    await probePython({ env: { PATH: '/usr/bin' }, platform: 'darwin', run });
    expect(asked.filter((file) => file.includes('python'))).toEqual([]);
  });
});

test.skipIf((await probePython()) === null)(
  'a real Python tells its prefix, and runs no file of the current directory',
  async () => {
    const { root } = await setUp();
    await mkdir(join(root, 'cwd'));
    await script(join(root, 'cwd', 'json.py'), 'raise SystemExit(1)');
    const python = await probePython();
    const wrapper = await script(
      join(root, 'a/python3'),
      `cd ${join(root, 'cwd')} && exec ${python?.executable} "$@"`,
    );
    const info = await probePython({ env: { PATH: join(root, 'a'), HOME: root } });
    expect(wrapper).not.toBe(info?.executable);
    expect(info).toMatchObject({ prefix: python?.prefix, version: python?.version });
  },
);
