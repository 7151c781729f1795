import { readdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from './deadline.ts';
import { type GatewayOptions, GatewayProcess, ownGateway } from './gateway-process.ts';
import { evaluate, KernelClient, launchKernel, modelOf } from './kernel-client.ts';
import { killProcess } from './process-list.ts';
import { describeE2e } from './suite.ts';

const PERSISTENT: GatewayOptions = { env: { EG_KERNEL_SESSION_PERSISTENCE: 'true' } };
const PID = '__import__("os").getpid()';

async function startAgain(after: GatewayProcess, more: GatewayOptions = {}): Promise<GatewayProcess> {
  const next = await GatewayProcess.start({ ...PERSISTENT, ...more, after });
  onTestFinished(() => next.destroy());
  return next;
}

/** Ends what was kept, so that a leak is a leak. */
async function finish(gateway: GatewayProcess): Promise<void> {
  const { json } = await gateway.request('/api/kernels');
  for (const { id } of json) await gateway.request(`/api/kernels/${id}`, { method: 'DELETE' });
  await gateway.stop();
  await gateway.expectNoLeaks();
}

describeE2e('with persistence', () => {
  it('kernels outlive kill -9 of the gateway: same ids, same processes, variables still there', async () => {
    const gateway = await ownGateway(PERSISTENT);
    const ids = await Promise.all([launchKernel(gateway), launchKernel(gateway)]);
    const clients = await Promise.all(ids.map((id) => KernelClient.connect(gateway, id)));
    const pids = await Promise.all(clients.map((client) => evaluate<number>(client, PID)));
    await Promise.all(clients.map((client, index) => client.execute(`x = "kept ${index}"`)));
    await gateway.kill();
    for (const client of clients) await client.closing();

    const next = await startAgain(gateway);
    const list = await next.request('/api/kernels');
    expect(list.json.map(({ id }: { id: string }) => id).sort()).toEqual([...ids].sort());
    for (const [index, id] of ids.entries()) {
      const { sessionId } = clients[index] ?? {};
      const back = await KernelClient.connect(next, id, { sessionId });
      expect(await evaluate(back, 'x')).toBe(`kept ${index}`);
      expect(await evaluate(back, PID)).toBe(pids[index]);
      await modelOf(next, id, 'idle', ({ execution_state }) => execution_state === 'idle');
    }
    await finish(next);
  });

  it('kernels outlive SIGTERM of the gateway', async () => {
    const gateway = await ownGateway(PERSISTENT);
    const id = await launchKernel(gateway);
    const client = await KernelClient.connect(gateway, id, { protocol: 'v1' });
    await client.execute('x = "kept"');
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
    expect([1001, 1012]).toContain((await client.closing()).code);

    const next = await startAgain(gateway);
    const back = await KernelClient.connect(next, id, { protocol: 'v1', sessionId: client.sessionId });
    expect(await evaluate(back, 'x')).toBe('kept');
    await finish(next);
  });

  it('sessions outlive it too', async () => {
    const gateway = await ownGateway(PERSISTENT);
    const body = { path: 'a/b.ipynb', name: 'b', type: 'notebook', kernel: { name: 'python3' } };
    const { json: session } = await gateway.request('/api/sessions', { method: 'POST', body });
    await gateway.request(`/api/sessions/${session.id}`, { method: 'PATCH', body: { path: 'a/c.ipynb' } });
    await gateway.kill();
    const next = await startAgain(gateway);
    const shown = await next.request(`/api/sessions/${session.id}`);
    expect(shown.status).toBe(200);
    expect(shown.json).toMatchObject({
      id: session.id,
      path: 'a/c.ipynb',
      kernel: { id: session.kernel.id },
    });
    expect((await next.request('/api/sessions')).json).toHaveLength(1);
    await finish(next);
  });

  it('code that ran meanwhile goes on', async () => {
    const gateway = await ownGateway(PERSISTENT);
    const id = await launchKernel(gateway);
    const gate = join(gateway.root, 'gate');
    const client = await KernelClient.connect(gateway, id);
    const code = `import os, time\nwhile not os.path.exists(${JSON.stringify(gate)}): time.sleep(0.02)\nx = "done"`;
    const running = client.sendExecute(code);
    await client.status('busy', running);
    await gateway.kill();
    const next = await startAgain(gateway);
    const back = await KernelClient.connect(next, id, { sessionId: client.sessionId });
    writeFileSync(gate, '');
    expect(await evaluate(back, 'x')).toBe('done');
    await finish(next);
  });

  it('an adopted kernel can be interrupted, restarted, and comes back from its death', async () => {
    const gateway = await ownGateway(PERSISTENT);
    const id = await launchKernel(gateway, { name: 'python3', env: { KERNEL_COLOUR: 'green' } });
    await gateway.kill();
    const next = await startAgain(gateway);
    const client = await KernelClient.connect(next, id);
    const running = await client.runForever();
    expect((await next.request(`/api/kernels/${id}/interrupt`, { method: 'POST' })).status).toBe(204);
    expect((await client.finished(running)).reply.content.ename).toBe('KeyboardInterrupt');

    const pid = await evaluate<number>(client, PID);
    killProcess(pid);
    await client.status('restarting');
    const second = await evaluate<number>(client, PID);
    expect(second).not.toBe(pid);
    expect((await next.request(`/api/kernels/${id}/restart`, { method: 'POST' })).status).toBe(200);
    expect(await evaluate(client, PID)).not.toBe(second);
    expect(await evaluate(client, '__import__("os").environ.get("KERNEL_COLOUR")')).toBe('green');
    await finish(next);
  });

  it('a kernel that died while no gateway was there is gone, and nothing of it is left', async () => {
    const gateway = await ownGateway(PERSISTENT);
    const [dead, alive] = await Promise.all([launchKernel(gateway), launchKernel(gateway)]);
    const client = await KernelClient.connect(gateway, dead);
    const pid = await evaluate<number>(client, PID);
    await gateway.kill();
    killProcess(pid);
    const next = await startAgain(gateway);
    await eventually(15_000, 'the list without it', async () => {
      const { json } = await next.request('/api/kernels');
      return json.length === 1 && json[0].id === alive;
    });
    expect((await next.request(`/api/kernels/${dead}`)).status).toBe(404);
    await finish(next);
  });

  it('a kernel that was deleted does not come back', async () => {
    const gateway = await ownGateway(PERSISTENT);
    const id = await launchKernel(gateway);
    await gateway.request(`/api/kernels/${id}`, { method: 'DELETE' });
    await gateway.kill();
    const next = await startAgain(gateway);
    expect((await next.request('/api/kernels')).json).toEqual([]);
    await finish(next);
  });

  it('a damaged record is set aside and reported, and the others are taken up', async () => {
    const gateway = await ownGateway(PERSISTENT);
    const id = await launchKernel(gateway);
    await gateway.kill();
    const records = recordDirectory(gateway);
    writeFileSync(join(records, '11111111-1111-4111-8111-111111111111.json'), '{"11111111');
    const next = await startAgain(gateway);
    expect((await next.request(`/api/kernels/${id}`)).status).toBe(200);
    await next.logged(/11111111-1111-4111-8111-111111111111/);
    expect(readdirSync(records)).not.toContain('11111111-1111-4111-8111-111111111111.json');
    await finish(next);
  });

  it('what is written down can be read by its owner alone', async () => {
    const gateway = await ownGateway(PERSISTENT);
    const id = await launchKernel(gateway, { name: 'python3', env: { KERNEL_SECRET: 'hush' } });
    const files = [...filesBelow(join(gateway.root, 'data')), ...gateway.runtimeFiles()];
    const named = files.filter((file) => file.includes(id));
    expect(named.length).toBeGreaterThan(0);
    for (const file of named) expect(statSync(file).mode & 0o077, file).toBe(0);
    await finish(gateway);
  });

  it('limits and users count what was taken up', async () => {
    const limited: GatewayOptions = { env: { ...PERSISTENT.env, EG_MAX_KERNELS_PER_USER: '1' } };
    const gateway = await ownGateway(limited);
    const body = { name: 'python3', env: { KERNEL_USERNAME: 'ada' } };
    await launchKernel(gateway, body);
    await gateway.kill();
    const next = await startAgain(gateway, limited);
    expect((await next.request('/api/kernels', { method: 'POST', body })).status).toBe(403);
    await finish(next);
  });

  it('kernels are taken up again and again', async () => {
    let gateway = await ownGateway(PERSISTENT);
    const id = await launchKernel(gateway);
    const first = await KernelClient.connect(gateway, id);
    await first.execute('rounds = 0');
    for (let round = 1; round <= 3; round += 1) {
      await gateway.kill();
      gateway = await startAgain(gateway);
      const client = await KernelClient.connect(gateway, id, { sessionId: first.sessionId });
      expect((await client.execute('rounds += 1; print(rounds)')).stdout).toBe(`${round}\n`);
    }
    await finish(gateway);
  });
});

/** Where records lie, as Enterprise Gateway lays them out. */
function recordDirectory(gateway: GatewayProcess): string {
  return join(gateway.root, 'data', 'kernel_sessions');
}

function filesBelow(directory: string): string[] {
  return readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
