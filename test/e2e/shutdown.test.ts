import { expect, it } from 'vitest';
import { eventually, within } from './deadline.ts';
import { GatewayProcess, ownGateway } from './gateway-process.ts';
import { evaluate, KernelClient, launchKernel } from './kernel-client.ts';
import { scriptSpec } from './kernelspecs.ts';
import { describeE2e } from './suite.ts';

/** Ends neither for SIGTERM nor for a shutdown_request. */
const STUBBORN = [
  'import signal, sys',
  'from ipykernel.ipkernel import IPythonKernel',
  'from ipykernel.kernelapp import IPKernelApp',
  'class Stubborn(IPythonKernel):',
  '    async def shutdown_request(self, stream, ident, parent): pass',
  'for name in ("SIGTERM", "SIGHUP"): signal.signal(getattr(signal, name), signal.SIG_IGN)',
  'IPKernelApp.launch_instance(["-f", sys.argv[1], "--HistoryManager.enabled=False"], kernel_class=Stubborn)',
].join('\n');

describeE2e('the end of the gateway', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'by %s ends its kernels, closes its sockets and leaves nothing',
    async (signal) => {
      const gateway = await ownGateway();
      const ids = await Promise.all([launchKernel(gateway), launchKernel(gateway), launchKernel(gateway)]);
      const clients = await Promise.all(ids.map((id) => KernelClient.connect(gateway, id)));
      const [busy] = clients;
      await busy?.runForever();
      expect(gateway.kernelProcesses()).toHaveLength(3);
      const exit = await gateway.stop(signal);
      expect(exit).toEqual({ code: 0, signal: null });
      await gateway.expectNoLeaks();
      for (const client of clients) {
        const { code, reason } = await client.closing();
        expect([1000, 1001, 1012]).toContain(code);
        expect(reason).not.toBe('');
      }
    },
  );

  it('is quick when there is nothing to end', async () => {
    const gateway = await ownGateway();
    const exit = await within(5_000, 'its end', gateway.stop());
    expect(exit).toEqual({ code: 0, signal: null });
    await gateway.expectNoLeaks();
  });

  it('during a launch leaves nothing', async () => {
    const gateway = await ownGateway();
    const launches = [1, 2, 3].map(() =>
      gateway.request('/api/kernels', { method: 'POST', body: { name: 'python3' } }).catch(() => null),
    );
    await eventually(10_000, 'the first process', () => gateway.kernelProcesses().length > 0);
    await gateway.stop();
    await Promise.all(launches);
    await gateway.expectNoLeaks();
  });

  it('waits no longer than the grace period for a kernel that does not listen', async () => {
    const gateway = await ownGateway({
      env: { EG_SHUTDOWN_GRACE: '1' },
      kernelspecs: (python) => ({ stubborn: scriptSpec(python, STUBBORN) }),
    });
    await launchKernel(gateway, { name: 'stubborn' });
    await within(10_000, 'its end', gateway.stop());
    await gateway.expectNoLeaks();
  });

  it('comes at once on a second signal, and leaves no process even then', async () => {
    const gateway = await ownGateway({
      env: { EG_SHUTDOWN_GRACE: '300' },
      kernelspecs: (python) => ({ stubborn: scriptSpec(python, STUBBORN) }),
    });
    const id = await launchKernel(gateway, { name: 'stubborn' });
    const client = await KernelClient.connect(gateway, id);
    await client.execute('pass');
    const before = gateway.log.length;
    gateway.signal('SIGTERM');
    await eventually(10_000, 'a word about the first signal', () => gateway.log.length > before);
    expect(gateway.kernelProcesses()).toHaveLength(1);
    gateway.signal('SIGTERM');
    await within(5_000, 'its end', gateway.exited);
    await eventually(5_000, 'the end of the kernel', () => gateway.kernelProcesses().length === 0);
  });

  it('refuses new kernels while it drains', async () => {
    const gateway = await ownGateway({
      env: { EG_SHUTDOWN_GRACE: '3' },
      kernelspecs: (python) => ({ stubborn: scriptSpec(python, STUBBORN) }),
    });
    await launchKernel(gateway, { name: 'stubborn' });
    gateway.signal('SIGTERM');
    const outcome = await eventually(3_000, 'a refusal', async () => {
      const answer = await gateway
        .request('/api/kernels', { method: 'POST' })
        .catch(() => 'refused' as const);
      return answer === 'refused' || answer.status >= 500 ? answer : null;
    });
    if (outcome !== 'refused') expect(outcome.status).toBe(503);
    await gateway.stop();
    await gateway.expectNoLeaks();
  });
});

describeE2e('kill -9 of a gateway without persistence', () => {
  it('leaves nothing once the gateway has been started again', async () => {
    const gateway = await ownGateway();
    const ids = await Promise.all([launchKernel(gateway), launchKernel(gateway)]);
    const client = await KernelClient.connect(gateway, ids[0]);
    await client.runForever();
    const orphans = gateway.kernelProcesses().map(({ pid }) => pid);
    expect(orphans).toHaveLength(2);
    await gateway.kill();
    await client.closing();

    const next = await GatewayProcess.start({ after: gateway });
    try {
      await eventually(15_000, 'the end of the orphans', () =>
        next.kernelProcesses().every(({ pid }) => !orphans.includes(pid)),
      );
      expect((await next.request('/api/kernels')).json).toEqual([]);
      const id = await launchKernel(next);
      const visitor = await KernelClient.connect(next, id);
      expect(await evaluate(visitor, '1 + 1')).toBe(2);
      await next.stop();
      await next.expectNoLeaks();
    } finally {
      next.destroy();
    }
  });

  it('during launches leaves nothing once it has been started again', async () => {
    const gateway = await ownGateway();
    const launches = [1, 2, 3, 4].map(() =>
      gateway.request('/api/kernels', { method: 'POST', body: { name: 'python3' } }).catch(() => null),
    );
    await eventually(10_000, 'two processes', () => gateway.kernelProcesses().length >= 2);
    await gateway.kill();
    await Promise.all(launches);
    const next = await GatewayProcess.start({ after: gateway });
    try {
      await eventually(15_000, 'the end of the orphans', () => next.kernelProcesses().length === 0);
      await next.stop();
      await next.expectNoLeaks();
    } finally {
      next.destroy();
    }
  });

  it('spares the kernels of another gateway that shares the directories', async () => {
    const gateway = await ownGateway();
    const other = await GatewayProcess.start({ after: gateway, otherPort: true });
    try {
      const id = await launchKernel(other);
      const client = await KernelClient.connect(other, id);
      await client.execute('x = 1');
      await launchKernel(gateway);
      await gateway.kill();
      const next = await GatewayProcess.start({ after: gateway });
      try {
        expect(await evaluate(client, 'x')).toBe(1);
        await next.stop();
        expect(await evaluate(client, 'x')).toBe(1);
      } finally {
        await next.kill();
      }
    } finally {
      await other.stop();
    }
    await gateway.expectNoLeaks();
  });
});

describeE2e('many launches at once', () => {
  it('all succeed, and leave nothing when they are gone', async () => {
    const gateway = await ownGateway({
      env: { EG_KERNEL_LAUNCH_TIMEOUT: '120', EG_KERNEL_INFO_TIMEOUT: '120' },
    });
    const answers = await Promise.all(
      Array.from({ length: 20 }, () =>
        gateway.request('/api/kernels', { method: 'POST', body: { name: 'python3' } }),
      ),
    );
    expect(answers.map(({ status }) => status)).toEqual(Array(20).fill(201));
    const ids: string[] = answers.map(({ json }) => json.id);
    expect(new Set(ids).size).toBe(20);
    const pids = await Promise.all(
      ids.map(async (id) => {
        const client = await KernelClient.connect(gateway, id);
        return evaluate<number>(client, '__import__("os").getpid()');
      }),
    );
    expect(new Set(pids).size).toBe(20);
    const deletions = ids.map((id) => gateway.request(`/api/kernels/${id}`, { method: 'DELETE' }));
    expect((await Promise.all(deletions)).map(({ status }) => status)).toEqual(Array(20).fill(204));
    await gateway.expectNoLeaks();
    expect((await gateway.request('/api/kernels')).json).toEqual([]);
    await gateway.stop();
  }, 180_000);
});
