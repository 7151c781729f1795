import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { commandOf, launchMethodOf } from '../../../src/adapters/kubernetes/launch-script.ts';
import { KERNEL_ID, planOf } from '../../machines/samples.ts';
import { PARAMETERS } from './kernel-manifests.ts';

const SHIPPED = fileURLToPath(new URL('../../../kernelspecs/kernel-pod.yaml.j2', import.meta.url));
const resourceDir = '/specs/python_kubernetes';
const SCRIPT = '/usr/local/share/jupyter/kernels/python_kubernetes/scripts/launch_kubernetes.py';

function methodOf(...argv: string[]) {
  return launchMethodOf(planOf({ argv, resourceDir }));
}

function optionsOf(...words: string[]) {
  const method = methodOf('python', SCRIPT, ...words);
  return method.kind === 'template' ? method.options : null;
}

describe('a kernelspec is launched by a template', () => {
  test.each([
    [['python', SCRIPT]],
    [['/opt/python/bin/python3', '-u', SCRIPT]],
    [['/usr/bin/env', 'python', SCRIPT]],
    [[SCRIPT]],
  ])('when its command is %j', (argv) => {
    expect(methodOf(...argv).kind).toBe('template');
  });

  test('which lies beside the script, else in its own directory, else comes with the gateway', () => {
    expect(methodOf('python', SCRIPT)).toMatchObject({
      files: [
        '/usr/local/share/jupyter/kernels/python_kubernetes/scripts/kernel-pod.yaml.j2',
        `${resourceDir}/kernel-pod.yaml.j2`,
        `${resourceDir}/scripts/kernel-pod.yaml.j2`,
        SHIPPED,
      ],
    });
  });

  test('when it has no command at all', () => {
    const own = [`${resourceDir}/kernel-pod.yaml.j2`, `${resourceDir}/scripts/kernel-pod.yaml.j2`];
    expect(methodOf()).toMatchObject({ kind: 'template', files: [...own, SHIPPED] });
  });

  test.each(['{resource_dir}/scripts/launch_kubernetes.py', 'scripts/launch_kubernetes.py'])(
    'which is found once when the script is %s',
    (script) => {
      const own = [`${resourceDir}/scripts/kernel-pod.yaml.j2`, `${resourceDir}/kernel-pod.yaml.j2`];
      expect(methodOf('python', script)).toMatchObject({ files: [...own, SHIPPED] });
    },
  );
});

describe('any other command is run as it stands', () => {
  test.each([
    [['/specs/spark/bin/run.sh', '--kernel-id', '{kernel_id}']],
    [['bash', '-c', 'python scripts/launch_kubernetes.py --nonsense']],
    [['python', '/specs/operator/scripts/launch_custom_resource.py']],
  ])('such as %j', (argv) => {
    expect(methodOf(...argv)).toEqual({ kind: 'command', argv });
  });

  test('with all that is known filled in, and what is unknown left as it is', () => {
    const argv = [
      '{resource_dir}/bin/run.sh',
      '--kernel-id={kernel_id}',
      '{response_address}',
      '{public_key}',
      '{port_range}',
      '{connection_file}',
      '{prefix}/bin',
      '{unknown} {constructor}',
      '{kernel_id}{kernel_id}',
    ];
    const plan = planOf({ argv, resourceDir, portRange: { low: 40_000, high: 42_000 } });
    expect(commandOf(plan, PARAMETERS)).toEqual([
      '/specs/python_kubernetes/bin/run.sh',
      `--kernel-id=${KERNEL_ID}`,
      '10.0.0.1:8877',
      'rsa-key',
      '40000..42000',
      `kernel-${KERNEL_ID}.json`,
      '/usr/local/bin',
      '{unknown} {constructor}',
      KERNEL_ID + KERNEL_ID,
    ]);
  });
});

describe("the script's arguments", () => {
  test('leave everything to the gateway when they are its placeholders', () => {
    const words = [
      ['--RemoteProcessProxy.kernel-id', '{kernel_id}'],
      ['--RemoteProcessProxy.port-range', '{port_range}'],
      ['--RemoteProcessProxy.response-address', '{response_address}'],
      ['--RemoteProcessProxy.public-key', '{public_key}'],
    ].flat();
    expect(optionsOf(...words)).toEqual({
      portRange: '0..0',
      responseAddress: null,
      publicKey: null,
      sparkContextInitMode: 'none',
      kernelClassName: null,
    });
  });

  test('are taken in either form, and with an equals sign', () => {
    const words = [
      '--port-range=40000..42000',
      '--RemoteProcessProxy.response-address=gateway.example:8877',
      '--spark-context-initialization-mode',
      'lazy',
      '--RemoteProcessProxy.kernel-class-name=my.Kernel=1',
    ];
    expect(optionsOf(...words)).toMatchObject({
      portRange: '40000..42000',
      responseAddress: 'gateway.example:8877',
      sparkContextInitMode: 'lazy',
      kernelClassName: 'my.Kernel=1',
    });
  });

  test('count in their plain form when both are given, unless that is empty', () => {
    const [older, plain] = ['--RemoteProcessProxy.port-range=1..1', '--port-range'];
    expect(optionsOf(plain, '2..2', older)).toMatchObject({ portRange: '2..2' });
    expect(optionsOf(plain, '', older)).toMatchObject({ portRange: '1..1' });
  });

  test.each([
    [['--kernel-ids', 'x'], '"--kernel-ids" is no argument of launch_kubernetes.py'],
    [['stray'], '"stray" is no argument of launch_kubernetes.py'],
    [['--kernel-id'], '--kernel-id has no value'],
    [['--kernel-id', 'other'], '--kernel-id is other, must be {kernel_id}'],
    [['--pod-template', '/tmp/x'], '--pod-template is for spark-submit only'],
    [['--constructor', 'x'], 'is no argument of launch_kubernetes.py'],
  ])('%j are refused', (words, expected) => {
    expect(() => optionsOf(...words)).toThrow(`kernelspec python3: argv: `);
    expect(() => optionsOf(...words)).toThrow(expected);
  });
});
