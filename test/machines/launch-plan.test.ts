import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KernelFailure } from '../../src/machines/failure.ts';
import { type LaunchRequest, type LaunchRules, planLaunch } from '../../src/machines/launch-plan.ts';
import { processProxyOf } from '../../src/machines/launch-target.ts';
import type { KernelSpec, KernelSpecFile, LaunchPlan } from '../../src/machines/ports.ts';

const RULES: LaunchRules = {
  clientEnvs: [],
  inheritedEnvs: [],
  gatewayEnv: { EG_AUTH_TOKEN: 'hunter2', HOME: '/root' },
  basics: { PATH: '/usr/bin' },
  gatewayUser: 'jovyan',
  users: { authorizedUsers: [], unauthorizedUsers: ['root'], unauthorizedUsersChosen: false },
  mirrorWorkingDirs: false,
  rootDir: null,
  portRange: { low: 0, high: 0 },
  minPortRangeSize: 1000,
  system: { EG_MIN_PORT_RANGE_SIZE: '1000' },
  launchTimeout: 30_000,
  pods: {
    namespace: 'gateway',
    sharedNamespace: false,
    defaultServiceAccountName: 'default',
    kernelImage: null,
    kernelExecutorImage: null,
    prohibitedUids: [0],
    prohibitedGids: [0],
    allowedImages: [],
    allowedNamespaces: [],
    allowedServiceAccounts: [],
    allowedVolumeTypes: [],
    parseYaml: JSON.parse,
  },
};
const ID = '6f1c3a52-0d5e-4a86-9a3b-2c1f7f1f0e11';
const ARGV = ['/usr/bin/python3', '-m', 'ipykernel_launcher'];

function kernelspecOf(given: Partial<KernelSpecFile> = {}): KernelSpec {
  return {
    name: 'my_kernel',
    directoryName: 'My_Kernel',
    resourceDir: '/specs/My_Kernel',
    resources: {},
    spec: {
      argv: ['python3'],
      display_name: 'My kernel',
      language: 'Python',
      env: {},
      metadata: {},
      interrupt_mode: 'signal',
      ...given,
    },
  };
}

function withProxy(proxy: unknown): KernelSpec {
  return kernelspecOf({ metadata: { process_proxy: proxy } });
}

function refusalOf(act: () => unknown): unknown {
  try {
    act();
  } catch (error) {
    return error;
  }
  throw new Error('it was planned');
}

function planned(
  env: LaunchRequest['env'],
  rules: Partial<LaunchRules> = {},
  kernelspec = kernelspecOf(),
): LaunchPlan {
  return planLaunch(kernelspec, ARGV, { env, headers: {} }, { ...RULES, ...rules });
}

describe("a kernel's id", () => {
  test("is the client's", () => {
    const plan = planned({ KERNEL_ID: ID });
    expect(plan.kernelId).toBe(ID);
    expect(plan.env['KERNEL_ID']).toBe(ID);
  });

  test('is a new version 4 UUID when the client chooses none', () => {
    const ids = [planned({}), planned({})].map(({ kernelId }) => kernelId);
    for (const id of ids) expect(planned({ KERNEL_ID: id }).kernelId).toBe(id);
    expect(ids[0]).not.toBe(ids[1]);
  });

  test.each([
    '',
    'x',
    ID.toUpperCase(),
    ID.replaceAll('-', ''),
    `{${ID}}`,
    `${ID} `,
    '6f1c3a52-0d5e-1a86-9a3b-2c1f7f1f0e11',
    '6f1c3a52-0d5e-4a86-ca3b-2c1f7f1f0e11',
    '../../../../../../../../../etc/passwd',
  ])('%j is refused', (id) => {
    expect(() => planned({ KERNEL_ID: id })).toThrow(/^env\.KERNEL_ID: must be a version 4 UUID/);
  });

  test('is taken from a client if and only if it is a version 4 UUID in lower case', () => {
    fc.assert(fc.property(fc.uuid({ version: 4 }), (id) => planned({ KERNEL_ID: id }).kernelId === id));
    fc.assert(
      fc.property(fc.uuid({ version: [1, 2, 3, 5, 6, 7] }), (id) => {
        expect(() => planned({ KERNEL_ID: id })).toThrow();
      }),
    );
  });
});

describe("a kernel's user", () => {
  test("is the client's", () => {
    const plan = planned({ KERNEL_USERNAME: 'alice' });
    expect([plan.username, plan.env['KERNEL_USERNAME']]).toEqual(['alice', 'alice']);
  });

  test.each([[{}], [{ KERNEL_USERNAME: '' }]])("is the gateway's own when %j is sent", (env) => {
    const plan = planned(env);
    expect([plan.username, plan.env['KERNEL_USERNAME']]).toEqual(['jovyan', 'jovyan']);
  });

  test('must be authorized', () => {
    expect(() => planned({ KERNEL_USERNAME: 'root' })).toThrow('User root is not authorized');
    expect(planned({}, { gatewayUser: 'root' }).username).toBe('root');
    const kernelspec = withProxy({ config: { authorized_users: 'bob' } });
    expect(() => planned({ KERNEL_USERNAME: 'alice' }, {}, kernelspec)).toThrow('my_kernel');
  });
});

describe("a kernel's environment", () => {
  test('says which kernel it is, whatever a client says', () => {
    const env = { KERNEL_ID: ID, KERNEL_NAME: 'other', KERNEL_GATEWAY: '0', KERNEL_X: 'x' };
    expect(planned(env).env).toEqual({
      PATH: '/usr/bin',
      EG_MIN_PORT_RANGE_SIZE: '1000',
      KERNEL_ID: ID,
      KERNEL_NAME: 'My_Kernel',
      KERNEL_LANGUAGE: 'python',
      KERNEL_USERNAME: 'jovyan',
      KERNEL_GATEWAY: '1',
      KERNEL_X: 'x',
    });
  });

  test('has the language that a client chooses', () => {
    expect(planned({ KERNEL_LANGUAGE: 'scala' }).env['KERNEL_LANGUAGE']).toBe('scala');
  });

  test("has the language that a kernelspec's env says, and not that of its metadata", () => {
    const kernelspec = kernelspecOf({ env: { KERNEL_LANGUAGE: 'scala' } });
    expect(planned({}, {}, kernelspec).env['KERNEL_LANGUAGE']).toBe('scala');
    expect(planned({ KERNEL_LANGUAGE: 'r' }, {}, kernelspec).env['KERNEL_LANGUAGE']).toBe('r');
  });

  test("holds nothing of the gateway's when a client sends none", () => {
    for (const env of [undefined, {}]) {
      expect(JSON.stringify(planned(env))).not.toContain('hunter2');
      expect(planned(env).env).not.toHaveProperty('HOME');
    }
  });

  test('is refused when it holds what is forbidden', () => {
    expect(() => planned({ KERNEL_X: 'a`b`' })).toThrow('env.KERNEL_X: must not contain a backtick.');
    expect(() => planned(null)).toThrow('env: must be an object of strings.');
  });
});

describe("a kernel's working directory", () => {
  test("is the client's where the operator mirrors those", () => {
    const plan = planned({ KERNEL_WORKING_DIR: '/work' }, { mirrorWorkingDirs: true });
    expect([plan.workingDir, plan.env['KERNEL_WORKING_DIR']]).toEqual(['/work', '/work']);
    expect(planned({}, { mirrorWorkingDirs: true }).workingDir).toBeNull();
  });

  test('is else that which the operator chose, and then no variable says so', () => {
    for (const mirrorWorkingDirs of [true, false]) {
      const plan = planned({}, { mirrorWorkingDirs, rootDir: '/root-dir' });
      expect(plan.workingDir).toBe('/root-dir');
      expect(plan.env).not.toHaveProperty('KERNEL_WORKING_DIR');
    }
  });

  test('is not mentioned where those are not mirrored', () => {
    const plan = planned({ KERNEL_WORKING_DIR: '/work' });
    expect(plan.workingDir).toBeNull();
    expect(plan.env).not.toHaveProperty('KERNEL_WORKING_DIR');
  });
});

describe('the time for a launch', () => {
  test.each([
    [{}, 30_000],
    [{ KERNEL_LAUNCH_TIMEOUT: '90' }, 90_000],
    [{ KERNEL_LAUNCH_TIMEOUT: '0.5' }, 500],
    [{ KERNEL_LAUNCH_TIMEOUT: ' 40 ' }, 40_000],
    [{ KERNEL_LAUNCH_TIMEOUT: '86400' }, 86_400_000],
  ])('with %j is %i ms', (env, expected) => {
    expect(planned(env).launchTimeout).toBe(expected);
  });

  test.each(['', ' ', '0', '-1', 'soon', '30s', 'NaN', 'Infinity', '86401'])('is not %j', (timeout) => {
    expect(() => planned({ KERNEL_LAUNCH_TIMEOUT: timeout })).toThrow(
      /^env\.KERNEL_LAUNCH_TIMEOUT: must be a number of seconds above 0/,
    );
  });
});

describe('from the kernelspec', () => {
  test('a kernel is local unless a process proxy is named', () => {
    expect(planned({}).provisioner).toBe('');
    const proxy = { class_name: 'k8s.KubernetesProcessProxy', config: { image_name: 'x' } };
    const plan = planned({}, {}, withProxy(proxy));
    expect([plan.provisioner, plan.proxyConfig]).toEqual(['k8s.KubernetesProcessProxy', { image_name: 'x' }]);
  });

  test.each([[null], ['text'], [[]], [{ class_name: 7, config: [] }]])(
    '%j names no process proxy',
    (proxy) => {
      expect(processProxyOf(withProxy(proxy))).toEqual({ className: '', config: {} });
    },
  );

  test('a port range replaces that of the gateway', () => {
    const rules = { portRange: { low: 20_000, high: 30_000 } };
    const kernelspec = withProxy({ config: { port_range: '40000..42000' } });
    expect(planned({}, rules, kernelspec).portRange).toEqual({ low: 40_000, high: 42_000 });
    expect(planned({}, rules).portRange).toEqual({ low: 20_000, high: 30_000 });
  });

  test.each([
    [undefined, { low: 20_000, high: 30_000 }],
    [null, { low: 20_000, high: 30_000 }],
    ['', { low: 20_000, high: 30_000 }],
    ['0..0', { low: 0, high: 0 }],
    [' 40000..41000 ', { low: 40_000, high: 41_000 }],
    ['1024..65535', { low: 1024, high: 65_535 }],
  ])('a port range of %j is %j', (port_range, expected) => {
    const rules = { portRange: { low: 20_000, high: 30_000 } };
    expect(planned({}, rules, withProxy({ config: { port_range } })).portRange).toEqual(expected);
  });

  test.each([
    'x',
    '40000',
    '40000-42000',
    '40000..',
    '..',
    '-1..42000',
    '1023..42000',
    '60000..65536',
    '42000..40000',
    '40000..40999',
    '40000..42000..44000',
    7,
    true,
    [40_000, 42_000],
  ])('a port range of %j refuses the launch, and is not ignored', (port_range) => {
    const refusal = refusalOf(() => planned({}, {}, withProxy({ config: { port_range } })));
    expect(refusal).toBeInstanceOf(KernelFailure);
    expect(refusal).toMatchObject({
      failure: {
        code: 'LAUNCH_REFUSED',
        message: expect.stringMatching(
          /^kernelspec my_kernel: port_range is .*, must be lo\.\.hi .* 1000 ports/,
        ),
        hint: expect.stringContaining('kernel.json'),
      },
    });
  });

  test('come the language, the interrupt mode and the directory; the command is that which was resolved', () => {
    const plan = planned({}, {}, kernelspecOf({ interrupt_mode: 'message' }));
    expect(plan).toMatchObject({
      kernelName: 'my_kernel',
      resourceDir: '/specs/My_Kernel',
      language: 'Python',
      interruptMode: 'message',
      argv: ARGV,
    });
  });

  test('references to what a client sends are filled in', () => {
    const kernelspec = kernelspecOf({ env: { SPARK_OPTS: '--name $KERNEL_USERNAME $KERNEL_X' } });
    const plan = planned({ KERNEL_USERNAME: 'alice' }, {}, kernelspec);
    expect(plan.env['SPARK_OPTS']).toBe('--name alice $KERNEL_X');
  });
});

describe('a kernel in Kubernetes', () => {
  const class_name = 'enterprise_gateway.services.processproxies.k8s.KubernetesProcessProxy';
  const proxy = { class_name, config: { image_name: 'kernels/py:1' } };
  const pods = { ...RULES.pods, allowedImages: ['kernels/*'] };

  test('gets a pod and a namespace, and nothing of the gateway or its machine', () => {
    const env = { KERNEL_ID: ID, KERNEL_USERNAME: 'alice' };
    const gatewayEnv = { PATH: '/gateway/bin', KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBECONFIG: '/x' };
    const plan = planned(env, { gatewayEnv, rootDir: '/gateway' }, withProxy(proxy));
    expect(plan.ownNamespace).toBe(`alice-${ID}`);
    expect(plan.workingDir).toBeNull();
    expect(plan.env).toEqual({
      EG_MIN_PORT_RANGE_SIZE: '1000',
      KERNEL_GATEWAY: '1',
      KERNEL_ID: ID,
      KERNEL_NAME: 'My_Kernel',
      KERNEL_LANGUAGE: 'python',
      KERNEL_USERNAME: 'alice',
      KERNEL_POD_NAME: `alice-${ID}`,
      KERNEL_NAMESPACE: `alice-${ID}`,
      KERNEL_SERVICE_ACCOUNT_NAME: 'default',
      KERNEL_IMAGE: 'kernels/py:1',
      KERNEL_EXECUTOR_IMAGE: 'kernels/py:1',
      KERNEL_UID: '1000',
      KERNEL_GID: '100',
    });
  });

  test("has the gateway's PATH only where the operator says so", () => {
    const rules = { gatewayEnv: { PATH: '/gateway/bin' }, inheritedEnvs: ['PATH'] };
    expect(planned({}, rules, withProxy(proxy)).env['PATH']).toBe('/gateway/bin');
  });

  test('starts in the directory that a client names, which is not looked for here', () => {
    const env = { KERNEL_WORKING_DIR: '/home/jovyan/no/such' };
    const plan = planned(env, { mirrorWorkingDirs: true, rootDir: '/gateway' }, withProxy(proxy));
    expect([plan.workingDir, plan.env['KERNEL_WORKING_DIR']]).toEqual([null, '/home/jovyan/no/such']);
  });

  test('is told no cluster but its own, even where clients may set any variable', () => {
    const env = { KUBECONFIG: '/evil', KUBERNETES_SERVICE_HOST: 'evil', MINE: '1' };
    const plan = planned(env, { clientEnvs: ['*'] }, withProxy(proxy));
    expect(plan.env).not.toHaveProperty('KUBECONFIG');
    expect(plan.env).not.toHaveProperty('KUBERNETES_SERVICE_HOST');
    expect(plan.env['MINE']).toBe('1');
  });

  test("may have what its kernelspec's env or the gateway's environment says, though a client could not choose it", () => {
    const kernelspec = { ...withProxy(proxy) };
    kernelspec.spec = { ...kernelspec.spec, env: { KERNEL_IMAGE: 'special/py' } };
    expect(planned({}, { pods }, kernelspec).env['KERNEL_IMAGE']).toBe('special/py');
    const inherited = { gatewayEnv: { KERNEL_IMAGE: 'special/r' }, inheritedEnvs: ['KERNEL_IMAGE'] };
    expect(planned({}, { pods, ...inherited }, withProxy(proxy)).env['KERNEL_IMAGE']).toBe('special/r');
    expect(() => planned({ KERNEL_IMAGE: 'special/py' }, { pods }, withProxy(proxy))).toThrow(
      'env.KERNEL_IMAGE: special/py is not allowed by the operator.',
    );
  });

  test('can not be given what is not allowed by way of a reference in its kernelspec', () => {
    const kernelspec = withProxy(proxy);
    kernelspec.spec = { ...kernelspec.spec, env: { KERNEL_IMAGE: '$KERNEL_FLAVOR' } };
    expect(() => planned({ KERNEL_FLAVOR: 'evil/miner' }, { pods }, kernelspec)).toThrow(
      'env.KERNEL_IMAGE: evil/miner is not allowed by the operator.',
    );
  });

  test('is refused by its user before anything else is looked at', () => {
    const env = { KERNEL_USERNAME: 'root', KERNEL_UID: '0' };
    expect(() => planned(env, {}, withProxy(proxy))).toThrow('User root is not authorized');
  });

  test('made by the Spark operator has a custom resource of the name of its pod', () => {
    const spark = { ...proxy, class_name: 'SparkOperatorProcessProxy' };
    expect(planned({ KERNEL_ID: ID }, {}, withProxy(spark)).env['KERNEL_RESOURCE_NAME']).toBe(`jovyan-${ID}`);
  });
});

test('the request headers that kernels are to see are passed on', () => {
  const request = { env: {}, headers: { 'x-user': 'alice' } };
  expect(planLaunch(kernelspecOf(), ARGV, request, RULES).headers).toEqual({ 'x-user': 'alice' });
});

test('a plan is plain JSON, whatever a client sends', () => {
  const name = fc.stringMatching(/^KERNEL_[A-Z]{1,6}$/);
  fc.assert(
    fc.property(fc.dictionary(name, fc.stringMatching(/^[ -~]{0,10}$/)), (env) => {
      let plan: unknown;
      try {
        plan = planned(env);
      } catch {
        return;
      }
      expect(JSON.parse(JSON.stringify(plan))).toStrictEqual(plan);
    }),
  );
});
