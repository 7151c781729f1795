import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { KernelFailure } from '../../src/machines/failure.ts';
import { type PodRequest, type PodRules, planPod } from '../../src/machines/pod-plan.ts';
import { RequestError } from '../../src/machines/request-error.ts';

const ID = '6f1c3a52-0d5e-4a86-9a3b-2c1f7f1f0e11';
const OWN = `alice-${ID}`;
const RULES: PodRules = {
  namespace: 'gateway',
  sharedNamespace: false,
  defaultServiceAccountName: 'default',
  kernelImage: 'kernels/py:1',
  kernelExecutorImage: null,
  prohibitedUids: [0],
  prohibitedGids: [0],
  allowedImages: [],
  allowedNamespaces: [],
  allowedServiceAccounts: [],
  allowedVolumeTypes: [],
  parseYaml: JSON.parse,
};

/** @param env what a client sends */
function planned(
  env: Record<string, string> = {},
  rules: Partial<PodRules> = {},
  request: Partial<PodRequest> = {},
) {
  return planPod(
    {
      kernelName: 'my_kernel',
      proxyConfig: {},
      env: { KERNEL_ID: ID, KERNEL_USERNAME: 'alice', ...env },
      isFromClient: () => true,
      mirrorWorkingDirs: false,
      isSparkApplication: false,
      ...request,
    },
    { ...RULES, ...rules },
  );
}

const BY_OPERATOR = { isFromClient: () => false };

function refusalOf(act: () => unknown): RequestError | KernelFailure {
  try {
    act();
  } catch (error) {
    if (error instanceof RequestError || error instanceof KernelFailure) return error;
    throw error;
  }
  throw new Error('it was planned');
}

test('a kernel gets a pod, and a namespace of its own, of one name', () => {
  const { env, ownNamespace } = planned();
  expect(ownNamespace).toBe(OWN);
  expect(env).toEqual({
    KERNEL_ID: ID,
    KERNEL_USERNAME: 'alice',
    KERNEL_POD_NAME: OWN,
    KERNEL_NAMESPACE: OWN,
    KERNEL_SERVICE_ACCOUNT_NAME: 'default',
    KERNEL_IMAGE: 'kernels/py:1',
    KERNEL_EXECUTOR_IMAGE: 'kernels/py:1',
    KERNEL_UID: '1000',
    KERNEL_GID: '100',
  });
});

test('a Spark application says which custom resource it is, whatever a client says', () => {
  const { env } = planned({ KERNEL_CRD_GROUP: 'evil' }, {}, { isSparkApplication: true });
  expect(env).toMatchObject({
    KERNEL_RESOURCE_NAME: OWN,
    KERNEL_CRD_GROUP: 'sparkoperator.k8s.io',
    KERNEL_CRD_VERSION: 'v1beta2',
    KERNEL_CRD_PLURAL: 'sparkapplications',
  });
});

describe("a kernel's namespace", () => {
  test("is the gateway's where that is shared, and is not made", () => {
    const { env, ownNamespace } = planned({}, { sharedNamespace: true });
    expect([env['KERNEL_NAMESPACE'], ownNamespace]).toEqual(['gateway', null]);
  });

  test.each([true, false])("is the client's before all others, and is not made (shared: %s)", (shared) => {
    const { env, ownNamespace } = planned({ KERNEL_NAMESPACE: 'team' }, { sharedNamespace: shared });
    expect([env['KERNEL_NAMESPACE'], ownNamespace]).toEqual(['team', null]);
  });

  test.each(['Team', 'a.b', '-a', 'a/b', '../a', 'x'.repeat(64), 'a b', '"'])('is not %j', (namespace) => {
    const refusal = refusalOf(() => planned({ KERNEL_NAMESPACE: namespace }));
    expect(refusal).toMatchObject({ code: 'INVALID_REQUEST' });
    expect(refusal.message).toMatch(/^env\.KERNEL_NAMESPACE: must be at most 63 lower-case letters/);
  });
});

describe('an image', () => {
  const proxyConfig = { image_name: 'spec/py:1', executor_image_name: 'spec/exec:1' };

  test.each<[string, Record<string, string>, object, Partial<PodRules>, [string, string]]>([
    [
      "is the client's",
      { KERNEL_IMAGE: 'client/py', KERNEL_EXECUTOR_IMAGE: 'client/exec' },
      proxyConfig,
      {},
      ['client/py', 'client/exec'],
    ],
    ["is else the kernelspec's", {}, proxyConfig, {}, ['spec/py:1', 'spec/exec:1']],
    ["is else the gateway's", {}, {}, { kernelExecutorImage: 'all/exec' }, ['kernels/py:1', 'all/exec']],
    [
      'of executors is else that of the kernel',
      { KERNEL_IMAGE: 'client/py' },
      {},
      {},
      ['client/py', 'client/py'],
    ],
    ['is not chosen by an empty name', { KERNEL_IMAGE: '' }, proxyConfig, {}, ['spec/py:1', 'spec/exec:1']],
  ])('%s', (_title, env, config, rules, expected) => {
    const plan = planned(env, rules, { proxyConfig: { ...config } });
    expect([plan.env['KERNEL_IMAGE'], plan.env['KERNEL_EXECUTOR_IMAGE']]).toEqual(expected);
  });

  test('must come from somewhere', () => {
    const refusal = refusalOf(() => planned({}, { kernelImage: null }));
    expect(refusal).toBeInstanceOf(KernelFailure);
    expect(refusal).toMatchObject({
      failure: {
        code: 'LAUNCH_REFUSED',
        message: 'kernelspec my_kernel: there is no image to run its kernels from.',
        hint: expect.stringMatching(/image_name.*EG_KERNEL_IMAGE/),
      },
    });
  });

  test.each([7, 'a b', ['x'], {}])('that a kernelspec calls %j refuses the launch', (image_name) => {
    const refusal = refusalOf(() => planned({}, {}, { proxyConfig: { image_name } }));
    expect(refusal).toMatchObject({ failure: { code: 'LAUNCH_REFUSED' } });
    expect(refusal.message).toMatch(/^kernelspec my_kernel: image_name is .*, must be the name of an image/);
  });

  test.each(['KERNEL_IMAGE', 'KERNEL_EXECUTOR_IMAGE'])(
    'that a client calls what is no name is refused: %s',
    (name) => {
      const refusal = refusalOf(() => planned({ [name]: 'a"\tb' }));
      expect(refusal).toMatchObject({ code: 'INVALID_REQUEST' });
      expect(refusal.message).toMatch(new RegExp(`^env\\.${name}: must be the name of an image`));
    },
  );
});

describe("the operator's lists", () => {
  test.each<[string, string, Partial<PodRules>, string]>([
    ['KERNEL_IMAGE', 'evil/miner', { allowedImages: ['kernels/*'] }, 'EG_ALLOWED_IMAGES'],
    ['KERNEL_EXECUTOR_IMAGE', 'evil/miner', { allowedImages: ['kernels/*'] }, 'EG_ALLOWED_IMAGES'],
    ['KERNEL_NAMESPACE', 'kube-system', { allowedNamespaces: ['team-*'] }, 'EG_ALLOWED_NAMESPACES'],
    [
      'KERNEL_SERVICE_ACCOUNT_NAME',
      'cluster-admin',
      { allowedServiceAccounts: ['default'] },
      'EG_ALLOWED_SERVICE_ACCOUNTS',
    ],
  ])('keep clients from choosing any %s', (name, value, rules, setting) => {
    const refusal = refusalOf(() => planned({ [name]: value }, rules));
    expect(refusal).toMatchObject({
      code: 'VALUE_NOT_ALLOWED',
      message: `env.${name}: ${value} is not allowed by the operator.`,
      hint: expect.stringContaining(setting),
    });
    expect(planned({ [name]: value }, rules, BY_OPERATOR).env[name]).toBe(value);
    expect(planned({ [name]: value }).env[name]).toBe(value);
  });

  test('let through what fits', () => {
    const rules = { allowedImages: ['kernels/*'], allowedNamespaces: ['team-*'] };
    expect(planned({ KERNEL_IMAGE: 'kernels/r', KERNEL_NAMESPACE: 'team-a' }, rules).env).toMatchObject({
      KERNEL_IMAGE: 'kernels/r',
      KERNEL_NAMESPACE: 'team-a',
    });
  });

  test("are not asked about the gateway's own choice", () => {
    const rules = { allowedImages: ['x'], allowedNamespaces: ['x'], allowedServiceAccounts: ['x'] };
    expect(planned({}, rules).ownNamespace).toBe(OWN);
  });
});

describe('a service account', () => {
  test("is the client's, or else the gateway's usual one", () => {
    const name = 'KERNEL_SERVICE_ACCOUNT_NAME';
    expect(planned({ [name]: 'spark.driver' }).env[name]).toBe('spark.driver');
    expect(planned({}, { defaultServiceAccountName: 'kernels' }).env[name]).toBe('kernels');
    expect(refusalOf(() => planned({ [name]: 'A' })).message).toMatch(
      /^env\.KERNEL_SERVICE_ACCOUNT_NAME: must/,
    );
  });
});

describe('resources', () => {
  test.each([
    ['KERNEL_CPUS', ['2', '0.5', '.5', '500m', '+1', '1e3', '0']],
    ['KERNEL_MEMORY', ['512Mi', '4Gi', '2G', '1k', '1E', '1.5Ti', '134217728', '128e6']],
    ['KERNEL_GPUS', ['0', '1', '16']],
  ])('%s may be any quantity of Kubernetes', (name, values) => {
    for (const value of values) {
      expect(planned({ [name]: value, [`${name}_LIMIT`]: value }).env).toMatchObject({
        [name]: value,
        [`${name}_LIMIT`]: value,
      });
    }
  });

  test.each([
    ['KERNEL_CPUS', ['two', '-1', '1,5', ' 1', '1 ', '1K', '.', '1Mi2', '1e999', '0x1', '１']],
    ['KERNEL_MEMORY', ['4GB', '4 Gi', '4gi', '-4Gi', '4Gi"', '4K', 'NaN']],
    ['KERNEL_GPUS', ['1.5', '500m', '-1', 'all']],
  ])('%s is refused when it is none', (name, values) => {
    for (const value of values) {
      for (const each of [name, `${name}_LIMIT`]) {
        const refusal = refusalOf(() => planned({ [each]: value }));
        expect(refusal).toMatchObject({ code: 'INVALID_REQUEST' });
        expect(refusal.message).toMatch(new RegExp(`^env\\.${each}: must be a (quantity|whole number)`));
      }
    }
  });

  test('that are empty are as good as none', () => {
    expect(planned({ KERNEL_CPUS: '', KERNEL_MEMORY_LIMIT: '' }).env).not.toHaveProperty('KERNEL_CPUS');
  });

  test('of a kernelspec are refused as its own mistake', () => {
    const refusal = refusalOf(() => planned({ KERNEL_CPUS: 'two' }, {}, BY_OPERATOR));
    expect(refusal).toMatchObject({ failure: { code: 'LAUNCH_REFUSED' } });
    expect(refusal.message).toMatch(/^kernelspec my_kernel: env\.KERNEL_CPUS must be a quantity/);
  });
});

describe('volumes', () => {
  const emptyDir = '[{"name": "data", "emptyDir": {}}]';

  test('are passed on as they were written', () => {
    const env = {
      KERNEL_VOLUMES: emptyDir,
      KERNEL_VOLUME_MOUNTS: '[{"name": "data", "mountPath": "/data"}]',
    };
    expect(planned(env).env).toMatchObject(env);
  });

  test.each(['KERNEL_VOLUMES', 'KERNEL_VOLUME_MOUNTS'])('must be a list of mappings: %s', (name) => {
    for (const value of ['{', '{}', '"x"', 'null', '7', '["x"]', '[null]', '[[]]']) {
      const refusal = refusalOf(() => planned({ [name]: value }));
      expect(refusal).toMatchObject({ code: 'INVALID_REQUEST' });
      expect(refusal.message).toMatch(
        new RegExp(`^env\\.${name}: must be a list of mappings in YAML or JSON, such as`),
      );
    }
  });

  test('are not quoted when they are refused: they may hold secrets', () => {
    const refusal = refusalOf(() => planned({ KERNEL_VOLUMES: '[{"password": hunter2' }));
    expect(refusal.message).not.toContain('hunter2');
  });

  test("never hand a client the node's files, unless the operator allows it", () => {
    const env = { KERNEL_VOLUMES: '[{"name": "data", "hostPath": {"path": "/"}}]' };
    expect(refusalOf(() => planned(env))).toMatchObject({
      code: 'VALUE_NOT_ALLOWED',
      message: 'env.KERNEL_VOLUMES: a volume of type hostPath is not allowed by the operator.',
      hint: expect.stringContaining('EG_ALLOWED_VOLUME_TYPES'),
    });
    expect(planned(env, { allowedVolumeTypes: ['hostPath'] }).env).toMatchObject(env);
    expect(planned(env, {}, BY_OPERATOR).env).toMatchObject(env);
  });

  test('are of the types that the operator lists, each of them', () => {
    const rules = { allowedVolumeTypes: ['emptyDir'] };
    expect(planned({ KERNEL_VOLUMES: emptyDir }, rules).env['KERNEL_VOLUMES']).toBe(emptyDir);
    const two = '[{"name": "a", "emptyDir": {}}, {"name": "b", "emptyDir": {}, "nfs": {}}]';
    expect(refusalOf(() => planned({ KERNEL_VOLUMES: two }, rules)).message).toContain('type nfs');
  });
});

describe('a working directory', () => {
  const env = { KERNEL_WORKING_DIR: '/home/jovyan/work' };

  test("is the container's where the operator mirrors those", () => {
    expect(planned(env, {}, { mirrorWorkingDirs: true }).env).toMatchObject(env);
    expect(planned(env).env).not.toHaveProperty('KERNEL_WORKING_DIR');
  });

  test('must be an absolute path', () => {
    const relative = { KERNEL_WORKING_DIR: 'C:\\work' };
    expect(refusalOf(() => planned(relative, {}, { mirrorWorkingDirs: true })).message).toBe(
      'env.KERNEL_WORKING_DIR: must be an absolute path.',
    );
    expect(planned(relative).env).not.toHaveProperty('KERNEL_WORKING_DIR');
  });
});

test('a plan names what Kubernetes accepts, or is refused, whatever a client sends', () => {
  const name = fc.constantFrom(
    'KERNEL_POD_NAME',
    'KERNEL_USERNAME',
    'KERNEL_NAMESPACE',
    'KERNEL_SERVICE_ACCOUNT_NAME',
    'KERNEL_IMAGE',
    'KERNEL_UID',
    'KERNEL_CPUS',
    'KERNEL_VOLUMES',
  );
  const text = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom(...'aB0-._/:{} []') }),
  );
  const label = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/;
  fc.assert(
    fc.property(fc.dictionary(name, text, { noNullPrototype: true }), (env) => {
      let plan: ReturnType<typeof planned>;
      try {
        plan = planned(env);
      } catch (error) {
        expect(error).toBeInstanceOf(RequestError);
        expect((error as Error).message).not.toMatch(/[\r\n]/);
        return;
      }
      expect(plan.env['KERNEL_POD_NAME']).toMatch(label);
      expect(plan.env['KERNEL_NAMESPACE']).toMatch(label);
      expect(plan.env['KERNEL_UID']).toMatch(/^[1-9][0-9]*$/);
      if (!env['KERNEL_NAMESPACE']) expect(plan.ownNamespace).toBe(plan.env['KERNEL_POD_NAME']);
    }),
    { numRuns: 1000 },
  );
});

test('a variable that no container can have is refused to the client who named it', () => {
  const refusal = refusalOf(() => planned({ 'KERNEL_A B': 'x' })) as RequestError;
  expect(refusal.code).toBe('INVALID_REQUEST');
  expect(refusal.message).toContain('env: "KERNEL_A B" is no name for a variable of a container');
});
