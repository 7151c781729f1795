/** A kernel's actor with fakes around it and a clock that only the test moves. */
import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { type Actor, createActor, SimulatedClock, type SnapshotFrom } from 'xstate';
import type { kernelMachine } from '../../src/machines/kernel-machine.ts';
import type {
  KernelContext,
  KernelEmitted,
  KernelEvent,
  KernelOutcome,
  KernelPolicy,
} from '../../src/machines/kernel-state.ts';
import type { ChannelEvent, LaunchPlan, Pod, PodEvent } from '../../src/machines/ports.ts';
import { connectedMachine, registerPorts } from './connected-machine.ts';
import { FakePorts } from './fake-ports.ts';
import type { PortCall } from './pending-calls.ts';
import { DEATH, planOf, policyOf, recordOf } from './samples.ts';
import { TransitionRecord } from './transition-record.ts';

/** Of all kernels that were started in this test file. */
export const transitionRecord = new TransitionRecord();

export interface KernelOptions {
  plan?: Partial<LaunchPlan>;
  policy?: Partial<KernelPolicy>;
  /** The kernel runs already, and its record was found. */
  adopted?: boolean;
}

type Region = 'execution' | 'heartbeat' | 'interruption' | 'culling';

/** Lets everything happen that waits for nothing but promises. */
export async function settled(): Promise<void> {
  await setImmediate();
}

export class KernelUnderTest {
  readonly id: string;
  readonly ports = new FakePorts();
  readonly clock = new SimulatedClock();
  readonly emitted: KernelEmitted[] = [];
  readonly actor: Actor<typeof kernelMachine>;

  constructor({ plan: givenPlan, policy, adopted = false }: KernelOptions = {}) {
    const plan = planOf({ kernelId: randomUUID(), ...givenPlan });
    this.id = plan.kernelId;
    registerPorts(this.id, this.ports);
    const record = recordOf(plan);
    if (adopted) {
      this.ports.world.keepPod(this.id, record.pod.uid);
      this.ports.world.records.set(this.id, record);
    }
    this.actor = createActor(connectedMachine, {
      clock: this.clock,
      inspect: transitionRecord.inspect,
      input: { plan, policy: policyOf(policy), now: 1000, ...(adopted && { adopt: record }) },
    });
    this.actor.on('*', (event) => this.emitted.push(event));
    this.actor.start();
  }

  get snapshot(): SnapshotFrom<typeof kernelMachine> {
    return this.actor.getSnapshot();
  }

  get context(): KernelContext {
    return this.snapshot.context;
  }

  /** Down to the first state with several regions: `launching.checking`, `connected.running`. */
  get state(): string {
    const path: string[] = [];
    let value: unknown = this.snapshot.value;
    while (typeof value === 'object' && value !== null && Object.keys(value).length === 1) {
      const [[key, inner]] = Object.entries(value) as [[string, unknown]];
      path.push(key);
      value = inner;
    }
    return [...path, ...(typeof value === 'string' ? [value] : [])].join('.');
  }

  region(name: Region): string {
    const { connected } = this.snapshot.value as { connected: { running: Record<Region, string> } };
    return connected.running[name];
  }

  /** Undefined while the kernel lives. */
  get outcome(): KernelOutcome | undefined {
    return this.snapshot.output;
  }

  get held(): string[] {
    return this.ports.held(this.id);
  }

  /** The names of all calls to the ports so far. */
  get asked(): PortCall[] {
    return this.ports.calls.asked.map(({ name }) => name);
  }

  async send(...events: KernelEvent[]): Promise<void> {
    for (const event of events) this.actor.send(event);
    await settled();
  }

  /** Each call is answered, in this order, once it is made. */
  async answer(...calls: PortCall[]): Promise<void> {
    for (const call of calls) await this.answerWith(call, undefined);
  }

  async answerWith(call: PortCall, given: Partial<Pod> | null | undefined): Promise<void> {
    this.ports.calls.answer(call, given);
    await settled();
  }

  async fail(call: PortCall, error: Error = new Error(`${call} went wrong`)): Promise<void> {
    this.ports.calls.fail(call, error);
    await settled();
  }

  async pod(event: PodEvent): Promise<void> {
    this.ports.world.podEvents(this.id).next(event);
    await settled();
  }

  /** The present pod is gone, or another one. */
  async podGone(uid = this.context.pod?.uid ?? 'no pod'): Promise<void> {
    await this.pod({ type: 'pod.gone', uid, failure: DEATH });
  }

  async channel(event: ChannelEvent): Promise<void> {
    this.ports.world.channelEvents(this.id).next(event);
    await settled();
  }

  async status(executionState: string, at = 2000): Promise<void> {
    await this.channel({ type: 'kernel.status', executionState, at });
  }

  /** Milliseconds. */
  async pass(time: number): Promise<void> {
    this.clock.increment(time);
    await settled();
  }

  /** From now on nothing goes wrong outside, and nothing has to be waited for. */
  async answerAll(): Promise<void> {
    this.ports.calls.answerAll();
    await settled();
  }
}
