import { expect, it } from 'vitest';
import { readScrape } from '../server/metrics/scrape.ts';
import { eventually } from './deadline.ts';
import { type GatewayProcess, ownGateway, sharedGateway } from './gateway-process.ts';
import { evaluate, KernelClient, launchKernel } from './kernel-client.ts';
import { scriptSpec } from './kernelspecs.ts';
import { killProcess } from './process-list.ts';
import { describeE2e } from './suite.ts';

async function scrape(gateway: GatewayProcess) {
  return readScrape((await gateway.request('/metrics')).text);
}

describeE2e('the metrics of a gateway', () => {
  const gateway = sharedGateway();

  it('tell of a kernel from its launch to its end', async () => {
    const before = await scrape(gateway.current);
    const grown = async (name: string, labels: Record<string, string> = {}) =>
      (await scrape(gateway.current)).sum(name, labels) - before.sum(name, labels);
    const id = await launchKernel(gateway.current);
    expect(await grown('kernelgate_launches_total', { spec: 'python3' })).toBe(1);
    expect(await grown('kernelgate_launch_duration_seconds_count')).toBe(1);
    expect(await grown('kernelgate_launch_duration_seconds_sum')).toBeGreaterThan(0);
    for (const phase of ['podCreating', 'awaitingKernelInfo']) {
      expect(await grown('kernelgate_launch_phase_duration_seconds_count', { phase }), phase).toBe(1);
    }

    const client = await KernelClient.connect(gateway.current, id);
    await client.execute('print("x" * 100000)');
    const running = { state: 'running', spec: 'python3' };
    expect(await grown('kernelgate_kernels', running)).toBe(1);
    expect(await grown('kernelgate_websocket_clients')).toBe(1);
    const toClient = { channel: 'iopub', direction: 'to_client' };
    expect(await grown('kernelgate_message_bytes_total', toClient)).toBeGreaterThan(100_000);
    expect(
      await grown('kernelgate_messages_total', { channel: 'shell', direction: 'from_client' }),
    ).toBeGreaterThanOrEqual(1);

    await gateway.current.request(`/api/kernels/${id}/restart`, { method: 'POST' });
    expect(await grown('kernelgate_restarts_total', { trigger: 'request' })).toBe(1);
    killProcess(await evaluate<number>(client, '__import__("os").getpid()'));
    await eventually(10_000, 'its death', () =>
      grown('kernelgate_kernel_deaths_total', { restarted: 'true' }),
    );
    await eventually(30_000, 'the kernel to run again', () => grown('kernelgate_kernels', running));
    expect(await grown('kernelgate_restarts_total', { trigger: 'death' })).toBe(1);
    await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
    expect(await grown('kernelgate_kernels_ended_total', { outcome: 'stopped' })).toBe(1);
    expect(await grown('kernelgate_kernels')).toBe(0);
    expect(await grown('kernelgate_websocket_clients')).toBe(0);
  });

  it('tell why a launch failed', async () => {
    const broken = await ownGateway({
      kernelspecs: (python) => ({ broken: scriptSpec(python, 'import sys; sys.exit(3)') }),
    });
    const body = { name: 'broken' };
    const { json } = await broken.request('/api/kernels', { method: 'POST', body });
    const { value, sum } = await scrape(broken);
    expect(value('kernelgate_launch_failures_total', { code: json.code })).toBe(1);
    expect(sum('kernelgate_launch_failures_total')).toBe(1);
  });
});

describeE2e('metrics behind a token', () => {
  const token = 'a-secret';

  it('are for who has it', async () => {
    const gateway = await ownGateway({ env: { EG_AUTH_TOKEN: token } });
    expect((await gateway.request('/metrics')).status).toBe(401);
    const headers = { Authorization: `Bearer ${token}` };
    expect((await gateway.request('/metrics', { headers })).status).toBe(200);
  });

  it('are for everyone with EG_METRICS_PUBLIC, and nothing else is', async () => {
    const gateway = await ownGateway({ env: { EG_AUTH_TOKEN: token, EG_METRICS_PUBLIC: 'true' } });
    expect((await gateway.request('/metrics')).status).toBe(200);
    expect((await gateway.request('/api/kernels')).status).toBe(401);
  });
});
