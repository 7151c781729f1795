import { describe, expect, it } from 'vitest';
import { testGateway } from '../test-gateway.ts';

type Gateway = Awaited<ReturnType<typeof testGateway>>;

const notebook = { path: 'a.ipynb', name: 'a.ipynb', type: 'notebook', kernel: { name: 'python3' } };

function request({ app }: Gateway, method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path = '', body?: object) {
  return app.inject({
    method,
    url: `/api/sessions${path}`,
    ...(body ? { payload: JSON.stringify(body) } : {}),
  });
}

async function started(gateway: Gateway, body: object = notebook) {
  return (await request(gateway, 'POST', '', body)).json();
}

describe('a session', () => {
  it('is started with a kernel, listed, and found by its id', async () => {
    const gateway = await testGateway();
    const response = await request(gateway, 'POST', '', notebook);
    const session = response.json();
    expect([response.statusCode, response.headers['location']]).toEqual([201, `/api/sessions/${session.id}`]);
    expect(session).toMatchObject({
      path: 'a.ipynb',
      name: 'a.ipynb',
      type: 'notebook',
      notebook: { path: 'a.ipynb', name: 'a.ipynb' },
      kernel: { id: gateway.world.launched[0]?.kernelId, name: 'python3' },
    });
    const { id } = session;
    expect((await request(gateway, 'GET', `/${id}`)).json()).toMatchObject({ id });
    expect((await request(gateway, 'GET')).json()).toMatchObject([{ id }]);
  });

  it('is the one that is there already for the same document', async () => {
    const gateway = await testGateway();
    const first = await started(gateway);
    expect((await started(gateway)).id).toBe(first.id);
    expect(gateway.world.launched).toHaveLength(1);
  });

  it('is one when two clients start it at the same time', async () => {
    const gateway = await testGateway();
    const [one, other] = await Promise.all([started(gateway), started(gateway)]);
    expect(one.id).toBe(other.id);
    expect((await gateway.app.inject('/api/kernels')).json()).toHaveLength(1);
  });

  it('may take a kernel that runs', async () => {
    const gateway = await testGateway();
    const { id } = (await gateway.app.inject({ method: 'POST', url: '/api/kernels' })).json();
    const session = await started(gateway, { ...notebook, kernel: { id } });
    expect([session.kernel.id, gateway.world.launched.length]).toEqual([id, 1]);
  });

  it('is understood from older clients, which send a notebook', async () => {
    const gateway = await testGateway();
    const session = await started(gateway, { notebook: { path: 'b.ipynb' } });
    expect(session).toMatchObject({ path: 'b.ipynb', type: 'notebook' });
  });

  it.each([
    [{ type: 'notebook' }, 400, /path/],
    [{ path: 'a' }, 400, /type/],
    [{ ...notebook, path: 5 }, 400, /path/],
    [{ ...notebook, kernel: { id: 'nope' } }, 404, /^Kernel does not exist: nope/],
    [{ ...notebook, env: { KERNEL_X: 1 } }, 400, /KERNEL_X/],
  ])('is refused, and no kernel launched: %j', async (body, status, message) => {
    const gateway = await testGateway();
    const response = await request(gateway, 'POST', '', body);
    expect([response.statusCode, response.json().message]).toEqual([status, expect.stringMatching(message)]);
    expect(gateway.world.launched).toEqual([]);
  });

  it('with an unknown kernelspec is answered as Jupyter clients expect it', async () => {
    const gateway = await testGateway();
    const response = await request(gateway, 'POST', '', { ...notebook, kernel: { name: 'nope' } });
    expect(response.statusCode).toBe(501);
    expect(response.json()).toMatchObject({
      message: expect.any(String),
      short_message: 'No such kernel: nope',
    });
  });

  it('is renamed, and moved', async () => {
    const gateway = await testGateway();
    const { id, kernel } = await started(gateway);
    const change = { path: 'b.ipynb', name: 'b', type: 'console' };
    const response = await request(gateway, 'PATCH', `/${id}`, change);
    expect([response.statusCode, response.json()]).toEqual([200, expect.objectContaining({ id, ...change })]);
    expect((await request(gateway, 'GET', `/${id}`)).json()).toMatchObject({
      ...change,
      kernel: { id: kernel.id },
    });
  });

  it('gets another kernel, and the one before is shut down', async () => {
    const gateway = await testGateway();
    const { id, kernel } = await started(gateway);
    const changed = (await request(gateway, 'PATCH', `/${id}`, { kernel: { name: 'python3' } })).json();
    expect(changed.kernel.id).not.toBe(kernel.id);
    expect(gateway.world.kernelIds).toEqual([changed.kernel.id]);
    expect((await request(gateway, 'GET')).json()).toMatchObject([{ id }]);
  });

  it('keeps the kernel that another session uses as well', async () => {
    const gateway = await testGateway();
    const { id, kernel } = await started(gateway);
    await started(gateway, { ...notebook, path: 'b.ipynb', kernel: { id: kernel.id } });
    await request(gateway, 'DELETE', `/${id}`);
    expect(gateway.world.kernelIds).toEqual([kernel.id]);
  });

  it('ends with its kernel when it is deleted', async () => {
    const gateway = await testGateway();
    const { id } = await started(gateway);
    const response = await request(gateway, 'DELETE', `/${id}`);
    expect([response.statusCode, response.body]).toEqual([204, '']);
    expect(gateway.world.kernelIds).toEqual([]);
    expect((await request(gateway, 'GET', `/${id}`)).statusCode).toBe(404);
  });

  it('ends when its kernel does', async () => {
    const gateway = await testGateway();
    const { kernel } = await started(gateway);
    await gateway.app.inject({ method: 'DELETE', url: `/api/kernels/${kernel.id}` });
    expect((await request(gateway, 'GET')).json()).toEqual([]);
  });

  it.each(['GET', 'PATCH', 'DELETE'] as const)('that does not exist is not found: %s', async (method) => {
    const gateway = await testGateway();
    const response = await request(gateway, method, '/nope', method === 'PATCH' ? {} : undefined);
    expect([response.statusCode, response.json().message]).toEqual([404, 'Session does not exist: nope']);
  });
});

it('sessions are not listed where listing is turned off', async () => {
  const gateway = await testGateway({ settings: { listKernels: false } });
  expect((await request(gateway, 'GET')).statusCode).toBe(403);
});
