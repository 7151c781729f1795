/** What the routes work with; made in `main.ts`. */
import type { Settings } from '../adapters/config/settings.ts';
import type { KernelspecStore } from '../adapters/kernelspecs/kernelspec-store.ts';
import type { Kernels } from './kernels.ts';
import type { Metrics } from './metrics/metrics.ts';
import type { Sessions } from './sessions.ts';
import type { Timelines } from './timeline/timelines.ts';
import type { Relays } from './websocket/relays.ts';

export interface Services {
  /** The settings as they are now: some change while the gateway runs. */
  settings(): Settings;
  kernels: Kernels;
  kernelspecs: KernelspecStore;
  sessions: Sessions;
  relays: Relays;
  timelines: Timelines;
  metrics: Metrics;
  /** Messages of kernels that were dropped since the start. */
  rejectedMessages: { badSignatures: number; malformed: number };
  /** ISO 8601. */
  startedAt: string;
  /** The user in whose name the gateway runs. */
  gatewayUser: string;
}
