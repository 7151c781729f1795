import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { within } from './deadline.ts';
import { type GatewayOptions, GatewayProcess, ownGateway } from './gateway-process.ts';
import { describeE2e } from './suite.ts';

/** Starts a gateway that is expected not to come up, and gives its end and its words. */
async function failingStart(options: GatewayOptions): Promise<{ code: number | null; log: string }> {
  const gateway = await GatewayProcess.launch(options);
  onTestFinished(() => gateway.destroy());
  const { code } = await within(20_000, 'its end', gateway.exited);
  return { code, log: gateway.log };
}

describeE2e('the start', () => {
  it('prints the address, the kernels on offer and how to connect JupyterLab', async () => {
    const gateway = await ownGateway();
    await gateway.logged(new RegExp(`http://127\\.0\\.0\\.1:${gateway.port}`));
    await gateway.logged(/python3/);
    await gateway.logged(new RegExp(`jupyter lab --gateway-url=?\\s*http://127\\.0\\.0\\.1:${gateway.port}`));
    await gateway.stop();
  });

  it('succeeds without any Python on the PATH', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'kernelgate-e2e-bin-'));
    onTestFinished(() => rmSync(directory, { recursive: true }));
    symlinkSync(process.execPath, join(directory, 'node'));
    const bare = await ownGateway({ env: { PATH: directory, JUPYTER_PATH: join(directory, 'nothing') } });
    const { status, json } = await bare.request('/api/kernelspecs');
    expect(status).toBe(200);
    // A private environment that an earlier start made is offered; else it says what is missing.
    if (Object.keys(json.kernelspecs).length === 0) await bare.logged(/install/i);
    await bare.stop();
  });

  it('warns loudly of an address that everyone reaches when there is no token', async () => {
    const open = await ownGateway({ env: { EG_IP: '0.0.0.0' } });
    await open.logged(/warn/i);
    await open.logged(/token/i);
    await open.stop();
    const guarded = await ownGateway({ env: { EG_IP: '0.0.0.0', EG_AUTH_TOKEN: 'abc' } });
    expect(guarded.log).not.toMatch(/without a token|no token/i);
    await guarded.stop();
  });

  it('takes the command line before the file, and the file before the environment', async () => {
    const first = await ownGateway();
    writeFileSync(
      join(first.root, 'config/jupyter_enterprise_gateway_config.json'),
      JSON.stringify({ EnterpriseGatewayApp: { auth_token: 'from-file', max_age: '20' } }),
    );
    await first.stop();
    const env = { EG_AUTH_TOKEN: 'from-env', EG_MAX_AGE: '30', EG_EXPOSE_HEADERS: 'from-env' };
    const args = ['--EnterpriseGatewayApp.auth_token=from-cli'];
    const gateway = await ownGateway({ after: first, env, args });
    const answer = (token: string) =>
      gateway.request('/api', { headers: { Authorization: `token ${token}` } });
    expect((await answer('from-file')).status).toBe(401);
    expect((await answer('from-env')).status).toBe(401);
    const { status, headers } = await answer('from-cli');
    expect(status).toBe(200);
    expect(headers).toMatchObject({
      'access-control-max-age': '20',
      'access-control-expose-headers': 'from-env',
    });
    await gateway.stop();
  });

  it('reads a configuration file written in Python', async () => {
    const first = await ownGateway();
    const file = join(first.root, 'my_config.py');
    writeFileSync(file, 'c = get_config()\nc.EnterpriseGatewayApp.expose_headers = "from" + "-python"\n');
    await first.stop();
    const gateway = await ownGateway({ after: first, args: [`--config=${file}`] });
    expect((await gateway.request('/api')).headers['access-control-expose-headers']).toBe('from-python');
    await gateway.stop();
  });

  it('takes the names of old, with a warning', async () => {
    const gateway = await ownGateway({ env: { KG_EXPOSE_HEADERS: 'old', EG_ENV_WHITELIST: 'A' } });
    await gateway.logged(/KG_EXPOSE_HEADERS/);
    await gateway.logged(/EG_ENV_WHITELIST/);
    expect((await gateway.request('/api')).headers['access-control-expose-headers']).toBe('old');
    await gateway.stop();
  });

  it.each([
    ['a port that is no number', { args: ['--EnterpriseGatewayApp.max_kernels=many'] }, 'max_kernels'],
    ['a variable that is no number', { env: { EG_CULL_IDLE_TIMEOUT: 'soon' } }, 'EG_CULL_IDLE_TIMEOUT'],
    ['an option that does not exist', { args: ['--EnterpriseGatewayApp.max_kernel=3'] }, 'max_kernels'],
    [
      'a configuration file that is not there',
      { args: ['--config=/no/such/file.json'] },
      '/no/such/file.json',
    ],
    ['a key without its certificate', { env: { EG_KEYFILE: '/no/such/key.pem' } }, 'certfile|EG_CERTFILE'],
  ])('stops for %s, with one clear line', async (_title, options, named) => {
    const { code, log } = await failingStart(options);
    expect(code).not.toBe(0);
    expect(log).toMatch(new RegExp(named));
    expect(log).not.toMatch(/\n\s+at /);
    expect(log.trim().split('\n').length).toBeLessThanOrEqual(2);
  });

  it('stops when the port is taken, and says so', async () => {
    const gateway = await ownGateway();
    const { code, log } = await failingStart({ args: [`--port=${gateway.port}`] });
    expect(code).not.toBe(0);
    expect(log).toContain(String(gateway.port));
    expect(log).not.toMatch(/\n\s+at /);
    await gateway.stop();
  });

  it('tries further ports when it may', async () => {
    const gateway = await ownGateway();
    const second = await GatewayProcess.launch({ args: [`--port=${gateway.port}`, '--port_retries=20'] });
    onTestFinished(() => second.destroy());
    await second.logged(/http:\/\/127\.0\.0\.1:\d+/);
    const [, port] = /http:\/\/127\.0\.0\.1:(\d+)/.exec(second.log) ?? [];
    expect(Number(port)).not.toBe(gateway.port);
    await second.stop();
    await gateway.stop();
  });

  it.each(['--help', '--help-all', '--version', '--show-config', '--show-config-json'])(
    'answers %s and ends with success',
    async (flag) => {
      const { code, log } = await failingStart({ args: [flag], env: { EG_AUTH_TOKEN: 'hush-77' } });
      expect(code).toBe(0);
      expect(log).not.toBe('');
      expect(log).not.toContain('hush-77');
    },
  );

  it('says nothing of a secret, whatever the log level', async () => {
    const gateway = await ownGateway({ env: { EG_AUTH_TOKEN: 'hush-77', EG_LOG_LEVEL: 'DEBUG' } });
    const headers = { Authorization: 'token hush-77' };
    const body = { name: 'python3', env: { KERNEL_PASSWORD: 'hush-78' } };
    const { json } = await gateway.request('/api/kernels', { method: 'POST', headers, body });
    await gateway.request(`/api/kernels/${json.id}?token=hush-77`, { method: 'DELETE' });
    await gateway.stop();
    expect(gateway.log).not.toContain('hush-77');
    expect(gateway.log).not.toContain('hush-78');
  });
});

describeE2e('the log', () => {
  it('is one JSON object a line, with the id of the kernel that it is about', async () => {
    const gateway = await ownGateway();
    const { json } = await gateway.request('/api/kernels', { method: 'POST' });
    await gateway.logged(new RegExp(json.id));
    await gateway.stop();
    const lines = gateway.log.split('\n').filter((line) => line.includes(json.id));
    for (const line of lines) expect(JSON.parse(line), line).toEqual(expect.any(Object));
  });

  it("holds the kernel's own words", async () => {
    const gateway = await ownGateway({
      kernelspecs: (python) => ({
        talkative: {
          argv: [
            python,
            '-c',
            'import sys; print("words of the kernel", file=sys.stderr, flush=True); from ipykernel.kernelapp import launch_new_instance; launch_new_instance(sys.argv[1:])',
            '-f',
            '{connection_file}',
          ],
          display_name: 'Talkative',
          language: 'python',
        },
      }),
    });
    const { json } = await gateway.request('/api/kernels', { method: 'POST', body: { name: 'talkative' } });
    await gateway.logged(/words of the kernel/);
    const line = gateway.log.split('\n').find((one) => one.includes('words of the kernel')) ?? '';
    expect(line).toContain(json.id);
    await gateway.stop();
  });
});
