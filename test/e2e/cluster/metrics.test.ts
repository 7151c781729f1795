import { expect, it } from 'vitest';
import { readScrape } from '../../server/metrics/scrape.ts';
import { eventually } from '../deadline.ts';
import { launchKernel } from '../kernel-client.ts';
import { sharedClusterGateway } from './gateway-on-cluster.ts';
import { describeCluster } from './suite.ts';

describeCluster('the metrics of a gateway with a cluster', () => {
  const gateway = sharedClusterGateway({
    clusterSpecs: { no_image: { image: 'localhost/there-is-no-such-image:1' } },
  });
  const scrape = async () => readScrape((await gateway.current.request('/metrics')).text);

  it('tell of its handshakes, its requests to the API and its watch', async () => {
    const id = await launchKernel(gateway.current, { name: 'light' });
    const { value, sum } = await scrape();
    expect(value('kernelgate_handshakes_total', { outcome: 'accepted' })).toBe(1);
    expect(sum('kernelgate_kubernetes_requests_total', { verb: 'create' })).toBeGreaterThan(0);
    expect(sum('kernelgate_kubernetes_requests_total', { verb: 'watch' })).toBeGreaterThan(0);
    expect(value('kernelgate_watch_restarts_total', { kind: 'Pod' })).toBe(0);
    const silence =
      Date.now() / 1000 - (value('kernelgate_watch_last_event_timestamp_seconds', { kind: 'Pod' }) ?? 0);
    expect(silence).toBeLessThan(120);
    for (const phase of ['namespaceProvisioning', 'podPending', 'handshaking']) {
      expect(value('kernelgate_launch_phase_duration_seconds_count', { phase }), phase).toBe(1);
    }
    await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
  });

  it('tell in which phase a launch waits, and why it failed', async () => {
    const body = { name: 'no_image' };
    const launching = gateway.current.request('/api/kernels', { method: 'POST', body });
    const waiting = { state: 'launching', phase: 'podPending', spec: 'no_image' };
    await eventually(60_000, 'a kernel that waits for its pod', async () => {
      return (await scrape()).value('kernelgate_kernels', waiting);
    });
    const { json } = await launching;
    expect(json.code).toBe('IMAGE_PULL_FAILED');
    const { value } = await scrape();
    expect(value('kernelgate_launch_failures_total', { code: 'IMAGE_PULL_FAILED' })).toBe(1);
  });
});
