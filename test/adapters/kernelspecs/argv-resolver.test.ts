import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { resolveArgv } from '../../../src/adapters/kernelspecs/argv-resolver.ts';
import { KernelFailure } from '../../../src/machines/failure.ts';
import { kernelspec, script, temporaryDir, write } from './fixtures.ts';

/** A prefix with a kernelspec in it, and a search path beside it. */
async function setUp(argv: string[]) {
  const root = await temporaryDir();
  const spec = kernelspec(join(root, 'venv/share/jupyter/kernels/x'), { argv });
  const executable = (path: string) => script(join(root, path), 'exit 0');
  const searchPath = `${join(root, 'bin')}:${join(root, 'bin2')}`;
  return { root, spec, executable, searchPath };
}

async function refusal(result: Promise<unknown>) {
  const error = await result.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(KernelFailure);
  return (error as KernelFailure).failure;
}

describe('a bare python', () => {
  test.each(['python', 'python3', 'python3.12'])('%s is the interpreter of the environment', async (name) => {
    const { spec, executable, searchPath } = await setUp([name, '-m', 'k', '{connection_file}']);
    const python = await executable('venv/bin/python');
    await executable(`bin/${name}`);
    expect(await resolveArgv(spec, { searchPath, python: '/elsewhere' })).toEqual([
      python,
      '-m',
      'k',
      '{connection_file}',
    ]);
  });

  test('is the given interpreter, else python3 of the search path, else python', async () => {
    const { spec, executable, searchPath } = await setUp(['python']);
    const python = await executable('bin/python');
    expect(await resolveArgv(spec, { searchPath })).toEqual([python]);
    const python3 = await executable('bin2/python3');
    expect(await resolveArgv(spec, { searchPath, python: '/gone' })).toEqual([python3]);
    const given = await executable('given');
    expect(await resolveArgv(spec, { searchPath, python: given })).toEqual([given]);
  });

  test('with a minor version is no other version outside its environment', async () => {
    const { spec, executable, searchPath } = await setUp(['python3.9']);
    const other = await executable('bin/python3');
    const failure = await refusal(resolveArgv(spec, { searchPath, python: other }));
    expect(failure.message).toContain('python3.9 is not on the PATH');
    const right = await executable('bin2/python3.9');
    expect(await resolveArgv(spec, { searchPath })).toEqual([right]);
  });
});

describe('any other program', () => {
  test('is the first executable on the search path', async () => {
    const { root, spec, executable, searchPath } = await setUp(['julia', 'x']);
    await write(join(root, 'bin/julia'), 'not executable');
    const julia = await executable('bin2/julia');
    expect(await resolveArgv(spec, { searchPath })).toEqual([julia, 'x']);
  });

  test('that is not on the search path refuses the launch and says what to do', async () => {
    const { spec, searchPath } = await setUp(['julia']);
    const failure = await refusal(resolveArgv(spec, { searchPath }));
    expect(failure).toMatchObject({
      code: 'LAUNCH_REFUSED',
      message: 'kernelspec x: julia is not on the PATH',
    });
    expect(failure.hint).toContain('Install julia');
  });

  test('with a path must be an executable file', async () => {
    const { root, spec } = await setUp(['unused']);
    const file = join(root, 'R');
    const withPath = { ...spec, spec: { ...spec.spec, argv: [file] } };
    const options = { searchPath: '' };
    expect((await refusal(resolveArgv(withPath, options))).message).toContain(`${file} does not exist`);
    await write(file, 'not executable');
    expect((await refusal(resolveArgv(withPath, options))).code).toBe('LAUNCH_REFUSED');
    await script(file, 'exit 0');
    expect(await resolveArgv(withPath, options)).toEqual([file]);
    withPath.spec.argv = [root];
    await refusal(resolveArgv(withPath, options));
  });

  test('may be named relative to the kernelspec, its prefix or the working directory', async () => {
    const { root, spec, executable } = await setUp(['{resource_dir}/bin/run.sh', '{resource_dir}']);
    const own = await executable('venv/share/jupyter/kernels/x/bin/run.sh');
    expect(await resolveArgv(spec, { searchPath: '' })).toEqual([own, '{resource_dir}']);
    spec.spec.argv = ['{prefix}/bin/tool'];
    const tool = await executable('venv/bin/tool');
    expect(await resolveArgv(spec, { searchPath: '' })).toEqual([tool]);
    spec.spec.argv = ['./venv/bin/tool'];
    expect(await resolveArgv(spec, { searchPath: '', workingDir: root })).toEqual([tool]);
  });
});
