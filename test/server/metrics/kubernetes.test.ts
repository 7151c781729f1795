import { describe, expect, it } from 'vitest';
import { testGateway } from '../test-gateway.ts';
import { kubernetesFigures } from './kubernetes-figures.ts';
import { scrape } from './scrape.ts';

describe('a gateway with a cluster tells', () => {
  const scraped = async () => scrape(await testGateway({ kubernetes: kubernetesFigures() }));

  it('how launchers answered', async () => {
    const { value } = await scraped();
    expect(value('kernelgate_handshakes_total', { outcome: 'accepted' })).toBe(7);
    expect(value('kernelgate_handshakes_total', { outcome: 'unknown_kernel' })).toBe(2);
    expect(value('kernelgate_handshakes_total', { outcome: 'wrong_token' })).toBe(0);
  });

  it('what it asked of the Kubernetes API, and how that was answered', async () => {
    const { value } = await scraped();
    expect(value('kernelgate_kubernetes_requests_total', { verb: 'create', status: '403' })).toBe(1);
    expect(value('kernelgate_kubernetes_requests_total', { verb: 'list', status: 'timeout' })).toBe(1);
  });

  it('how its watches are, by kind', async () => {
    const { value } = await scraped();
    expect(value('kernelgate_watch_restarts_total', { kind: 'Event' })).toBe(3);
    expect(value('kernelgate_watch_last_event_timestamp_seconds', { kind: 'Event' })).toBe(80);
    expect(value('kernelgate_watch_last_event_timestamp_seconds', { kind: 'Pod' })).toBe(90.5);
  });

  it('what it has cleaned up', async () => {
    expect((await scraped()).value('kernelgate_reconciler_removals_total')).toBe(5);
  });
});

it('a gateway without a cluster tells nothing of one', async () => {
  const { samples } = await scrape(await testGateway());
  expect(samples.filter(({ name }) => /kubernetes|watch|handshake/.test(name))).toEqual([]);
});
