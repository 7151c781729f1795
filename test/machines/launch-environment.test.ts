// biome-ignore-all lint/suspicious/noTemplateCurlyInString: that is how kernelspecs refer to variables
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type EnvironmentSources,
  launchCommandEnvironment,
  launchEnvironment,
} from '../../src/machines/launch-environment.ts';

const NEVER_PASSED_ON = ['EG_AUTH_TOKEN', 'KG_AUTH_TOKEN', 'EG_REMOTE_PWD', 'LS_COLORS'];

const variableName = fc.stringMatching(/^[A-Z][A-Z0-9_]{0,12}$/);
const kernelVariable = variableName.map((name) => `KERNEL_${name}`);
const anyName = fc.oneof(variableName, kernelVariable, fc.constantFrom(...NEVER_PASSED_ON, 'KERNEL_GATEWAY'));
const environment = fc.dictionary(anyName, fc.string({ maxLength: 8 }), { noNullPrototype: true });

function launch(given: Partial<EnvironmentSources>): Record<string, string> {
  return launchEnvironment({
    basics: {},
    gateway: {},
    inheritedEnvs: [],
    client: {},
    clientEnvs: [],
    kernelspec: {},
    system: {},
    ...given,
  });
}

describe("whose value a kernel's environment has", () => {
  const kernelspec = { A: 'kernelspec' };

  test.each<[string, Partial<EnvironmentSources>, string | undefined]>([
    ["the gateway's own variables are not passed on", { gateway: { A: 'gateway' } }, undefined],
    ['except those that are inherited', { gateway: { A: 'gateway' }, inheritedEnvs: ['A'] }, 'gateway'],
    ['an inherited one that is not set is not set', { inheritedEnvs: ['A'] }, undefined],
    [
      "a client's wins over an inherited one",
      { gateway: { A: 'gateway' }, inheritedEnvs: ['A'], client: { A: 'client' } },
      'client',
    ],
    ["a kernelspec's wins over what any program needs", { basics: { A: 'basic' }, kernelspec }, 'kernelspec'],
    [
      "an inherited one wins over the kernelspec's",
      { gateway: { A: 'gateway' }, inheritedEnvs: ['A'], kernelspec },
      'gateway',
    ],
    [
      "a client's that is listed wins over the kernelspec's",
      { client: { A: 'client' }, clientEnvs: ['A'], kernelspec },
      'client',
    ],
    [
      "a client's that is only taken because all are does not",
      { client: { A: 'client' }, clientEnvs: ['*'], kernelspec },
      'kernelspec',
    ],
    [
      'but is there when the kernelspec says nothing',
      { client: { A: 'client' }, clientEnvs: ['*'] },
      'client',
    ],
    [
      "the gateway's own word is the last",
      { client: { A: 'client' }, clientEnvs: ['A'], kernelspec, system: { A: 'system' } },
      'system',
    ],
  ])('%s', (_title, given, expected) => {
    expect(launch(given)['A']).toBe(expected);
  });

  test("a client's KERNEL_ variables win over the kernelspec's, listed or not", () => {
    const given = { client: { KERNEL_X: 'client' }, kernelspec: { KERNEL_X: 'kernelspec' } };
    expect(launch(given)['KERNEL_X']).toBe('client');
    expect(launch({ ...given, clientEnvs: ['*'] })['KERNEL_X']).toBe('client');
  });
});

describe("the gateway's own Python", () => {
  const PYTHONEXECUTABLE = '/gateway/python';

  test('is not taken for that of the kernel, whether it is inherited or sent by a client', () => {
    const names = ['PYTHONEXECUTABLE'];
    expect(launch({ gateway: { PYTHONEXECUTABLE }, inheritedEnvs: names })).not.toHaveProperty(names);
    expect(launch({ client: { PYTHONEXECUTABLE }, clientEnvs: names })).not.toHaveProperty(names);
  });

  test('does not take away what a kernelspec says of its own', () => {
    const given = { gateway: { PYTHONEXECUTABLE }, inheritedEnvs: ['PYTHONEXECUTABLE'] };
    const kernelspec = { PYTHONEXECUTABLE: '/kernel/python' };
    expect(launch({ ...given, kernelspec })['PYTHONEXECUTABLE']).toBe('/kernel/python');
  });
});

test('a name that every object has is not inherited as a variable', () => {
  const env = launch({ inheritedEnvs: ['constructor', 'toString', '__proto__'] });
  expect(Object.keys(env)).toEqual(['KERNEL_GATEWAY']);
});

describe("references in a kernelspec's env", () => {
  const client = { KERNEL_A: 'a', KERNEL_EMPTY: '' };

  test.each([
    ['$KERNEL_A', 'a'],
    ['x${KERNEL_A}y', 'xay'],
    ['$KERNEL_A/$KERNEL_A', 'a/a'],
    ['[${KERNEL_EMPTY}]', '[]'],
    ['$KERNEL_AB', '$KERNEL_AB'],
    ['${UNKNOWN}', '${UNKNOWN}'],
    ['${KERNEL_A:-y}', '${KERNEL_A:-y}'],
    ['$$KERNEL_A', '$KERNEL_A'],
    ['$$$KERNEL_A', '$a'],
    ['$1 $ ${} ${ $', '$1 $ ${} ${ $'],
    ['$toString', '$toString'],
    ['${constructor} ${__proto__}', '${constructor} ${__proto__}'],
  ])('%j becomes %j', (written, expected) => {
    expect(launch({ client, kernelspec: { A: written } })['A']).toBe(expected);
  });

  test("see clients' and inherited variables, not those of the kernelspec or of the gateway", () => {
    const kernelspec = { A: '$B', B: 'b', C: '$KERNEL_ID', D: '$PATH', E: '$HOME' };
    const given = { gateway: { PATH: '/bin', HOME: '/root' }, inheritedEnvs: ['PATH'], kernelspec };
    expect(launch({ ...given, system: { KERNEL_ID: 'an-id' } })).toMatchObject({
      A: '$B',
      C: '$KERNEL_ID',
      D: '/bin',
      E: '$HOME',
    });
  });

  test('are resolved once: what they stand for is taken as it is', () => {
    const given = { gateway: { OUTER: '$INNER', INNER: 'x' }, inheritedEnvs: ['OUTER', 'INNER'] };
    expect(launch({ ...given, kernelspec: { A: '$OUTER' } })['A']).toBe('$INNER');
  });
});

describe('whatever comes together', () => {
  const sources = fc.record({
    basics: environment,
    gateway: environment,
    inheritedEnvs: fc.uniqueArray(anyName),
    client: environment,
    clientEnvs: fc.oneof(fc.constant(['*']), fc.uniqueArray(anyName)),
    kernelspec: environment,
    system: environment,
  });

  test('a kernel is told that it runs behind a gateway', () => {
    fc.assert(fc.property(sources, (given) => launchEnvironment(given)['KERNEL_GATEWAY'] === '1'));
  });

  test("neither the gateway's token nor anything else that is its own is passed on", () => {
    fc.assert(
      fc.property(sources, (given) => {
        const names = Object.keys(launchEnvironment(given));
        expect(names.filter((name) => NEVER_PASSED_ON.includes(name))).toEqual([]);
      }),
    );
  });

  test("the gateway's token does not come in by a reference either", () => {
    const tokens = { EG_AUTH_TOKEN: 'hunter2', KG_AUTH_TOKEN: 'hunter2' };
    const kernelspec = { A: '$EG_AUTH_TOKEN', B: '${KG_AUTH_TOKEN}' };
    const inheritedEnvs = Object.keys(tokens);
    const env = launch({ gateway: tokens, inheritedEnvs, clientEnvs: inheritedEnvs, kernelspec });
    expect(JSON.stringify(env)).not.toContain('hunter2');
  });

  test('a variable of the gateway that is not inherited never shows', () => {
    fc.assert(
      fc.property(sources, (given) => {
        const gateway = Object.fromEntries(Object.keys(given.gateway).map((name) => [name, 'hunter2']));
        const inheritedEnvs = given.inheritedEnvs.filter((name) => !(name in gateway));
        const env = launchEnvironment({ ...given, gateway, inheritedEnvs });
        expect(Object.values(env).filter((value) => value.includes('hunter2'))).toEqual([]);
      }),
    );
  });

  test("what the gateway sets is what it set, and a client's KERNEL_ variable is there if it sets none", () => {
    fc.assert(
      fc.property(sources, (given) => {
        const env = launchEnvironment(given);
        for (const [name, value] of Object.entries(given.system)) {
          if (name !== 'KERNEL_GATEWAY' && !NEVER_PASSED_ON.includes(name)) expect(env[name]).toBe(value);
        }
        for (const [name, value] of Object.entries(given.client)) {
          if (name === 'KERNEL_GATEWAY' || name in given.system || !name.startsWith('KERNEL_')) continue;
          expect(env[name]).toBe(value);
        }
      }),
    );
  });
});

describe("the environment of an operator's own launch command", () => {
  const gateway = {
    PATH: '/gateway/bin',
    HOME: '/home/jovyan',
    KUBECONFIG: '/gateway/config',
    KUBERNETES_SERVICE_HOST: '10.0.0.1',
    KUBERNETES_SERVICE_PORT_HTTPS: '443',
    EG_AUTH_TOKEN: 'hunter2',
    LANG: undefined,
  };

  test("is the kernel's, with the gateway's way to the cluster and to programs, and nothing else of the gateway's", () => {
    expect(launchCommandEnvironment({ env: { KERNEL_ID: 'x' } }, gateway)).toEqual({
      PATH: '/gateway/bin',
      HOME: '/home/jovyan',
      KUBECONFIG: '/gateway/config',
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
      KUBERNETES_SERVICE_PORT_HTTPS: '443',
      KERNEL_ID: 'x',
    });
  });

  test("takes the kernel's search path, but never its cluster", () => {
    const env = { PATH: '/spark/bin', KUBECONFIG: '/evil', KUBERNETES_SERVICE_HOST: 'evil.example' };
    expect(launchCommandEnvironment({ env }, gateway)).toMatchObject({
      PATH: '/spark/bin',
      KUBECONFIG: '/gateway/config',
      KUBERNETES_SERVICE_HOST: '10.0.0.1',
    });
  });
});
