import { describe, expect, it } from 'vitest';
import type { KernelMessage } from '../../../src/adapters/channels/kernel-message.ts';
import { messageSize } from '../../../src/adapters/channels/kernel-message.ts';
import type { Settings } from '../../../src/adapters/config/settings.ts';
import type { KernelRelay } from '../../../src/server/websocket/kernel-relay.ts';
import { kernelMessage } from '../../adapters/channels/kernel-messages.ts';
import { testGateway } from '../test-gateway.ts';
import { FakeClient } from '../websocket/fake-client.ts';
import { request } from '../websocket/relay-fixture.ts';
import { scrape } from './scrape.ts';

const line = (text: string) => kernelMessage('iopub', 'stream', { name: 'stdout', text });

async function withKernel(settings: Partial<Settings> = {}) {
  const gateway = await testGateway({ settings });
  const { id } = (await gateway.app.inject({ method: 'POST', url: '/api/kernels' })).json();
  const relay = gateway.services.relays.get(id) as KernelRelay;
  return {
    gateway,
    join: (sessionId: string | null = null) => new FakeClient().join(relay, sessionId),
    says: (message: KernelMessage) => gateway.world.says(id, message),
  };
}

describe('messages', () => {
  it('are counted by channel and direction, those to clients once for each of them', async () => {
    const { gateway, join, says } = await withKernel();
    const [client] = [join(), join()];
    const asked = request('execute_request');
    client.sends(asked);
    const said = line('hello');
    says(said);
    says(kernelMessage('shell', 'execute_reply', { status: 'ok' }, asked.header));
    const { value } = await scrape(gateway);
    const count = (channel: string, direction: string) =>
      value('kernelgate_messages_total', { channel, direction });
    expect(count('shell', 'from_client')).toBe(1);
    expect(count('iopub', 'from_kernel')).toBe(1);
    expect(count('iopub', 'to_client')).toBe(2);
    expect(count('shell', 'from_kernel')).toBe(1);
    expect(count('shell', 'to_client')).toBe(1);
    expect(count('stdin', 'to_client')).toBe(0);
    const iopub = (direction: string) =>
      value('kernelgate_message_bytes_total', { channel: 'iopub', direction });
    expect(iopub('from_kernel')).toBe(messageSize(said));
    expect(iopub('to_client')).toBe(2 * messageSize(said));
  });

  it('that were thrown away are counted by the reason', async () => {
    const { gateway } = await withKernel();
    gateway.services.rejectedMessages.badSignatures = 3;
    const { value } = await scrape(gateway);
    expect(value('kernelgate_rejected_messages_total', { reason: 'bad_signature' })).toBe(3);
    expect(value('kernelgate_rejected_messages_total', { reason: 'malformed' })).toBe(0);
  });
});

describe('clients', () => {
  it('that are connected are counted, and all that ever were', async () => {
    const { gateway, join } = await withKernel();
    join();
    join().leaves();
    const { value } = await scrape(gateway);
    expect(value('kernelgate_websocket_clients')).toBe(1);
    expect(value('kernelgate_websocket_connections_total')).toBe(2);
  });

  it('that were away: what waits for them, what they are sent later, and what was dropped', async () => {
    const one = messageSize(line('1'));
    const { gateway, join, says } = await withKernel({ wsReplayBufferSize: 3 * one });
    join('a').leaves();
    for (const text of '12345') says(line(text));
    const before = await scrape(gateway);
    expect(before.value('kernelgate_backlog_bytes')).toBe(3 * one);
    expect(before.value('kernelgate_backlog_limit_bytes')).toBe(16 * 3 * one);
    expect(before.value('kernelgate_dropped_messages_total')).toBe(2);
    expect(before.value('kernelgate_replayed_messages_total')).toBe(0);
    join('a');
    const after = await scrape(gateway);
    expect(after.value('kernelgate_backlog_bytes')).toBe(0);
    expect(after.value('kernelgate_replayed_messages_total')).toBe(3);
  });
});
