import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

const PROJECT = join(import.meta.dirname, '../..');
const read = (path: string) => readFileSync(join(PROJECT, path), 'utf8');

describe('the kernel image', () => {
  it('is built from the Python that versions.env names', () => {
    const version = /^PYTHON_IMAGE=(.+)$/m.exec(read('images/versions.env'))?.[1];
    expect(version).toBeDefined();
    for (const file of [
      'images/kernel-py/Dockerfile',
      'test/e2e/cluster/images/light/Dockerfile',
      'test/e2e/cluster/images/old-launcher/Dockerfile',
    ]) {
      expect(read(file), file).toContain(`ARG BASE_IMAGE=${version}\n`);
    }
  });

  it('has the same kernel as the Python environment of local kernels', () => {
    const pins = new Set(
      read('kernelspecs/python3/requirements.txt')
        .split('\n')
        .map((line) => line.split(' ')[0]),
    );
    const forTheLauncher = /^(cryptography|cffi|pycparser)==/;
    const image = read('images/kernel-py/requirements.txt')
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#') && !forTheLauncher.test(line));
    expect(image.filter((pin) => !pins.has(pin))).toEqual([]);
  });
});
