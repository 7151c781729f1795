import { expect, it } from 'vitest';
import { type GatewayProcess, sharedGateway } from './gateway-process.ts';
import { evaluate, KernelClient, launchKernel } from './kernel-client.ts';
import { pythonSpec } from './kernelspecs.ts';
import { describeE2e } from './suite.ts';

const CANARY = 'canary-5e0a77';
const TOKEN = 'token-c3b1d2';
const ALLOWED = { Authorization: `token ${TOKEN}` };

type Environment = Record<string, string>;

async function environmentOf(gateway: GatewayProcess, id: string): Promise<Environment> {
  const client = await KernelClient.connect(gateway, id, { headers: ALLOWED });
  return evaluate(client, 'dict(__import__("os").environ)');
}

async function launched(gateway: GatewayProcess, body?: unknown): Promise<Environment> {
  const answer = await gateway.request('/api/kernels', { method: 'POST', headers: ALLOWED, body });
  expect(answer.status, answer.text).toBe(201);
  const environment = await environmentOf(gateway, answer.json.id);
  await gateway.request(`/api/kernels/${answer.json.id}`, { method: 'DELETE', headers: ALLOWED });
  return environment;
}

describeE2e("a kernel's environment", () => {
  const gateway = sharedGateway({
    env: {
      CANARY,
      AWS_SECRET_ACCESS_KEY: CANARY,
      KERNEL_CANARY: CANARY,
      EG_AUTH_TOKEN: TOKEN,
      EG_CLIENT_ENVS: 'COLOUR,SHAPE',
      EG_INHERITED_ENVS: 'PATH,HANDED_DOWN',
      HANDED_DOWN: 'from the gateway',
    },
    kernelspecs: (python) => ({
      own_env: pythonSpec(python, {
        env: {
          FROM_SPEC: 'spec',
          COLOUR: 'spec',
          KERNEL_SIZE: 'spec',
          KERNEL_GATEWAY: '0',
          // biome-ignore lint/suspicious/noTemplateCurlyInString: the kernelspec's own notation
          COMPOSED: 'for ${KERNEL_USERNAME}',
        },
      }),
    }),
  });

  it.each([
    ['a body without env', { name: 'python3' }],
    ['an empty env', { name: 'python3', env: {} }],
    ['an env', { name: 'python3', env: { KERNEL_X: '1' } }],
    ['no body', undefined],
  ])('holds nothing of the gateway, launched with %s', async (_title, body) => {
    const environment = await launched(gateway.current, body);
    const all = JSON.stringify(environment);
    expect(all).not.toContain(CANARY);
    expect(all).not.toContain(TOKEN);
    expect(environment['KERNEL_GATEWAY']).toBe('1');
    expect(environment['HANDED_DOWN']).toBe('from the gateway');
  });

  it('holds nothing of the gateway when a session launches it', async () => {
    const answer = await gateway.current.request('/api/sessions', {
      method: 'POST',
      headers: ALLOWED,
      body: { path: 'x.ipynb', name: '', type: 'notebook', kernel: { name: 'python3' } },
    });
    const environment = await environmentOf(gateway.current, answer.json.kernel.id);
    expect(JSON.stringify(environment)).not.toContain(CANARY);
    expect(JSON.stringify(environment)).not.toContain(TOKEN);
    await gateway.current.request(`/api/sessions/${answer.json.id}`, { method: 'DELETE', headers: ALLOWED });
  });

  it('holds nothing of the gateway after a restart', async () => {
    const answer = await gateway.current.request('/api/kernels', { method: 'POST', headers: ALLOWED });
    const { id } = answer.json;
    await gateway.current.request(`/api/kernels/${id}/restart`, { method: 'POST', headers: ALLOWED });
    const environment = await environmentOf(gateway.current, id);
    expect(JSON.stringify(environment)).not.toContain(CANARY);
    await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE', headers: ALLOWED });
  });

  it('takes KERNEL_* and the names that clients may set, and no others', async () => {
    const env = {
      KERNEL_ANYTHING: 'a b  c',
      COLOUR: 'red',
      FORBIDDEN: 'x',
      PYTHONPATH: '/x',
      LD_PRELOAD: '/x.so',
    };
    const environment = await launched(gateway.current, { name: 'python3', env });
    expect(environment).toMatchObject({ KERNEL_ANYTHING: 'a b  c', COLOUR: 'red' });
    for (const name of ['FORBIDDEN', 'PYTHONPATH', 'LD_PRELOAD'])
      expect(environment).not.toHaveProperty(name);
  });

  it('lets the request win over the kernelspec, and neither over KERNEL_GATEWAY', async () => {
    const env = { COLOUR: 'red', KERNEL_SIZE: 'large', KERNEL_GATEWAY: '7', KERNEL_USERNAME: 'ada' };
    expect(await launched(gateway.current, { name: 'own_env', env })).toMatchObject({
      FROM_SPEC: 'spec',
      COLOUR: 'red',
      KERNEL_SIZE: 'large',
      KERNEL_GATEWAY: '1',
      KERNEL_USERNAME: 'ada',
      COMPOSED: 'for ada',
    });
    expect(await launched(gateway.current, { name: 'own_env' })).toMatchObject({
      COLOUR: 'spec',
      KERNEL_SIZE: 'spec',
      KERNEL_GATEWAY: '1',
    });
  });

  it("keeps one request's variables from another's kernel", async () => {
    const names = ['one', 'two', 'three'];
    const environments = await Promise.all(
      names.map((name) =>
        launched(gateway.current, { name: 'python3', env: { [`KERNEL_OF_${name}`]: name, SHAPE: name } }),
      ),
    );
    for (const [index, name] of names.entries()) {
      expect(environments[index]).toMatchObject({ [`KERNEL_OF_${name}`]: name, SHAPE: name });
      for (const other of names.filter((one) => one !== name)) {
        expect(environments[index]).not.toHaveProperty(`KERNEL_OF_${other}`);
      }
    }
    const after = await launched(gateway.current, { name: 'python3' });
    expect(Object.keys(after).filter((key) => key.startsWith('KERNEL_OF_') || key === 'SHAPE')).toEqual([]);
  });

  it('tells the kernel its id and its user', async () => {
    const body = { name: 'python3', env: { KERNEL_USERNAME: 'ada' } };
    const answer = await gateway.current.request('/api/kernels', { method: 'POST', headers: ALLOWED, body });
    const environment = await environmentOf(gateway.current, answer.json.id);
    expect(environment).toMatchObject({ KERNEL_ID: answer.json.id, KERNEL_USERNAME: 'ada' });
    await gateway.current.request(`/api/kernels/${answer.json.id}`, { method: 'DELETE', headers: ALLOWED });
  });

  it('stays out of the log', async () => {
    await launched(gateway.current, { name: 'python3', env: { KERNEL_PASSWORD: 'pass-91c2' } });
    expect(gateway.current.log).not.toContain('pass-91c2');
    expect(gateway.current.log).not.toContain(CANARY);
  });
});

describeE2e('EG_CLIENT_ENVS=*', () => {
  const gateway = sharedGateway({ env: { EG_CLIENT_ENVS: '*' } });

  it('lets clients set any name', async () => {
    const id = await launchKernel(gateway.current, { name: 'python3', env: { WHATEVER: 'yes' } });
    expect(await environmentOf(gateway.current, id)).toMatchObject({ WHATEVER: 'yes', KERNEL_GATEWAY: '1' });
  });
});

describeE2e('the working directory', () => {
  const gateway = sharedGateway({ env: { EG_MIRROR_WORKING_DIRS: 'true' } });

  it('is what the client names when directories are mirrored', async () => {
    const directory = `${gateway.current.root}/home`;
    const id = await launchKernel(gateway.current, {
      name: 'python3',
      env: { KERNEL_WORKING_DIR: directory },
    });
    const client = await KernelClient.connect(gateway.current, id);
    expect(await evaluate(client, '__import__("os").getcwd()')).toBe(directory);
  });
});

describeE2e('the working directory that a client names', () => {
  const gateway = sharedGateway();

  it('means nothing unless directories are mirrored', async () => {
    const env = { KERNEL_WORKING_DIR: `${gateway.current.root}/home` };
    const id = await launchKernel(gateway.current, { name: 'python3', env });
    const client = await KernelClient.connect(gateway.current, id);
    expect(await evaluate(client, '__import__("os").getcwd()')).not.toBe(env.KERNEL_WORKING_DIR);
    const gone = { KERNEL_WORKING_DIR: '/no/such/place' };
    await launchKernel(gateway.current, { name: 'python3', env: gone });
  });
});
