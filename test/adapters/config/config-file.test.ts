import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { configFixture, userConfig } from './config-fixture.ts';

describe('which config files are read', () => {
  it('reads JSON and Python of one directory, and JSON wins', async () => {
    const { load, write } = await configFixture();
    const json = await write(`${userConfig}.json`, { EnterpriseGatewayApp: { port: 1 } });
    const python = await write(
      `${userConfig}.py`,
      'c.EnterpriseGatewayApp.port = 2\nc.EnterpriseGatewayApp.port_retries = 3',
    );
    const { settings, configFiles } = await load();
    expect(settings).toMatchObject({ port: 1, portRetries: 3 });
    expect(configFiles).toEqual([json, python]);
  });

  it('searches JUPYTER_CONFIG_PATH, the user, the Python environment and the system, in this order', async () => {
    const { load, write, home } = await configFixture();
    const places = ['listed', '.jupyter', 'conda/etc/jupyter', 'system'];
    const files = await Promise.all(
      places.map((place) =>
        write(`${place}/jupyter_enterprise_gateway_config.json`, { EnterpriseGatewayApp: {} }),
      ),
    );
    const env = { JUPYTER_CONFIG_PATH: join(home, 'listed'), CONDA_PREFIX: join(home, 'conda') };
    expect((await load({ env })).configFiles).toEqual(files);
  });

  it('prefers an active virtual environment to the user, as Jupyter does', async () => {
    const { load, write, home } = await configFixture();
    await write(`${userConfig}.json`, { EnterpriseGatewayApp: { port: 1 } });
    await write('venv/etc/jupyter/jupyter_enterprise_gateway_config.json', {
      EnterpriseGatewayApp: { port: 2 },
    });
    expect((await load({ env: { VIRTUAL_ENV: join(home, 'venv') } })).settings.port).toBe(2);
  });

  it('reads only the file of --config, which may be relative', async () => {
    const { load, write } = await configFixture();
    await write(`${userConfig}.json`, { EnterpriseGatewayApp: { port: 1, port_retries: 1 } });
    await write('mine.json', { EnterpriseGatewayApp: { port: 2 } });
    expect((await load({ argv: ['--config=mine.json'] })).settings).toMatchObject({
      port: 2,
      portRetries: 50,
    });
  });

  it.each([
    ['--config=none.json', '--config is "none.json", but there is no such file'],
    ['--config=some.yaml', '--config is "some.yaml", but must be a .json or .py file'],
  ])('refuses %s', async (argument, message) => {
    const { load } = await configFixture();
    await expect(load({ argv: [argument] })).rejects.toThrow(message);
  });
});

describe('a JSON config file', () => {
  it.each([
    [
      '{"EnterpriseGatewayApp": {"auth_token": "hunter2" "x": 1}}',
      /not valid JSON: Expected ',' .*\(line 1 column/,
    ],
    ['{"EnterpriseGatewayApp": {"auth_token": hunter2}}', /not valid JSON/],
    ['', /not valid JSON: Unexpected end of JSON input/],
    ['[]', /must hold an object/],
    ['{"EnterpriseGatewayApp": 1}', /EnterpriseGatewayApp in .* must be an object/],
    ['{"EnterpriseGatewayApp": {"auth_token": ["hunter2"]}}', /auth_token in .* must be printable ASCII/],
    [
      '{"EnterpriseGatewayApp": {"port": 1.5}}',
      /port in .* is "1.5", but must be a whole number from 0 to 65535/,
    ],
  ])('refuses %s with one line that names the file and holds no secret', async (content, message) => {
    const { load, write } = await configFixture();
    const file = await write(`${userConfig}.json`, content);
    const error = await load().catch((reason) => reason);
    expect(error).toMatchObject({ name: 'ConfigError', code: 'CONFIG_INVALID' });
    expect(error.message).toMatch(message);
    expect(error.message).toContain(file);
    expect(error.message).not.toMatch(/hunter2|\n/);
  });

  it('warns about unknown options, with the nearest known name', async () => {
    const { load, write } = await configFixture();
    const file = await write(`${userConfig}.json`, { EnterpriseGatewayApp: { max_kernel: 1 }, version: 1 });
    expect((await load()).warnings).toEqual([
      `EnterpriseGatewayApp.max_kernel in ${file} is unknown and is ignored; did you mean EnterpriseGatewayApp.max_kernels?`,
    ]);
  });

  it('warns about the older name of an option', async () => {
    const { load, write } = await configFixture();
    const file = await write(`${userConfig}.json`, { KernelSpecManager: { whitelist: ['A'] } });
    const { settings, warnings } = await load();
    expect(settings.allowedKernels).toEqual(['a']);
    expect(warnings).toEqual([
      `KernelSpecManager.whitelist in ${file} is deprecated: use KernelSpecManager.allowed_kernelspecs`,
    ]);
  });
});

describe('a Python config file', () => {
  it('is run, whatever it prints', async () => {
    const { load, write } = await configFixture();
    await write('.jupyter/more.py', 'c.EnterpriseGatewayApp.base_url = "/more"');
    await write(
      `${userConfig}.py`,
      [
        'import os',
        'print("{}")',
        'c = get_config()',
        'load_subconfig("more.py")',
        'c.EnterpriseGatewayApp.port = 4000 + len(os.environ["FOUR"])',
        'c["FileKernelSessionManager"]["enable_persistence"] = True',
        'c.EnterpriseGatewayApp.update({"authorized_users": {"bob", "alice"}})',
        'c.EnterpriseGatewayApp.max_kernels = None',
      ].join('\n'),
    );
    const { settings } = await load({ env: { FOUR: 'abcd' } });
    expect(settings).toMatchObject({
      baseUrl: '/more',
      port: 4004,
      sessionPersistence: true,
      maxKernels: null,
    });
    expect(settings.authorizedUsers).toEqual(['alice', 'bob']);
  });

  it('can extend what the environment and other files say', async () => {
    const { load, write } = await configFixture();
    await write(
      'system/jupyter_enterprise_gateway_config.py',
      'c.EnterpriseGatewayApp.client_envs.append("SYSTEM")',
    );
    await write(
      `${userConfig}.py`,
      'c.EnterpriseGatewayApp.client_envs.extend(["USER"])\nc.EnterpriseGatewayApp.unauthorized_users.add("eve")',
    );
    const { settings } = await load({ env: { EG_CLIENT_ENVS: 'ENV' } });
    expect(settings.clientEnvs).toEqual(['ENV', 'SYSTEM', 'USER']);
    expect(settings.unauthorizedUsers).toEqual(['root', 'eve']);
  });

  it.each([
    ['x =', /line 1: SyntaxError: invalid syntax/],
    ['\nc.EnterpriseGatewayApp.port = 1 / 0', /line 2: ZeroDivisionError: division by zero/],
    ['import no_such_module', /line 1: ModuleNotFoundError/],
    ['raise SystemExit(3)', /line 1: SystemExit: 3/],
    ['import os; os._exit(3)', /ended Python before its end/],
    [
      'c.EnterpriseGatewayApp.port = print',
      /is a Python builtin_function_or_method, but must be a whole number/,
    ],
    [
      'c.EnterpriseGatewayApp.cull = 1\nc.RemoteKernelManager.cull_interval = float("nan")',
      /must be a number of seconds/,
    ],
    ['c.EnterpriseGatewayApp.port.append(1)', /port in .* is to be extended, but must be a whole number/],
  ])('that says %j is refused with one line that names it', async (content, message) => {
    const { load, write } = await configFixture();
    const file = await write(`${userConfig}.py`, content);
    const error = await load().catch((reason) => reason);
    expect(error.name).toBe('ConfigError');
    expect(error.message).toMatch(message);
    expect(error.message).toContain(file);
    expect(error.message).not.toContain('\n');
  });

  it('needs Python, and says so where there is none', async () => {
    const { load, write, home } = await configFixture();
    const file = await write(`${userConfig}.py`, '');
    await expect(load({ env: { PATH: home } })).rejects.toThrow(
      `${file} needs python3, which is not on the PATH: install it, or use ${home}/${userConfig}.json`,
    );
  });
});
