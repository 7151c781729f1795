import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { listResources, resourceFile } from '../../../src/adapters/kernelspecs/kernelspec-resources.ts';
import { kernelspec, write } from './fixtures.ts';

const root = realpathSync(mkdtempSync(join(tmpdir(), 'kernelgate-')));
const resourceDir = join(root, 'kernels', 'x');
const spec = kernelspec(resourceDir);

beforeAll(async () => {
  await write(join(root, 'secret.txt'), 'secret');
  await write(join(root, 'kernels', 'x-secret', 'a.txt'), 'secret');
  await write(join(resourceDir, 'kernel.js'), 'js');
  await write(join(resourceDir, 'logo-svg.svg'), '<svg/>');
  await write(join(resourceDir, 'logo-64x64.png'), 'png');
  await write(join(resourceDir, 'static', 'deep', 'a b.css'), 'css');
  await symlink('../../secret.txt', join(resourceDir, 'leak.txt'));
  await symlink('../..', join(resourceDir, 'up'));
  await symlink('static/deep', join(resourceDir, 'inside'));
});
afterAll(() => rmSync(root, { recursive: true }));

describe('resources', () => {
  test('are listed under the keys that clients know', async () => {
    expect(await listResources(resourceDir)).toEqual({
      'kernel.js': 'kernel.js',
      'logo-64x64': 'logo-64x64.png',
      'logo-svg': 'logo-svg.svg',
    });
  });

  test('of a directory that is gone are none', async () => {
    expect(await listResources(join(root, 'gone'))).toEqual({});
  });
});

describe('a resource file', () => {
  test.each(['kernel.js', 'static/deep/a b.css'])('is found within the directory: %s', async (name) => {
    expect(await resourceFile(spec, name)).toMatchObject({ path: join(resourceDir, name) });
  });

  test('is told with its size and its real path behind links', async () => {
    expect(await resourceFile(spec, 'inside/a b.css')).toEqual({
      path: join(resourceDir, 'static/deep/a b.css'),
      size: 3,
      modifiedAt: expect.any(Number),
    });
  });

  test.each([
    '',
    '.',
    '..',
    'static',
    'gone.txt',
    'leak.txt',
    'up/secret.txt',
    '../x-secret/a.txt',
    '../x/kernel.js',
    './kernel.js',
    'static//deep/a b.css',
    'kernel.js/',
    '/etc/passwd',
    join(resourceDir, 'kernel.js'),
    '%2e%2e/%2e%2e/secret.txt',
    '..%2f..%2fsecret.txt',
    '..\\..\\secret.txt',
    'kernel.js\0.png',
  ])('is refused: %j', async (name) => {
    expect(await resourceFile(spec, name)).toBeNull();
  });

  test('never lies outside the directory, however the path is put together', async () => {
    const known = [
      '..',
      '.',
      '',
      'x',
      'up',
      'inside',
      'leak.txt',
      'secret.txt',
      'kernels',
      'static',
      'kernel.js',
    ];
    const segment = fc.oneof(fc.constantFrom(...known, '%2e%2e', '~', '\0', 'etc', 'passwd'), fc.string());
    const path = fc.array(segment, { minLength: 1, maxLength: 8 }).map((segments) => segments.join('/'));
    await fc.assert(
      fc.asyncProperty(path, async (name) => {
        const file = await resourceFile(spec, name);
        expect(file === null || file.path.startsWith(`${resourceDir}/`)).toBe(true);
      }),
      { numRuns: 1000 },
    );
  });
});
