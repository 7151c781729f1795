import { execFileSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { resolveArgv } from '../../../src/adapters/kernelspecs/argv-resolver.ts';
import { KernelspecStore } from '../../../src/adapters/kernelspecs/kernelspec-store.ts';
import { offerPythonKernel } from '../../../src/adapters/kernelspecs/python-kernel.ts';
import { probePython } from '../../../src/adapters/kernelspecs/python-probe.ts';
import { temporaryDir } from './fixtures.ts';

const python = await probePython();

test.skipIf(python === null)(
  'a machine without a Python kernel gets one with the pinned ipykernel',
  async () => {
    const root = await temporaryDir();
    const store = new KernelspecStore({ kernelDirs: [join(root, 'none')], report: () => {} });
    const progress: string[] = [];
    const options = {
      python,
      dataDir: join(root, 'data'),
      projectDir: join(root, 'project'),
      progress: (text: string) => progress.push(text),
    };
    expect(await offerPythonKernel(store, options)).toMatchObject({ ok: true, changed: true });
    expect(progress.some((text) => text.startsWith('Collecting ipykernel=='))).toBe(true);

    const spec = await store.get('python3');
    if (spec === null) return expect.unreachable('no python3');
    expect(spec.spec).toMatchObject({ language: 'python', display_name: 'Python 3 (ipykernel)' });
    expect(spec.resources).toHaveProperty('logo-svg');
    const [program = '', ...args] = await resolveArgv(spec, { searchPath: '' });
    expect(program).toBe(join(root, 'project/.kernelgate/python/bin/python'));
    expect(args).toContain('ipykernel_launcher');
    const ask = 'import ipykernel.kernelapp; print(ipykernel.__version__)';
    const version = execFileSync(program, ['-c', ask], { encoding: 'utf8' }).trim();
    const pinsFile = new URL('../../../kernelspecs/python3/requirements.txt', import.meta.url);
    const pins = (await readFile(pinsFile, 'utf8')).split('\n').map((line) => line.split(' ')[0]);
    expect(pins).toContain(`ipykernel==${version}`);

    expect(await offerPythonKernel(store, options)).toBeNull();
  },
  240_000,
);
