/**
 * Kernels that exist only as far as the chart can tell: they start, answer and
 * end at once, unless the test says otherwise.
 */
import { Observable, Subject } from 'rxjs';
import type { KernelMessage } from '../../src/adapters/channels/kernel-message.ts';
import type { MessageSink } from '../../src/adapters/channels/zmq-channels.ts';
import { type Failure, KernelFailure } from '../../src/machines/failure.ts';
import type { KernelPorts } from '../../src/machines/kernel-actors.ts';
import type { ChannelEvent, KernelRecord, LaunchPlan, Pod, PodEvent } from '../../src/machines/ports.ts';
import { CONNECTION, podOf } from '../machines/samples.ts';
import { FakeLink } from './websocket/relay-fixture.ts';

export class FakeWorld {
  /** Plans of the kernels that were launched, in order. */
  readonly launched: LaunchPlan[] = [];
  readonly interrupted: string[] = [];
  readonly records = new Map<string, KernelRecord>();
  readonly links = new Map<string, FakeLink>();
  /** Why no kernel can be launched. */
  refusal: Failure | null = null;
  /** Kernels are silent until {@link answer}. */
  isSilent = false;
  interruptsFail = false;
  #refusesPods: Failure | null = null;
  readonly #sink: MessageSink;
  readonly #pods = new Map<string, Pod>();
  readonly #podEvents = new Map<string, Subject<PodEvent>>();
  readonly #channels = new Map<string, Subject<ChannelEvent>>();

  constructor(sink: MessageSink) {
    this.#sink = sink;
  }

  get kernelIds(): string[] {
    return [...this.#pods.keys()];
  }

  answer(kernelId: string): void {
    this.#channels.get(kernelId)?.next({ type: 'channels.ready' });
    this.#channels.get(kernelId)?.next({ type: 'kernel.status', executionState: 'idle', at: Date.now() });
  }

  says(kernelId: string, message: KernelMessage): void {
    this.#sink.received(kernelId, message);
  }

  dies(kernelId: string, failure: Failure): void {
    const pod = this.#pods.get(kernelId);
    if (pod !== undefined) this.#podEventsOf(kernelId).next({ type: 'pod.gone', uid: pod.uid, failure });
  }

  /** From now on no kernel can be made. */
  refuseRestarts(failure: Failure): void {
    this.#refusesPods = failure;
  }

  readonly ports: KernelPorts = {
    provisionerOf: () => ({
      check: async () => {
        if (this.refusal !== null) throw new KernelFailure(this.refusal);
      },
      createNamespace: async () => {},
      createPod: async (plan) => {
        if (this.#refusesPods !== null) throw new KernelFailure(this.#refusesPods);
        this.launched.push(plan);
        const pod = podOf({ uid: `pod-${this.launched.length}` });
        this.#pods.set(plan.kernelId, pod);
        return pod;
      },
      podEvents: (kernelId) => this.#podEventsOf(kernelId),
      awaitHandshake: async () => CONNECTION,
      interrupt: async ({ kernelId }) => {
        if (this.interruptsFail) throw new Error('there is no process to interrupt');
        this.interrupted.push(kernelId);
      },
      requestExit: async () => {},
      adoptPod: async (_plan, pod) => ({ pod }),
      // As long as closing a file takes.
      detachPod: () => new Promise((resolve) => setTimeout(resolve, 5)),
      deletePod: async ({ kernelId }) => void this.#pods.delete(kernelId),
      deleteNamespace: async () => {},
    }),
    channels: {
      open: (kernelId) => this.#openChannels(kernelId),
      interrupt: async (kernelId) => void this.interrupted.push(kernelId),
      requestShutdown: async (kernelId) => {
        this.dies(kernelId, { code: 'POD_GONE', message: 'It has exited.', hint: '' });
      },
    },
    records: {
      save: async (record) => void this.records.set(record.plan.kernelId, record),
      delete: async (kernelId) => void this.records.delete(kernelId),
    },
  };

  #openChannels(kernelId: string): Observable<ChannelEvent> {
    return new Observable((observer) => {
      const subject = new Subject<ChannelEvent>();
      const subscription = subject.subscribe(observer);
      const link = new FakeLink();
      this.#channels.set(kernelId, subject);
      this.links.set(kernelId, link);
      this.#sink.opened(kernelId, link);
      if (!this.isSilent) queueMicrotask(() => this.answer(kernelId));
      return () => {
        subscription.unsubscribe();
        this.#sink.closed(kernelId);
      };
    });
  }

  #podEventsOf(kernelId: string): Subject<PodEvent> {
    const subject = this.#podEvents.get(kernelId) ?? new Subject<PodEvent>();
    this.#podEvents.set(kernelId, subject);
    return subject;
  }
}
