import { describe, expect, it } from 'vitest';
import { configFixture, exactly, userConfig } from './config-fixture.ts';

describe('where settings come from', () => {
  it('takes the command line before the config file, this before the environment, and this before the default', async () => {
    const { load, write } = await configFixture();
    await write(`${userConfig}.json`, { EnterpriseGatewayApp: { port: 3001, port_retries: 31 } });
    const env = { EG_PORT: '2001', EG_PORT_RETRIES: '21', EG_BASE_URL: '/from-env' };
    const { settings } = await load({ argv: ['--port=1001'], env });
    expect(settings).toMatchObject({ port: 1001, portRetries: 31, baseUrl: '/from-env', ip: '127.0.0.1' });
    expect(settings.sources).toMatchObject({
      port: 'cli',
      portRetries: 'file',
      baseUrl: 'env',
      ip: 'default',
    });
  });

  it('tells the default unauthorized users from ones that the operator has set to the same', async () => {
    const { load } = await configFixture();
    const untouched = await load();
    const chosen = await load({ env: { EG_UNAUTHORIZED_USERS: 'root' } });
    expect(untouched.settings.unauthorizedUsers).toEqual(chosen.settings.unauthorizedUsers);
    expect(untouched.settings.sources.unauthorizedUsers).toBe('default');
    expect(chosen.settings.sources.unauthorizedUsers).toBe('env');
  });

  it('lets the operator empty the unauthorized users', async () => {
    const { load } = await configFixture();
    const { settings } = await load({ env: { EG_UNAUTHORIZED_USERS: '' } });
    expect(settings.unauthorizedUsers).toEqual([]);
  });

  it('has no warnings when nothing is set', async () => {
    const { load } = await configFixture();
    expect(await load()).toMatchObject({ warnings: [], configFiles: [], action: undefined });
  });
});

describe('the environment', () => {
  it.each(['EG_PORT', 'EG_MAX_KERNELS', 'EG_LIST_KERNELS', 'EG_CERTFILE', 'EG_IP', 'EG_LOG_LEVEL'])(
    'takes an empty %s as not set',
    async (name) => {
      const { load } = await configFixture();
      const empty = await load({ env: { [name]: '' } });
      expect(empty.settings).toEqual((await load()).settings);
    },
  );

  it('knows the older names, and warns about each that counts', async () => {
    const { load } = await configFixture();
    const { settings, warnings } = await load({ env: { KG_PORT: '4001', EG_ENV_WHITELIST: 'A,B' } });
    expect(settings).toMatchObject({ port: 4001, clientEnvs: ['A', 'B'] });
    expect(warnings).toEqual([
      'KG_PORT is deprecated: use EG_PORT',
      'EG_ENV_WHITELIST is deprecated: use EG_CLIENT_ENVS',
    ]);
  });

  it('prefers a current name to an older one, and is then silent about the older one', async () => {
    const { load } = await configFixture();
    const { settings, warnings } = await load({ env: { KG_PORT: '4001', EG_PORT: '4002' } });
    expect(settings.port).toBe(4002);
    expect(warnings).toEqual([]);
  });

  it('warns once about an unknown EG_ variable, with the nearest known name and without its value', async () => {
    const { load } = await configFixture();
    const { warnings } = await load({ env: { EG_AUTH_TOKN: 'hunter2', OTHER: 'x' } });
    expect(warnings).toEqual([
      'EG_AUTH_TOKN is not a variable of the gateway and is ignored; did you mean EG_AUTH_TOKEN?',
    ]);
  });

  it('reads the variables that the start script of the gateway image sets', async () => {
    const { load } = await configFixture();
    const { settings, warnings } = await load({
      env: {
        EG_IP: '0.0.0.0',
        EG_PORT: '8888',
        EG_PORT_RETRIES: '0',
        EG_SSH_PORT: '2122',
        EG_ENABLE_TUNNELING: 'False',
        EG_LIST_KERNELS: 'True',
        EG_LOG_LEVEL: 'DEBUG',
        EG_CULL_IDLE_TIMEOUT: '43200',
        EG_CULL_INTERVAL: '60',
        EG_CULL_CONNECTED: 'False',
        EG_ALLOWED_KERNELS: 'null',
        EG_DEFAULT_KERNEL_NAME: 'python_docker',
        EG_KERNEL_INFO_TIMEOUT: '60',
      },
    });
    expect(warnings).toEqual([]);
    expect(settings).toMatchObject({
      ip: '0.0.0.0',
      portRetries: 0,
      logLevel: 'DEBUG',
      cullIdleTimeout: 43200,
    });
    expect(settings).toMatchObject({
      cullInterval: 60,
      allowedKernels: null,
      defaultKernelName: 'python_docker',
    });
  });

  it.each([
    ['null', null],
    ['', null],
    ["['a','B']", ['a', 'b']],
    ['["R_kubernetes"]', ['r_kubernetes']],
    ['a,b', ['a', 'b']],
    ["'a','b'", ['a', 'b']],
    ["{'a'}", ['a']],
  ])('reads EG_ALLOWED_KERNELS=%s', async (text, expected) => {
    const { load } = await configFixture();
    expect((await load({ env: { EG_ALLOWED_KERNELS: text } })).settings.allowedKernels).toEqual(expected);
  });
});

describe('the command line', () => {
  it('takes a value after = or as the next word, negative numbers included', async () => {
    const { load } = await configFixture();
    const argv = ['--port', '1', '--ip=::1', '--EnterpriseGatewayApp.max_kernels_per_user', '-1'];
    expect((await load({ argv })).settings).toMatchObject({ port: 1, ip: '::1', maxKernelsPerUser: -1 });
  });

  it.each(['EnterpriseGatewayConfigMixin.port', 'EnterpriseGatewayApp.port', 'port'])(
    'knows --%s',
    async (name) => {
      const { load } = await configFixture();
      expect((await load({ argv: [`--${name}=77`] })).settings.port).toBe(77);
    },
  );

  it.each([
    'RemoteMappingKernelManager',
    'AsyncMappingKernelManager',
    'MappingKernelManager',
    'RemoteKernelManager',
  ])('takes cull_idle_timeout of %s', async (className) => {
    const { load } = await configFixture();
    const { settings } = await load({ argv: [`--${className}.cull_idle_timeout=9`] });
    expect(settings.cullIdleTimeout).toBe(9);
  });

  it('prefers the class itself to its ancestors', async () => {
    const { load } = await configFixture();
    const argv = ['--RemoteMappingKernelManager.cull_interval=1', '--MappingKernelManager.cull_interval=2'];
    expect((await load({ argv })).settings.cullInterval).toBe(1);
  });

  it.each([
    [['--EnterpriseGatewayApp.client_envs=A', '--EnterpriseGatewayApp.client_envs=B']],
    [["--EnterpriseGatewayApp.client_envs=['A', 'B']"]],
    [['--EnterpriseGatewayApp.client_envs=["A","B"]']],
    [['--EnterpriseGatewayApp.client_envs=A,B']],
  ])('reads a list from %j', async (argv) => {
    const { load } = await configFixture();
    expect((await load({ argv })).settings.clientEnvs).toEqual(['A', 'B']);
  });

  it('reads None as the absence of a limit', async () => {
    const { load } = await configFixture();
    const given = { argv: ['--EnterpriseGatewayApp.max_kernels=None'], env: { EG_MAX_KERNELS: '3' } };
    expect((await load(given)).settings.maxKernels).toBeNull();
  });

  it.each([
    [['--prot=1'], 'unknown option --prot; did you mean --port?'],
    [['--max_kernels=1'], 'unknown option --max_kernels; did you mean --EnterpriseGatewayApp.max_kernels?'],
    [['--EnterpriseGatewayApp.max_kernel=1'], /did you mean --EnterpriseGatewayApp.max_kernels\?$/],
    [['-x'], /^unknown option -x/],
    [['--port'], /^--port needs a value/],
    [['--port', '--ip=::1'], /^--port needs a value/],
    [['--debug=1'], '--debug takes no value'],
    [['stray'], /^unexpected argument "stray"/],
  ])('refuses %j with one line', async (argv, message) => {
    const { load } = await configFixture();
    await expect(load({ argv })).rejects.toMatchObject({
      name: 'ConfigError',
      message: expect.stringMatching(exactly(message)),
    });
  });

  it('sets the log level to DEBUG with --debug', async () => {
    const { load } = await configFixture();
    expect((await load({ argv: ['--debug'] })).settings.logLevel).toBe('DEBUG');
  });

  it.each([
    [['--help'], 'help'],
    [['-h'], 'help'],
    [['--help-all'], 'help-all'],
    [['--version'], 'version'],
    [['--generate-config'], 'generate-config'],
  ] as const)('answers %j even when the configuration is broken', async (argv, action) => {
    const { load, write } = await configFixture();
    await write(`${userConfig}.json`, '{');
    expect(await load({ argv, env: { EG_PORT: 'x' } })).toMatchObject({ action });
  });

  it('tells what --generate-config is to write, and whether to ask', async () => {
    const { load, home } = await configFixture();
    const plain = await load({ argv: ['--generate-config'] });
    expect(plain).toMatchObject({ generatedConfigFile: `${home}/${userConfig}.py`, answerYes: false });
    const named = await load({ argv: ['-y', '--generate-config', '--config=here'] });
    expect(named).toMatchObject({ generatedConfigFile: `${home}/here.py`, answerYes: true });
  });
});
