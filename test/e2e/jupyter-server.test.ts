import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from './deadline.ts';
import { sharedGateway, unusedPort } from './gateway-process.ts';
import { JupyterServer } from './jupyter-server-process.ts';
import { evaluate } from './kernel-client.ts';
import { pythonSpec, scriptSpec } from './kernelspecs.ts';
import { killProcess } from './process-list.ts';
import { describeE2e } from './suite.ts';

const GATEWAY_TOKEN = 'gateway-token-5';

describeE2e.each([
  ['without a token', {}, {}],
  [
    'with a token and a base URL',
    { EG_AUTH_TOKEN: GATEWAY_TOKEN, EG_BASE_URL: '/gw' },
    { JUPYTER_GATEWAY_AUTH_TOKEN: GATEWAY_TOKEN },
  ],
])(
  'Jupyter Server in front of a gateway %s',
  (_title, gatewayEnv: Record<string, string>, serverEnv: Record<string, string>) => {
    const gateway = sharedGateway({
      env: gatewayEnv,
      kernelspecs: (python) => ({
        python3: pythonSpec(python, { files: { 'logo-64x64.png': 'the logo' } }),
        exits_at_once: scriptSpec(python, 'import sys; sys.exit("libmagic.so.7 is missing")'),
      }),
    });
    let server: JupyterServer;
    const fromGateway = (path: string) =>
      gateway.current.request(path, { headers: { Authorization: `token ${GATEWAY_TOKEN}` } });

    beforeAll(async () => {
      server = new JupyterServer(gateway.current, await unusedPort(), {
        KERNEL_USERNAME: 'ada',
        ...serverEnv,
      });
      await server.ready();
    });
    afterAll(async () => {
      try {
        await server?.stop();
        expect((await fromGateway('/api/kernels')).json, 'kernels left by the Jupyter Server').toEqual([]);
      } finally {
        server?.destroy();
      }
    });

    it('shows the kernelspecs and their logos', async () => {
      const { status, json } = await server.request('/api/kernelspecs');
      expect(status).toBe(200);
      expect(json.default).toBe('python3');
      const logo = json.kernelspecs.python3.resources['logo-64x64'];
      expect((await server.request(logo)).text).toBe('the logo');
    });

    it('runs a notebook session: created, executed, renamed, ended', async () => {
      const body = { path: 'n.ipynb', name: 'n', type: 'notebook', kernel: { name: 'python3' } };
      const created = await server.request('/api/sessions', { method: 'POST', body });
      expect(created.status, created.text.slice(0, 500)).toBe(201);
      const { id } = created.json.kernel;
      const client = await server.connect(id);
      expect((await client.execute('print(6 * 7)')).stdout).toBe('42\n');
      expect(await evaluate(client, '__import__("os").environ["KERNEL_USERNAME"]')).toBe('ada');
      expect((await fromGateway(`/api/kernels/${id}`)).json).toMatchObject({ id, connections: 1 });
      const patched = await server.request(`/api/sessions/${created.json.id}`, {
        method: 'PATCH',
        body: { path: 'm.ipynb' },
      });
      expect(patched.json.path).toBe('m.ipynb');
      expect((await server.request(`/api/sessions/${created.json.id}`, { method: 'DELETE' })).status).toBe(
        204,
      );
      expect((await fromGateway(`/api/kernels/${id}`)).status).toBe(404);
    });

    it('interrupts and restarts', async () => {
      const { json } = await server.request('/api/kernels', { method: 'POST', body: { name: 'python3' } });
      const client = await server.connect(json.id);
      const running = client.sendExecute('print("on", flush=True)\nx = 1\nimport time\ntime.sleep(300)');
      await client.message('output', ({ header }) => header.msg_type === 'stream');
      expect((await server.request(`/api/kernels/${json.id}/interrupt`, { method: 'POST' })).status).toBe(
        204,
      );
      expect((await client.finished(running)).reply.content.ename).toBe('KeyboardInterrupt');
      expect(await evaluate(client, 'x')).toBe(1);

      expect((await server.request(`/api/kernels/${json.id}/restart`, { method: 'POST' })).status).toBe(200);
      const next = await server.connect(json.id);
      expect((await next.execute('x')).reply.content.ename).toBe('NameError');
      await server.request(`/api/kernels/${json.id}`, { method: 'DELETE' });
    });

    it('asks for input', async () => {
      const { json } = await server.request('/api/kernels', { method: 'POST', body: { name: 'python3' } });
      const client = await server.connect(json.id);
      const msgId = client.sendExecute('print("Hello", input("Who? "))', { allow_stdin: true });
      await client.message('the question', ({ channel }) => channel === 'stdin');
      client.send({ channel: 'stdin', type: 'input_reply', content: { status: 'ok', value: 'Ada' } });
      expect((await client.finished(msgId)).stdout).toBe('Hello Ada\n');
      await server.request(`/api/kernels/${json.id}`, { method: 'DELETE' });
    });

    it('tells the death of a kernel, and goes on', async () => {
      const { json } = await server.request('/api/kernels', { method: 'POST', body: { name: 'python3' } });
      const client = await server.connect(json.id);
      killProcess(await evaluate<number>(client, '__import__("os").getpid()'));
      await client.status('restarting');
      expect((await client.execute('print("back")')).stdout).toBe('back\n');
      await server.request(`/api/kernels/${json.id}`, { method: 'DELETE' });
    });

    it('logs why a kernel could not be started', async () => {
      const { status } = await server.request('/api/kernels', {
        method: 'POST',
        body: { name: 'exits_at_once' },
      });
      expect(status).toBeGreaterThanOrEqual(400);
      // The answer to the browser holds a format string that was never filled in; the log is right.
      await eventually(5_000, 'the reason in the log', () => server.log.includes('libmagic.so.7 is missing'));
    });

    it('lists its kernels, and notices one that is gone from the gateway', async () => {
      const { json } = await server.request('/api/kernels', { method: 'POST', body: { name: 'python3' } });
      const ids = async () =>
        (await server.request('/api/kernels')).json.map((kernel: { id: string }) => kernel.id);
      expect(await ids()).toContain(json.id);
      await gateway.current.request(`/api/kernels/${json.id}`, {
        method: 'DELETE',
        headers: { Authorization: `token ${GATEWAY_TOKEN}` },
      });
      expect(await ids()).not.toContain(json.id);
    });

    it('deletes a kernel', async () => {
      const { json } = await server.request('/api/kernels', { method: 'POST', body: { name: 'python3' } });
      expect((await server.request(`/api/kernels/${json.id}`, { method: 'DELETE' })).status).toBe(204);
      expect((await fromGateway(`/api/kernels/${json.id}`)).status).toBe(404);
    });

    it('lets a page that went away come back', async () => {
      const { json } = await server.request('/api/kernels', { method: 'POST', body: { name: 'python3' } });
      const client = await server.connect(json.id);
      await client.execute('x = "mine"');
      client.terminate();
      const back = await server.connect(json.id);
      expect(await evaluate(back, 'x')).toBe('mine');
      await server.request(`/api/kernels/${json.id}`, { method: 'DELETE' });
    });
  },
);
