import { userInfo } from 'node:os';
import { expect, it } from 'vitest';
import { type GatewayProcess, ownGateway, sharedGateway } from './gateway-process.ts';
import { launchKernel } from './kernel-client.ts';
import { pythonSpec } from './kernelspecs.ts';
import { describeE2e } from './suite.ts';

const launch = (gateway: GatewayProcess, env?: Record<string, string>, name = 'python3') =>
  gateway.request('/api/kernels', { method: 'POST', body: { name, env } });

const users = (name: string) => ({ KERNEL_USERNAME: name });

describeE2e('the number of kernels', () => {
  const gateway = sharedGateway({ env: { EG_MAX_KERNELS: '2' } });

  it('is limited: 403 as JSON, until one is deleted', async () => {
    const first = await launchKernel(gateway.current);
    const second = await launch(gateway.current);
    expect(second.status).toBe(201);
    const third = await launch(gateway.current);
    expect(third.status).toBe(403);
    expect(third.json).toMatchObject({ reason: expect.any(String), message: expect.stringMatching(/2/) });
    await gateway.current.request(`/api/kernels/${first}`, { method: 'DELETE' });
    const fourth = await launch(gateway.current);
    expect(fourth.status).toBe(201);
    for (const { json } of [second, fourth]) {
      await gateway.current.request(`/api/kernels/${json.id}`, { method: 'DELETE' });
    }
  });

  it('holds for launches that come at once', async () => {
    const answers = await Promise.all(Array.from({ length: 6 }, () => launch(gateway.current)));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 403, 403, 403, 403]);
    for (const { status, json } of answers) {
      if (status === 201) await gateway.current.request(`/api/kernels/${json.id}`, { method: 'DELETE' });
    }
  });

  it('counts no launch that failed', async () => {
    for (let round = 0; round < 3; round += 1) await launch(gateway.current, {}, 'cobol');
    await launchKernel(gateway.current);
    await launchKernel(gateway.current);
  });

  it('holds for sessions too', async () => {
    await launchKernel(gateway.current);
    await launchKernel(gateway.current);
    const body = { path: 'x.ipynb', name: '', type: 'notebook', kernel: { name: 'python3' } };
    expect((await gateway.current.request('/api/sessions', { method: 'POST', body })).status).toBe(403);
  });
});

describeE2e("one user's number of kernels", () => {
  const gateway = sharedGateway({ env: { EG_MAX_KERNELS_PER_USER: '1' } });

  it('is limited, and no one else is', async () => {
    await launchKernel(gateway.current, { name: 'python3', env: users('alice') });
    const again = await launch(gateway.current, users('alice'));
    expect(again.status).toBe(403);
    expect(again.json.message + again.json.reason).toContain('alice');
    await launchKernel(gateway.current, { name: 'python3', env: users('bob') });
  });
});

describeE2e('users', () => {
  it('on the list of the unauthorized are refused', async () => {
    const gateway = await ownGateway({ env: { EG_UNAUTHORIZED_USERS: 'mallory,root' } });
    const { status, json } = await launch(gateway, users('mallory'));
    expect(status).toBe(403);
    expect(json.message + json.reason).toContain('mallory');
    expect((await launch(gateway, users('root'))).status).toBe(403);
    expect((await launch(gateway, users('alice'))).status).toBe(201);
    await gateway.stop();
  });

  it('not on the list of the authorized are refused', async () => {
    const gateway = await ownGateway({ env: { EG_AUTHORIZED_USERS: 'alice,bob' } });
    expect((await launch(gateway, users('mallory'))).status).toBe(403);
    expect((await launch(gateway, users('alice'))).status).toBe(201);
    await gateway.stop();
  });

  it('named root are refused by default, but root may run the gateway', async () => {
    const gateway = await ownGateway();
    expect((await launch(gateway, users('root'))).status).toBe(403);
    expect((await launch(gateway)).status, `as ${userInfo().username}`).toBe(201);
    await gateway.stop();
  });

  it('are shown the kernelspecs that they may use', async () => {
    const config = (more: Record<string, string>) => ({
      process_proxy: {
        class_name: 'enterprise_gateway.services.processproxies.processproxy.LocalProcessProxy',
        config: more,
      },
    });
    const gateway = await ownGateway({
      env: { EG_UNAUTHORIZED_USERS: 'mallory' },
      kernelspecs: (python) => ({
        only_ann: pythonSpec(python, { metadata: config({ authorized_users: 'ann' }) }),
        not_bob: pythonSpec(python, { metadata: config({ unauthorized_users: 'bob' }) }),
      }),
    });
    const shown = async (user: string) =>
      Object.keys((await gateway.request(`/api/kernelspecs?user=${user}`)).json.kernelspecs);
    expect(await shown('ann')).toEqual(expect.arrayContaining(['only_ann', 'not_bob', 'python3']));
    expect(await shown('an')).not.toContain('only_ann');
    expect(await shown('bob')).toEqual(expect.arrayContaining(['python3']));
    expect(await shown('bob')).not.toContain('not_bob');
    expect(await shown('bob')).not.toContain('only_ann');
    expect((await gateway.request('/api/kernelspecs/only_ann?user=bob')).status).toBe(403);
    expect((await gateway.request('/api/kernelspecs/only_ann?user=ann')).status).toBe(200);
    expect((await launch(gateway, users('bob'), 'only_ann')).status).toBe(403);
    expect((await launch(gateway, users('bob'), 'not_bob')).status).toBe(403);
    expect((await launch(gateway, users('ann'), 'only_ann')).status).toBe(201);
    await gateway.stop();
  });
});

describeE2e('allowed kernels', () => {
  const gateway = sharedGateway({
    env: { EG_ALLOWED_KERNELS: "['python3']" },
    kernelspecs: (python) => ({ hidden: pythonSpec(python) }),
  });

  it('are the only ones that are listed, shown and launched', async () => {
    const { json } = await gateway.current.request('/api/kernelspecs');
    expect(Object.keys(json.kernelspecs)).toEqual(['python3']);
    expect([403, 404]).toContain((await gateway.current.request('/api/kernelspecs/hidden')).status);
    expect([403, 404]).toContain((await launch(gateway.current, {}, 'hidden')).status);
    expect([403, 404]).toContain((await launch(gateway.current, {}, 'HIDDEN')).status);
    await launchKernel(gateway.current);
  });
});

describeE2e('listing', () => {
  const gateway = sharedGateway({ env: { EG_LIST_KERNELS: 'False' } });

  it('can be switched off: 403 for kernels and sessions, one kernel is still shown', async () => {
    for (const path of ['/api/kernels', '/api/sessions']) {
      const { status, json } = await gateway.current.request(path);
      expect(status).toBe(403);
      expect(json).toMatchObject({ reason: expect.any(String), message: expect.any(String) });
    }
    const id = await launchKernel(gateway.current);
    expect((await gateway.current.request(`/api/kernels/${id}`)).status).toBe(200);
  });
});
