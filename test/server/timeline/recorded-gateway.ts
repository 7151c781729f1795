/** A gateway's actor whose timelines are recorded, with fakes around it and a clock that only the test moves. */
import { randomUUID } from 'node:crypto';
import { onTestFinished } from 'vitest';
import { type Actor, createActor, SimulatedClock } from 'xstate';
import { gatewayMachine } from '../../../src/machines/gateway-machine.ts';
import type { KernelEvent } from '../../../src/machines/kernel-state.ts';
import type { ChannelEvent, LaunchPlan, Pod, PodEvent } from '../../../src/machines/ports.ts';
import type { KernelTimeline } from '../../../src/server/timeline/kernel-timeline.ts';
import type { Phase, TimelineEntry } from '../../../src/server/timeline/timeline-model.ts';
import { Timelines } from '../../../src/server/timeline/timelines.ts';
import { connectedMachine, registerPorts } from '../../machines/connected-machine.ts';
import { FakePorts } from '../../machines/fake-ports.ts';
import { settled } from '../../machines/kernel-under-test.ts';
import type { PortCall } from '../../machines/pending-calls.ts';
import { planOf, policyOf } from '../../machines/samples.ts';

const EPOCH = Date.parse('2025-01-02T03:04:05.000Z');

/** The calls that a local kernel's launch makes, in order. */
export const LAUNCH: PortCall[] = ['check', 'createPod', 'awaitHandshake', 'saveRecord'];

export class RecordedGateway {
  readonly ports = new FakePorts();
  readonly clock = new SimulatedClock();
  readonly timelines: Timelines;
  readonly actor: Actor<typeof gatewayMachine>;
  /** Faults of the recording itself. */
  readonly faults: unknown[] = [];

  constructor() {
    this.timelines = new Timelines({
      rules: () => ({ sensitiveEnvKeys: ['CUSTOM'], redactionMask: '***' }),
      now: () => EPOCH + this.clock.now(),
      failed: (error) => this.faults.push(error),
    });
    this.actor = createActor(gatewayMachine.provide({ actors: { kernel: connectedMachine } }), {
      clock: this.clock,
      inspect: this.timelines.inspect,
      input: { limits: { maxKernels: null, maxKernelsPerUser: -1 }, drainTimeout: 15_000 },
    });
    this.actor.start();
    onTestFinished(() => void this.actor.stop());
  }

  async launch(given: Partial<LaunchPlan> = {}): Promise<string> {
    const plan = planOf({ kernelId: randomUUID(), ...given });
    registerPorts(plan.kernelId, this.ports);
    this.actor.send({ type: 'kernel.launch', input: { plan, policy: policyOf(), now: EPOCH } });
    await settled();
    return plan.kernelId;
  }

  /** A kernel that runs. */
  async running(given: Partial<LaunchPlan> = {}): Promise<string> {
    const id = await this.launch(given);
    await this.answer(...LAUNCH);
    await this.channel(id, { type: 'channels.ready' });
    return id;
  }

  /** A kernel that could not be launched, and is gone. */
  async failed(given: Partial<LaunchPlan> = {}, error = new Error('out of luck')): Promise<string> {
    const id = await this.launch(given);
    await this.fail('check', error);
    return id;
  }

  async answer(...calls: PortCall[]): Promise<void> {
    for (const call of calls) await this.answerWith(call, undefined);
  }

  async answerWith(call: PortCall, given: Partial<Pod> | undefined): Promise<void> {
    this.ports.calls.answer(call, given);
    await settled();
  }

  async fail(call: PortCall, error: Error): Promise<void> {
    this.ports.calls.fail(call, error);
    await settled();
  }

  async send(kernelId: string, event: KernelEvent): Promise<void> {
    this.actor.getSnapshot().children[kernelId]?.send(event);
    await settled();
  }

  async pod(kernelId: string, event: PodEvent): Promise<void> {
    this.ports.world.podEvents(kernelId).next(event);
    await settled();
  }

  async channel(kernelId: string, event: ChannelEvent): Promise<void> {
    this.ports.world.channelEvents(kernelId).next(event);
    await settled();
  }

  /** Milliseconds. */
  async pass(time: number): Promise<void> {
    this.clock.increment(time);
    await settled();
  }

  kernel(kernelId: string): KernelTimeline {
    const kernel = this.timelines.find(kernelId);
    if (kernel === undefined) throw new Error(`nothing is known of kernel ${kernelId}`);
    return kernel;
  }

  entries(kernelId: string): TimelineEntry[] {
    return this.kernel(kernelId)
      .timeline.log.after(0)
      .map(({ json }) => JSON.parse(json));
  }

  /** As short as can be: `label → phase`. */
  story(kernelId: string): string[] {
    return this.entries(kernelId).map(({ label, phase }) => `${label} → ${phase}`);
  }

  phases(kernelId: string): Phase[] {
    return this.kernel(kernelId).timeline.phases.list(EPOCH + this.clock.now());
  }

  /** `phase seconds`. */
  durations(kernelId: string): string[] {
    return this.phases(kernelId).map(({ phase, seconds }) => `${phase} ${seconds}`);
  }
}
