/** What becomes of kernels: launches and their durations, failures, deaths, restarts, ends. */
import { Counter, Histogram, type Registry } from 'prom-client';
import { type Failure, KernelFailure } from '../../machines/failure.ts';
import type { KernelOutcome } from '../../machines/kernel-state.ts';
import { RequestError } from '../../machines/request-error.ts';
import type { BoundedLabels } from './bounded-labels.ts';
import { FAILURE_CODES, REQUEST_ERROR_CODES } from './codes.ts';

/** Seconds: from a local kernel's to that of a large image on a node that is yet to come. */
const LAUNCH_BUCKETS = [0.25, 0.5, 1, 2, 3, 5, 8, 12, 20, 30, 60, 120, 300, 600];
const PHASE_BUCKETS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

const OUTCOMES = ['stopped', 'failed', 'dead', 'detached', 'broken'] as const;
export const PROBLEMS = ['adoption.failed', 'record.failed', 'teardown.failed', 'interrupt.failed'] as const;

export class LifeMetrics {
  readonly #specLabels: BoundedLabels;
  readonly #counted = new WeakSet<Failure>();
  readonly #launches: Counter<'spec'>;
  readonly #adoptions: Counter;
  readonly #launchDurations: Histogram<'spec'>;
  readonly #phaseDurations: Histogram<'phase'>;
  readonly #launchFailures: Counter<'code'>;
  readonly #launchRefusals: Counter<'code'>;
  readonly #deaths: Counter<'code' | 'restarted'>;
  readonly #restarts: Counter<'trigger'>;
  readonly #restartFailures: Counter<'code'>;
  readonly #culls: Counter;
  readonly #ends: Counter<'outcome'>;
  readonly #problems: Counter<'problem'>;

  constructor(registry: Registry, specLabels: BoundedLabels) {
    this.#specLabels = specLabels;
    const registers = [registry];
    const counter = <Label extends string = never>(name: string, help: string, labelNames: Label[] = []) =>
      new Counter<Label>({ name: `kernelgate_${name}`, help, labelNames, registers });
    this.#launches = counter('launches_total', 'Launches that were begun, by kernelspec.', ['spec']);
    this.#adoptions = counter('adoptions_total', 'Kernels of an earlier gateway that were taken up.');
    this.#launchDurations = new Histogram({
      name: 'kernelgate_launch_duration_seconds',
      help: 'Time from the request until the kernel ran, by kernelspec. Launches that failed do not count.',
      labelNames: ['spec'],
      buckets: LAUNCH_BUCKETS,
      registers,
    });
    this.#phaseDurations = new Histogram({
      name: 'kernelgate_launch_phase_duration_seconds',
      help: 'Time in each phase of a launch, or of a restart, that led to the next one.',
      labelNames: ['phase'],
      buckets: PHASE_BUCKETS,
      registers,
    });
    this.#launchFailures = counter('launch_failures_total', 'Launches that failed, by code.', ['code']);
    this.#launchRefusals = counter(
      'launch_refusals_total',
      'Requests to launch that were refused before anything was begun, by code.',
      ['code'],
    );
    this.#deaths = counter(
      'kernel_deaths_total',
      'Kernels that ran and died, by code, and by whether they were restarted.',
      ['code', 'restarted'],
    );
    this.#restarts = counter('restarts_total', 'Restarts, by what asked for them: request or death.', [
      'trigger',
    ]);
    this.#restartFailures = counter(
      'restart_failures_total',
      'Restarts after which the kernel never ran again, by code.',
      ['code'],
    );
    this.#culls = counter('culls_total', 'Kernels that were shut down because they were idle for too long.');
    this.#ends = counter('kernels_ended_total', 'Kernels that are gone, by outcome.', ['outcome']);
    this.#problems = counter('kernel_problems_total', 'Troubles that did not end a kernel.', ['problem']);
    this.#beginAtZero();
  }

  launched(kernelName: string): void {
    this.#launches.inc({ spec: this.#specLabels.of(kernelName) });
  }

  adopted(): void {
    this.#adoptions.inc();
  }

  phaseEnded(phase: string, seconds: number): void {
    this.#phaseDurations.observe({ phase }, seconds);
  }

  launchEnded(kernelName: string, seconds: number): void {
    this.#launchDurations.observe({ spec: this.#specLabels.of(kernelName) }, seconds);
  }

  /** @param death why it died; null when it was asked to */
  restarting(death: Failure | null): void {
    if (death !== null) this.#deaths.inc({ code: death.code, restarted: 'true' });
    this.#restarts.inc({ trigger: death === null ? 'request' : 'death' });
  }

  problem(problem: (typeof PROBLEMS)[number]): void {
    this.#problems.inc({ problem });
  }

  /** @param wasRestarting it had not run again since its last restart */
  ended({ outcome, reason, failure }: KernelOutcome, wasRestarting: boolean): void {
    this.#ends.inc({ outcome });
    if (reason === 'culled') this.#culls.inc();
    if (failure === null) return;
    this.#counted.add(failure);
    const { code } = failure;
    if (outcome === 'failed') this.#launchFailures.inc({ code });
    else if (outcome === 'dead' && wasRestarting) this.#restartFailures.inc({ code });
    else if (outcome === 'dead') this.#deaths.inc({ code, restarted: 'false' });
  }

  broken(): void {
    this.#ends.inc({ outcome: 'broken' });
  }

  /** What a request to launch was answered with, unless it has been counted as the end of its kernel. */
  notLaunched(error: unknown): void {
    if (error instanceof RequestError) this.#launchRefusals.inc({ code: error.code });
    if (!(error instanceof KernelFailure) || this.#counted.has(error.failure)) return;
    // One that was shut down while it was launched has stopped, not failed.
    if (error.failure.code !== 'LAUNCH_CANCELLED') this.#launchFailures.inc({ code: error.failure.code });
  }

  #beginAtZero(): void {
    for (const code of FAILURE_CODES) {
      this.#launchFailures.inc({ code }, 0);
      this.#restartFailures.inc({ code }, 0);
      for (const restarted of ['true', 'false']) this.#deaths.inc({ code, restarted }, 0);
    }
    for (const code of REQUEST_ERROR_CODES) this.#launchRefusals.inc({ code }, 0);
    for (const trigger of ['request', 'death']) this.#restarts.inc({ trigger }, 0);
    for (const outcome of OUTCOMES) this.#ends.inc({ outcome }, 0);
    for (const problem of PROBLEMS) this.#problems.inc({ problem }, 0);
  }
}
