import { expect, it } from 'vitest';
import { sharedGateway } from './gateway-process.ts';
import { send } from './http.ts';
import { KernelClient } from './kernel-client.ts';
import { pythonSpec } from './kernelspecs.ts';
import { describeE2e } from './suite.ts';

describeE2e.each(['/deep/gateway/', 'gateway', '/gateway'])('under the base URL %s', (baseUrl) => {
  const gateway = sharedGateway({
    env: { EG_BASE_URL: baseUrl },
    kernelspecs: (python) => ({ python3: pythonSpec(python, { files: { 'logo-64x64.png': 'logo' } }) }),
  });
  const prefix = `/${baseUrl.replace(/^\/|\/$/g, '')}`;

  it('everything lies below it, and nothing beside it', async () => {
    expect((await gateway.current.request('/api')).status).toBe(200);
    const beside = await send(gateway.current.origin, '/api');
    expect(beside.status).toBe(404);
    expect(beside.json).toMatchObject({ reason: expect.any(String), message: expect.any(String) });
  });

  it('links and locations include it', async () => {
    const { json } = await gateway.current.request('/api/kernelspecs');
    const logo = json.kernelspecs.python3.resources['logo-64x64'];
    expect(logo).toBe(`${prefix}/kernelspecs/python3/logo-64x64.png`);
    expect((await send(gateway.current.origin, logo)).text).toBe('logo');

    const launched = await gateway.current.request('/api/kernels', { method: 'POST' });
    const location = launched.headers.location ?? '';
    expect(location).toContain(`${prefix}/api/kernels/${launched.json.id}`);
    expect(
      (await send(gateway.current.origin, new URL(location, gateway.current.origin).pathname)).status,
    ).toBe(200);
    const client = await KernelClient.connect(gateway.current, launched.json.id);
    expect((await client.execute('print(1)')).stdout).toBe('1\n');
    await gateway.current.request(`/api/kernels/${launched.json.id}`, { method: 'DELETE' });
  });
});
