import { expect, it } from 'vitest';
import { eventually } from './deadline.ts';
import { sharedGateway } from './gateway-process.ts';
import { KernelClient, launchKernel } from './kernel-client.ts';
import { describeE2e, UNKNOWN_ID } from './suite.ts';

describeE2e('sessions over REST', () => {
  const gateway = sharedGateway();
  const post = (body: unknown) => gateway.current.request('/api/sessions', { method: 'POST', body });
  const remove = (id: string) => gateway.current.request(`/api/sessions/${id}`, { method: 'DELETE' });

  it('creates a session with a kernel of its own, shows it, and ends both', async () => {
    const created = await post({
      path: 'a/b.ipynb',
      name: 'b',
      type: 'notebook',
      kernel: { name: 'python3' },
    });
    expect(created.status).toBe(201);
    const session = created.json;
    expect(session).toMatchObject({
      id: expect.any(String),
      path: 'a/b.ipynb',
      name: 'b',
      type: 'notebook',
      notebook: { path: 'a/b.ipynb' },
      kernel: { id: expect.any(String), name: 'python3', connections: 0 },
    });
    expect(created.headers.location).toMatch(new RegExp(`/api/sessions/${session.id}$`));

    const one = await gateway.current.request(`/api/sessions/${session.id}`);
    expect(one.status).toBe(200);
    expect(one.json).toMatchObject({ id: session.id, path: 'a/b.ipynb', kernel: { id: session.kernel.id } });
    const list = await gateway.current.request('/api/sessions');
    expect(list.status).toBe(200);
    expect(list.json).toContainEqual(expect.objectContaining({ id: session.id }));

    const deletion = await remove(session.id);
    expect(deletion.status).toBe(204);
    expect(deletion.text).toBe('');
    expect((await gateway.current.request(`/api/sessions/${session.id}`)).status).toBe(404);
    expect((await gateway.current.request(`/api/kernels/${session.kernel.id}`)).status).toBe(404);
  });

  it('gives the kernel of a session to WebSocket clients', async () => {
    const { json } = await post({ path: 'c.ipynb', name: '', type: 'notebook', kernel: { name: 'python3' } });
    const client = await KernelClient.connect(gateway.current, json.kernel.id);
    expect((await client.execute('print(6 * 7)')).stdout).toBe('42\n');
    await remove(json.id);
  });

  it('returns the session that has the path already', async () => {
    const body = { path: 'same.ipynb', name: '', type: 'notebook', kernel: { name: 'python3' } };
    const first = await post(body);
    const second = await post(body);
    expect([200, 201]).toContain(second.status);
    expect(second.json).toMatchObject({ id: first.json.id, kernel: { id: first.json.kernel.id } });
    await remove(first.json.id);
  });

  it('makes one session of requests for one path that come at once', async () => {
    const body = { path: 'race.ipynb', name: '', type: 'notebook', kernel: { name: 'python3' } };
    const answers = await Promise.all([post(body), post(body), post(body)]);
    expect(new Set(answers.map(({ json }) => json.id)).size).toBe(1);
    expect(new Set(answers.map(({ json }) => json.kernel.id)).size).toBe(1);
    await remove(answers[0].json.id);
  });

  it('takes a kernel that runs already', async () => {
    const id = await launchKernel(gateway.current);
    const { status, json } = await post({ path: 'd.ipynb', name: '', type: 'notebook', kernel: { id } });
    expect(status).toBe(201);
    expect(json.kernel.id).toBe(id);
    await remove(json.id);
  });

  it.each([
    ['path', { name: '', type: 'notebook', kernel: { name: 'python3' } }],
    ['type', { path: 'x.ipynb', name: '', kernel: { name: 'python3' } }],
  ])('refuses a session without %s: 400 that names it', async (field, body) => {
    const { status, json } = await post(body);
    expect(status).toBe(400);
    expect(json.message).toContain(field);
  });

  it.each([
    ['broken JSON', '{'],
    ['an array', '[]'],
    ['a path that is no string', '{"path": 1, "type": "notebook", "kernel": {"name": "python3"}}'],
    ['a kernel that is no object', '{"path": "x", "type": "notebook", "kernel": "python3"}'],
  ])('refuses %s with 400', async (_title, body) => {
    const answer = await post(body);
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ reason: expect.any(String), message: expect.any(String) });
  });

  it('answers 501 for a session with an unknown kernelspec, as Jupyter clients expect', async () => {
    const { status, json } = await post({
      path: 'e.ipynb',
      name: '',
      type: 'notebook',
      kernel: { name: 'cobol' },
    });
    expect(status).toBe(501);
    expect(json).toMatchObject({
      message: expect.stringContaining('cobol'),
      short_message: expect.any(String),
    });
    const list = await gateway.current.request('/api/sessions');
    expect(list.json.map((session: { path: string }) => session.path)).not.toContain('e.ipynb');
  });

  it('renames a session', async () => {
    const { json } = await post({
      path: 'old.ipynb',
      name: 'old',
      type: 'notebook',
      kernel: { name: 'python3' },
    });
    const body = { path: 'new.ipynb', name: 'new', type: 'console' };
    const patched = await gateway.current.request(`/api/sessions/${json.id}`, { method: 'PATCH', body });
    expect(patched.status).toBe(200);
    expect(patched.json).toMatchObject({ id: json.id, ...body, kernel: { id: json.kernel.id } });
    const shown = await gateway.current.request(`/api/sessions/${json.id}`);
    expect(shown.json).toMatchObject({ id: json.id, ...body });
    await remove(json.id);
  });

  it('gives a session another kernel', async () => {
    const { json } = await post({ path: 'f.ipynb', name: '', type: 'notebook', kernel: { name: 'python3' } });
    const id = await launchKernel(gateway.current);
    const patched = await gateway.current.request(`/api/sessions/${json.id}`, {
      method: 'PATCH',
      body: { kernel: { id } },
    });
    expect(patched.status).toBe(200);
    expect(patched.json.kernel.id).toBe(id);
    await remove(json.id);
    await gateway.current.request(`/api/kernels/${json.kernel.id}`, { method: 'DELETE' });
  });

  it('starts a kernel for a session that asks for another name', async () => {
    const { json } = await post({ path: 'g.ipynb', name: '', type: 'notebook', kernel: { name: 'python3' } });
    const patched = await gateway.current.request(`/api/sessions/${json.id}`, {
      method: 'PATCH',
      body: { kernel: { name: 'python3', id: null } },
    });
    expect(patched.status).toBe(200);
    expect(patched.json.kernel.id).not.toBe(json.kernel.id);
    await remove(json.id);
    await gateway.current.request(`/api/kernels/${json.kernel.id}`, { method: 'DELETE' });
  });

  it.each(['GET', 'DELETE', 'PATCH'])('%s on an unknown session: 404 that names it', async (method) => {
    const body = method === 'PATCH' ? { name: 'x' } : undefined;
    const answer = await gateway.current.request(`/api/sessions/${UNKNOWN_ID}`, { method, body });
    expect(answer.status).toBe(404);
    expect(answer.json.message).toContain(UNKNOWN_ID);
  });

  it('forgets a session whose kernel was deleted', async () => {
    const { json } = await post({ path: 'h.ipynb', name: '', type: 'notebook', kernel: { name: 'python3' } });
    await gateway.current.request(`/api/kernels/${json.kernel.id}`, { method: 'DELETE' });
    await eventually(10_000, 'the end of the session', async () => {
      const list = await gateway.current.request('/api/sessions');
      return !list.json.some((session: { id: string }) => session.id === json.id);
    });
  });
});
