import { randomUUID } from 'node:crypto';
import { expect, it } from 'vitest';
import { eventually } from './deadline.ts';
import { ownGateway, sharedGateway } from './gateway-process.ts';
import { evaluate, KernelClient, launchKernel, modelOf } from './kernel-client.ts';
import { scriptSpec, switchableSpec } from './kernelspecs.ts';
import { describeE2e, UNKNOWN_ID } from './suite.ts';

/** How Jupyter Server reads the time: fraction and `Z` are not optional. */
const JUPYTER_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{1,6}Z$/;

describeE2e('kernels over REST', () => {
  const gateway = sharedGateway({
    kernelspecs: (python, root) => ({
      exits_at_once: scriptSpec(
        python,
        'import sys; print("first line", file=sys.stderr); sys.exit("libmagic.so.7 is missing")',
      ),
      switchable: switchableSpec(python, `${root}/switched-off`),
      no_program: { argv: ['/no/such/interpreter'], display_name: 'No program', language: 'python' },
    }),
  });

  it('tells its version', async () => {
    const { status, json, headers } = await gateway.current.request('/api');
    expect(status).toBe(200);
    expect(headers['content-type']).toContain('application/json');
    expect(json).toEqual({ version: expect.any(String), gateway_version: expect.any(String) });
  });

  it('launches a kernel: 201, Location and the model', async () => {
    const answer = await gateway.current.request('/api/kernels', {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: { name: 'python3' },
    });
    expect(answer.status).toBe(201);
    expect(answer.json).toEqual({
      id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      name: 'python3',
      last_activity: expect.stringMatching(JUPYTER_TIME),
      execution_state: expect.stringMatching(/^(starting|idle|busy)$/),
      connections: 0,
    });
    expect(answer.headers.location).toMatch(new RegExp(`/api/kernels/${answer.json.id}$`));
    await gateway.current.request(`/api/kernels/${answer.json.id}`, { method: 'DELETE' });
  });

  it('shows a kernel alone and in the list, until it is deleted: 204, then 404 that names it', async () => {
    const id = await launchKernel(gateway.current);
    const one = await gateway.current.request(`/api/kernels/${id}`);
    expect(one.status).toBe(200);
    expect(one.json).toMatchObject({ id, name: 'python3', connections: 0 });
    const list = await gateway.current.request('/api/kernels');
    expect(list.status).toBe(200);
    expect(list.json).toContainEqual(expect.objectContaining({ id }));

    const deletion = await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
    expect(deletion.status).toBe(204);
    expect(deletion.text).toBe('');
    for (const method of ['GET', 'DELETE']) {
      const gone = await gateway.current.request(`/api/kernels/${id}`, { method });
      expect(gone.status).toBe(404);
      expect(gone.json.message).toContain(id);
    }
    const after = await gateway.current.request('/api/kernels');
    expect(after.json.map((kernel: { id: string }) => kernel.id)).not.toContain(id);
  });

  it('reaches idle in the model though no client ever comes', async () => {
    const id = await launchKernel(gateway.current);
    await modelOf(gateway.current, id, 'idle', ({ execution_state }) => execution_state === 'idle');
  });

  it('shows busy while code runs, counts connections and moves last_activity on', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    await client.execute('pass');
    const { json: before } = await gateway.current.request(`/api/kernels/${id}`);
    expect(before.connections).toBe(1);
    const running = await client.runForever();
    await modelOf(gateway.current, id, 'busy', ({ execution_state }) => execution_state === 'busy');
    const { json: busy } = await gateway.current.request(`/api/kernels/${id}`);
    expect(busy.last_activity).toMatch(JUPYTER_TIME);
    expect(Date.parse(busy.last_activity)).toBeGreaterThan(Date.parse(before.last_activity));
    await gateway.current.request(`/api/kernels/${id}/interrupt`, { method: 'POST' });
    await client.finished(running);
    await client.close();
    await modelOf(gateway.current, id, 'no connections', ({ connections }) => connections === 0);
  });

  it.each([
    ['no Content-Type', {}],
    ['text/plain', { 'Content-Type': 'text/plain;charset=UTF-8' }],
    ['a form type', { 'Content-Type': 'application/x-www-form-urlencoded' }],
    ['a multipart type', { 'Content-Type': 'multipart/form-data; boundary=x' }],
    ['an unknown type', { 'Content-Type': 'application/x-whatever' }],
    ['a broken type', { 'Content-Type': 'json' }],
    ['JSON with a charset', { 'Content-Type': 'application/json; charset=UTF-8' }],
  ])('reads a body as JSON under %s', async (_title, headers) => {
    const body = { name: 'no-such-kernel-under-the-sun' };
    const { status, json } = await gateway.current.request('/api/kernels', { method: 'POST', headers, body });
    expect(status).toBe(404);
    expect(json.message).toContain('no-such-kernel-under-the-sun');
  });

  it.each([
    ['an empty body under application/json', { 'Content-Type': 'application/json' }, ''],
    ['no body at all', {}, undefined],
    ['an empty object', {}, {}],
  ])('launches the default kernel for %s', async (_title, headers, body) => {
    const { status, json } = await gateway.current.request('/api/kernels', { method: 'POST', headers, body });
    expect(status).toBe(201);
    expect(json.name).toBe('python3');
    await gateway.current.request(`/api/kernels/${json.id}`, { method: 'DELETE' });
  });

  it.each([
    ['broken JSON', '{"name": '],
    ['an array', '[]'],
    ['a string', '"python3"'],
    ['a number', '7'],
    ['a name that is no string', '{"name": 7}'],
    ['an env that is a string', '{"name": "python3", "env": "A=1"}'],
    ['an env that is an array', '{"name": "python3", "env": ["A=1"]}'],
    ['a variable that is a number', '{"name": "python3", "env": {"KERNEL_X": 1}}'],
    ['a variable that is null', '{"name": "python3", "env": {"KERNEL_X": null}}'],
    ['a variable that is an object', '{"name": "python3", "env": {"KERNEL_X": {}}}'],
    ['bytes that are no UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
  ])('refuses %s with 400 and a reason', async (_title, body) => {
    const answer = await gateway.current.request('/api/kernels', { method: 'POST', body });
    expect(answer.status).toBe(400);
    expect(answer.json).toMatchObject({ reason: expect.any(String), message: expect.any(String) });
  });

  it.each([
    ['a dollar sign', '$HOME'],
    ['a backtick', '`id`'],
    ['a line feed', 'a\nb'],
    ['a carriage return', 'a\rb'],
    ['NUL', 'a\0b'],
    ['more than 4,096 characters', 'x'.repeat(4097)],
  ])('refuses a variable with %s: 400 that names it, and not its value', async (_title, value) => {
    const body = { name: 'python3', env: { KERNEL_SECRET_THING: `abc${value}`.slice(0, 5000) } };
    const { status, json } = await gateway.current.request('/api/kernels', { method: 'POST', body });
    expect(status).toBe(400);
    expect(json.message).toContain('KERNEL_SECRET_THING');
    expect(json.message).not.toContain('abc');
  });

  it('uses KERNEL_ID as the id, once', async () => {
    const id = randomUUID();
    const body = { name: 'python3', env: { KERNEL_ID: id, KERNEL_LONG: 'x'.repeat(4096) } };
    expect(await launchKernel(gateway.current, body)).toBe(id);
    const again = await gateway.current.request('/api/kernels', { method: 'POST', body });
    expect(again.status).toBe(409);
    expect(again.json.message).toContain(id);
    expect((await gateway.current.request(`/api/kernels/${id}`)).status).toBe(200);
  });

  it('gives one id to one of several launches that ask for it at once', async () => {
    const id = randomUUID();
    const body = { name: 'python3', env: { KERNEL_ID: id } };
    const launches = [1, 2, 3].map(() =>
      gateway.current.request('/api/kernels', { method: 'POST', body }).then(({ status }) => status),
    );
    expect((await Promise.all(launches)).sort()).toEqual([201, 409, 409]);
    await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
  });

  it.each(['7', 'not-a-uuid', '../../../etc/passwd', 'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11', ' '])(
    'refuses KERNEL_ID %j',
    async (id) => {
      const body = { name: 'python3', env: { KERNEL_ID: id } };
      const { status, json } = await gateway.current.request('/api/kernels', { method: 'POST', body });
      expect(status).toBe(400);
      expect(json.message).toContain('KERNEL_ID');
    },
  );

  it('answers 404 for an unknown kernelspec, with the names on offer', async () => {
    const body = { name: 'cobol' };
    const { status, json } = await gateway.current.request('/api/kernels', { method: 'POST', body });
    expect(status).toBe(404);
    for (const word of ['cobol', 'python3', 'switchable']) expect(json.message + json.reason).toContain(word);
  });

  it('answers 500 for a kernel that exits at once, with its last words, and forgets it', async () => {
    const id = randomUUID();
    const body = { name: 'exits_at_once', env: { KERNEL_ID: id } };
    const { status, json } = await gateway.current.request('/api/kernels', { method: 'POST', body });
    expect(status).toBe(500);
    expect(json.message).toContain('libmagic.so.7 is missing');
    expect(json.message).not.toContain('\n');
    expect(json.reason).not.toContain('\n');
    expect((await gateway.current.request(`/api/kernels/${id}`)).status).toBe(404);
  });

  it('says which program it could not start', async () => {
    const body = { name: 'no_program' };
    const { status, json } = await gateway.current.request('/api/kernels', { method: 'POST', body });
    expect(status).toBeGreaterThanOrEqual(400);
    expect(json.message).toContain('/no/such/interpreter');
  });

  it('finds kernelspecs whatever the case of the name', async () => {
    const id = await launchKernel(gateway.current, { name: 'Python3' });
    const { json } = await gateway.current.request(`/api/kernels/${id}`);
    expect(json.name.toLowerCase()).toBe('python3');
  });

  it('interrupts running code: 204, and the code ends with KeyboardInterrupt', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    const running = await client.runForever();
    const answer = await gateway.current.request(`/api/kernels/${id}/interrupt`, { method: 'POST' });
    expect(answer.status).toBe(204);
    expect(answer.text).toBe('');
    const { reply } = await client.finished(running);
    expect(reply.content).toMatchObject({ status: 'error', ename: 'KeyboardInterrupt' });
  });

  it('restarts: 200 with the model, the same id, another process', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    const before = await evaluate<number>(client, '__import__("os").getpid()');
    await client.close();
    const answer = await gateway.current.request(`/api/kernels/${id}/restart`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: '{}',
    });
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject({
      id,
      name: 'python3',
      last_activity: expect.stringMatching(JUPYTER_TIME),
    });
    const next = await KernelClient.connect(gateway.current, id);
    expect(await evaluate<number>(next, '__import__("os").getpid()')).not.toBe(before);
  });

  it('restarts in the environment that the request gave', async () => {
    const id = await launchKernel(gateway.current, { name: 'python3', env: { KERNEL_COLOUR: 'green' } });
    expect((await gateway.current.request(`/api/kernels/${id}/restart`, { method: 'POST' })).status).toBe(
      200,
    );
    const client = await KernelClient.connect(gateway.current, id);
    expect(await evaluate(client, '__import__("os").environ.get("KERNEL_COLOUR")')).toBe('green');
  });

  it.each([
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/interrupt'],
    ['POST', '/restart'],
  ])('%s on an unknown kernel%s: 404 that names it', async (method, verb) => {
    const { status, json } = await gateway.current.request(`/api/kernels/${UNKNOWN_ID}${verb}`, { method });
    expect(status).toBe(404);
    expect(json.message).toContain(UNKNOWN_ID);
  });

  it.each(['x', '%00', '..%2f..%2fetc%2fpasswd', 'a'.repeat(300)])(
    'treats %s as the id of no kernel',
    async (id) => {
      const { status, json } = await gateway.current.request(`/api/kernels/${id}`);
      expect([400, 404, 414]).toContain(status);
      expect(json).toMatchObject({ reason: expect.any(String), message: expect.any(String) });
    },
  );

  it('survives deletion while the kernel restarts', async () => {
    const id = await launchKernel(gateway.current);
    const restart = gateway.current.request(`/api/kernels/${id}/restart`, { method: 'POST' });
    const deletion = await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
    expect([204, 404]).toContain(deletion.status);
    expect((await restart).status).toBeLessThan(600);
    await eventually(20_000, 'its 404', async () => {
      return (await gateway.current.request(`/api/kernels/${id}`)).status === 404;
    });
  });

  it('takes the processes that a kernel started along when it is deleted', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    const child = await evaluate<number>(client, '__import__("subprocess").Popen(["sleep", "600"]).pid');
    expect(isAlive(child)).toBe(true);
    await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
    await eventually(10_000, 'the end of the child', () => !isAlive(child));
  });
});

describeE2e('a kernel that does not listen', () => {
  it('is ended by force after the grace period', async () => {
    const gateway = await ownGateway({
      env: { EG_SHUTDOWN_GRACE: '1' },
      kernelspecs: (python) => ({ stubborn: scriptSpec(python, STUBBORN) }),
    });
    const id = await launchKernel(gateway, { name: 'stubborn' });
    const client = await KernelClient.connect(gateway, id);
    const pid = await evaluate<number>(client, '__import__("os").getpid()');
    client.sendExecute('import time\nwhile True:\n  try: time.sleep(60)\n  except BaseException: pass');
    await client.status('busy');
    const deletion = await gateway.request(`/api/kernels/${id}`, { method: 'DELETE' });
    expect(deletion.status).toBe(204);
    await eventually(10_000, 'its end', () => !isAlive(pid));
    await gateway.stop();
    await gateway.expectNoLeaks();
  });
});

const STUBBORN = [
  'import signal, sys',
  'from ipykernel.kernelapp import IPKernelApp',
  'for name in ("SIGTERM", "SIGHUP"): signal.signal(getattr(signal, name), signal.SIG_IGN)',
  'IPKernelApp.launch_instance(["-f", sys.argv[1], "--HistoryManager.enabled=False"])',
].join('\n');

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
