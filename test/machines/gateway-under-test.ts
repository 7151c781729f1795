/** The gateway's actor, with kernels whose ports are all the same fakes and a clock that only the test moves. */
import { randomUUID } from 'node:crypto';
import { type Actor, createActor, SimulatedClock, type SnapshotFrom } from 'xstate';
import type { KernelLimits } from '../../src/machines/admission.ts';
import {
  type GatewayEmitted,
  type GatewayEvent,
  gatewayMachine,
  type KernelActor,
} from '../../src/machines/gateway-machine.ts';
import type { KernelInput } from '../../src/machines/kernel-state.ts';
import { connectedMachine, registerPorts } from './connected-machine.ts';
import { FakePorts } from './fake-ports.ts';
import { settled } from './kernel-under-test.ts';
import { planOf, policyOf, recordOf } from './samples.ts';

const DRAIN_TIMEOUT = 15_000;

export class GatewayUnderTest {
  readonly ports = new FakePorts();
  readonly clock = new SimulatedClock();
  readonly emitted: GatewayEmitted[] = [];
  readonly actor: Actor<typeof gatewayMachine>;

  constructor(limits: Partial<KernelLimits> = {}) {
    this.actor = createActor(gatewayMachine.provide({ actors: { kernel: connectedMachine } }), {
      clock: this.clock,
      input: { limits: limitsOf(limits), drainTimeout: DRAIN_TIMEOUT },
    });
    this.actor.on('*', (event) => this.emitted.push(event));
    this.actor.start();
  }

  get snapshot(): SnapshotFrom<typeof gatewayMachine> {
    return this.actor.getSnapshot();
  }

  /** Of the kernels that count, in any state. */
  get ids(): string[] {
    return Object.keys(this.snapshot.context.usernames);
  }

  /** @throws Error when there is none */
  kernel(kernelId: string): KernelActor {
    const { children } = this.snapshot;
    const kernel = Object.hasOwn(children, kernelId) ? (children[kernelId] as KernelActor) : undefined;
    if (kernel === undefined) throw new Error(`no kernel ${kernelId}`);
    return kernel;
  }

  /** The codes with which launches were refused so far. */
  get refusals(): string[] {
    return this.emitted.flatMap((event) => (event.type === 'kernel.refused' ? [event.refusal.code] : []));
  }

  async send(event: GatewayEvent): Promise<void> {
    this.actor.send(event);
    await settled();
  }

  /** @returns the kernel's id, whether it is admitted or not */
  async launch(username = 'alice', kernelId: string = randomUUID()): Promise<string> {
    await this.send({ type: 'kernel.launch', input: this.#input(username, kernelId) });
    return kernelId;
  }

  async launchAndRun(username = 'alice'): Promise<string> {
    this.ports.calls.answerAll();
    const kernelId = await this.launch(username);
    this.ports.world.channelEvents(kernelId).next({ type: 'channels.ready' });
    return kernelId;
  }

  async adopt(username = 'alice', kernelId: string = randomUUID()): Promise<string> {
    const input = this.#input(username, kernelId);
    const record = recordOf(input.plan);
    this.ports.world.keepPod(kernelId, record.pod.uid);
    this.ports.world.records.set(kernelId, record);
    await this.send({ type: 'kernel.adopt', input: { ...input, adopt: record } });
    return kernelId;
  }

  /** Milliseconds. */
  async pass(time: number): Promise<void> {
    this.clock.increment(time);
    await settled();
  }

  #input(username: string, kernelId: string): KernelInput {
    registerPorts(kernelId, this.ports);
    return { plan: planOf({ kernelId, username }), policy: policyOf(), now: 1000 };
  }
}

export function limitsOf(given: Partial<KernelLimits> = {}): KernelLimits {
  return { maxKernels: null, maxKernelsPerUser: -1, ...given };
}
