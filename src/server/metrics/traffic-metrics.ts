/** What passes between kernels and clients. The relays count it; here it is read. */
import type { Registry } from 'prom-client';
import type { Services } from '../services.ts';
import type { Relays } from '../websocket/relays.ts';
import type { Flow, Flows, Traffic } from '../websocket/traffic.ts';
import { type Reading, readCounter, readGauge, single } from './read-metrics.ts';

type FlowLabel = 'channel' | 'direction';

export function addTrafficMetrics(
  registry: Registry,
  relays: Relays,
  rejected: Services['rejectedMessages'],
): void {
  const { traffic } = relays;
  readGauge(registry, {
    name: 'kernelgate_websocket_clients',
    help: 'WebSockets of clients that are open.',
    read: () => single(relays.clients),
  });
  readCounter(registry, {
    name: 'kernelgate_websocket_connections_total',
    help: 'WebSockets of clients that were opened.',
    read: () => single(traffic.connections),
  });
  addFlow(registry, traffic, 'messages', {
    name: 'kernelgate_messages_total',
    help: 'Messages by channel and direction; those to clients once for each client.',
  });
  addFlow(registry, traffic, 'bytes', {
    name: 'kernelgate_message_bytes_total',
    help: 'Bytes of these messages, without the framing of either side.',
  });
  addBacklog(registry, relays);
  readCounter<'reason'>(registry, {
    name: 'kernelgate_rejected_messages_total',
    help: 'Messages of kernels that were thrown away, because of a bad signature or because they are malformed.',
    labelNames: ['reason'],
    read: () => [
      { labels: { reason: 'bad_signature' }, value: rejected.badSignatures },
      { labels: { reason: 'malformed' }, value: rejected.malformed },
    ],
  });
}

function addFlow(
  registry: Registry,
  traffic: Traffic,
  figure: keyof Flow,
  named: { name: string; help: string },
): void {
  const directions: [string, Flows][] = [
    ['from_client', traffic.fromClients],
    ['from_kernel', traffic.fromKernels],
    ['to_client', traffic.toClients],
  ];
  readCounter<FlowLabel>(registry, {
    ...named,
    labelNames: ['channel', 'direction'],
    read: () =>
      directions.flatMap(([direction, flows]) =>
        Object.entries(flows).map(
          ([channel, flow]): Reading<FlowLabel> => ({ labels: { channel, direction }, value: flow[figure] }),
        ),
      ),
  });
}

function addBacklog(registry: Registry, { traffic, backlog }: Relays): void {
  readGauge(registry, {
    name: 'kernelgate_backlog_bytes',
    help: 'Bytes of output that wait for clients that are away or slow.',
    read: () => single(backlog.used),
  });
  readGauge(registry, {
    name: 'kernelgate_backlog_limit_bytes',
    help: 'What the backlogs of all kernels may hold together; then the oldest messages are dropped.',
    read: () => single(backlog.limit),
  });
  readCounter(registry, {
    name: 'kernelgate_dropped_messages_total',
    help: 'Messages that waited for a client and were dropped, because there was no room for more.',
    read: () => single(traffic.dropped),
  });
  readCounter(registry, {
    name: 'kernelgate_replayed_messages_total',
    help: 'Messages that waited for a client, and were sent to it.',
    read: () => single(traffic.replayed),
  });
}
