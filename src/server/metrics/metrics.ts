/** All that Prometheus can ask of the gateway. */
import { Registry } from 'prom-client';
import type { Settings } from '../../adapters/config/settings.ts';
import type { Kernels } from '../kernels.ts';
import type { KubernetesFigures } from '../kubernetes.ts';
import type { Services } from '../services.ts';
import type { Relays } from '../websocket/relays.ts';
import { BoundedLabels } from './bounded-labels.ts';
import { addKernelMetrics } from './kernel-metrics.ts';
import { addKubernetesMetrics } from './kubernetes-metrics.ts';
import { LifeMetrics } from './life-metrics.ts';
import { addProcessMetrics, observeProcess } from './process-metrics.ts';
import { addTrafficMetrics } from './traffic-metrics.ts';

/** Kernelspecs that are named in labels; the kernels of further ones are counted together. */
const MOST_SPECS = 50;

export interface MetricsOptions {
  settings(): Pick<Settings, 'metricsUsers'>;
  kernels: Kernels;
  relays: Relays;
  rejectedMessages: Services['rejectedMessages'];
  /** Null as long as no cluster is connected to. */
  kubernetes(): KubernetesFigures | null;
}

export class Metrics {
  readonly lives: LifeMetrics;
  readonly #registry = new Registry();
  #isProcessObserved = false;

  constructor({ settings, kernels, relays, rejectedMessages, kubernetes }: MetricsOptions) {
    const specLabels = new BoundedLabels(MOST_SPECS);
    addKernelMetrics(this.#registry, { kernels, specLabels, users: () => settings().metricsUsers });
    this.lives = new LifeMetrics(this.#registry, specLabels);
    addTrafficMetrics(this.#registry, relays, rejectedMessages);
    addKubernetesMetrics(this.#registry, kubernetes);
    addProcessMetrics(this.#registry);
  }

  get contentType(): string {
    return this.#registry.contentType;
  }

  /** In Prometheus' text format, version 0.0.4. */
  text(): Promise<string> {
    if (!this.#isProcessObserved) observeProcess(this.#registry);
    this.#isProcessObserved = true;
    return this.#registry.metrics();
  }
}
