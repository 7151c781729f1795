import { describe, expect, test } from 'vitest';
import { KernelJsonError, parseKernelJson } from '../../../src/adapters/kernelspecs/kernel-json.ts';

const parse = (value: unknown) => parseKernelJson(JSON.stringify(value), 'some_name');

describe('kernel.json', () => {
  test('needs no more than an argv', () => {
    expect(parse({ argv: ['x'] })).toEqual({
      argv: ['x'],
      display_name: 'some_name',
      language: '',
      env: {},
      metadata: {},
      interrupt_mode: 'signal',
    });
  });

  test('keeps metadata as it is and reads the interrupt mode in any case', () => {
    const metadata = { process_proxy: { config: { image_name: 'a:b' } }, other: [1, null] };
    const file = parse({ argv: ['x'], metadata, interrupt_mode: 'Message', display_name: 'X' });
    expect(file).toMatchObject({ metadata, interrupt_mode: 'message', display_name: 'X' });
  });

  test('may begin with a byte order mark', () => {
    expect(parseKernelJson('\uFEFF{"argv":["x"]}', 'n').argv).toEqual(['x']);
  });

  test.each([
    'enterprise_gateway.services.processproxies.k8s.KubernetesProcessProxy',
    'KubernetesProcessProxy',
    'enterprise_gateway.services.processproxies.spark_operator.SparkOperatorProcessProxy',
  ])('needs no program where %s launches its kernels', (class_name) => {
    expect(parse({ argv: [], metadata: { process_proxy: { class_name } } }).argv).toEqual([]);
    expect(() => parse({ metadata: { process_proxy: { class_name } } })).toThrow('argv must');
  });

  test.each([
    {},
    { process_proxy: null },
    { process_proxy: {} },
    { process_proxy: { class_name: 'LocalProcessProxy' } },
    { process_proxy: { class_name: 'MyKubernetesProcessProxy' } },
    { process_proxy: 'KubernetesProcessProxy' },
  ])('needs one with metadata %j', (metadata) => {
    expect(() => parse({ argv: [], metadata })).toThrow(
      'argv must be a list of strings with at least one entry',
    );
  });

  test.each([
    ['argv', {}],
    ['argv', { argv: [] }],
    ['argv', { argv: 'python' }],
    ['argv', { argv: ['x', 1] }],
    ['argv', { argv: ['x\0'] }],
    ['argv[0]', { argv: ['', 'x'] }],
    ['env.A', { argv: ['x'], env: { A: 1 } }],
    ['env', { argv: ['x'], env: ['A'] }],
    ['metadata', { argv: ['x'], metadata: [] }],
    ['interrupt_mode', { argv: ['x'], interrupt_mode: 'kill' }],
    ['interrupt_mode', { argv: ['x'], interrupt_mode: 2 }],
    ['display_name', { argv: ['x'], display_name: 7 }],
    ['language', { argv: ['x'], language: {} }],
  ])('is refused with the name of the field: %s in %j', (field, value) => {
    expect(() => parse(value)).toThrow(KernelJsonError);
    expect(() => parse(value)).toThrow(new RegExp(`^${field.replace(/[[\].]/g, '\\$&')} must`));
  });

  test.each(['', '{', '[]', 'null', '"x"'])('is refused when it is no JSON object: %j', (text) => {
    expect(() => parseKernelJson(text, 'n')).toThrow(KernelJsonError);
  });
});
