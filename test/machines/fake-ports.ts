/**
 * The ports of a kernel's life without anything behind them: a test answers
 * each call, emits what happens outside, and sees what is held at the end.
 */
import { Observable, Subject } from 'rxjs';
import type { KernelPorts } from '../../src/machines/kernel-actors.ts';
import type {
  ChannelEvent,
  KernelChannels,
  KernelProvisioner,
  KernelRecord,
  KernelRecords,
  Pod,
  PodEvent,
} from '../../src/machines/ports.ts';
import { PendingCalls } from './pending-calls.ts';
import { CONNECTION, DEATH, podOf } from './samples.ts';

export class FakePorts implements KernelPorts {
  readonly calls = new PendingCalls();
  readonly world: FakeWorld;
  /** For each time that channels were opened, whether it was for a kernel that may be at work already. */
  readonly opened: boolean[] = [];
  readonly provisioner: KernelProvisioner;
  readonly channels: KernelChannels;
  readonly records: KernelRecords;

  /** @param world the same for several gateways, one after the other */
  constructor(world: FakeWorld = new FakeWorld()) {
    this.world = world;
    this.provisioner = fakeProvisioner(this.calls, world);
    this.channels = fakeChannels(this.calls, world, this.opened);
    this.records = fakeRecords(this.calls, world);
  }

  readonly provisionerOf = (): KernelProvisioner => this.provisioner;

  /** What is still there of one kernel, in words; empty when all of it is released. */
  held(kernelId: string): string[] {
    return this.world.held(kernelId);
  }
}

/** What exists outside, and what happens there. */
export class FakeWorld {
  readonly namespaces = new Set<string>();
  readonly pods = new Map<string, Set<string>>();
  readonly records = new Map<string, KernelRecord>();
  /** Kernels whose pods end before their creation is answered. */
  readonly shortLived = new Set<string>();
  readonly #endedPods = new Set<string>();
  readonly #podEvents = new Map<string, Subject<PodEvent>>();
  readonly #channelEvents = new Map<string, Subject<ChannelEvent>>();
  readonly #subscriptions = new Map<string, number>();
  #podsMade = 0;

  makePod(kernelId: string): Pod {
    this.#podsMade += 1;
    const pod = podOf({ uid: `pod-${this.#podsMade}` });
    this.keepPod(kernelId, pod.uid);
    return pod;
  }

  keepPod(kernelId: string, uid: string): void {
    this.pods.set(kernelId, (this.pods.get(kernelId) ?? new Set()).add(uid));
  }

  /** It ends by itself; what there is of it stays until it is deleted. */
  endPod(kernelId: string, uid: string): void {
    if (!this.isAlive(kernelId, uid)) return;
    this.#endedPods.add(uid);
    this.podEvents(kernelId).next({ type: 'pod.gone', uid, failure: DEATH });
  }

  isAlive(kernelId: string, uid: string): boolean {
    return this.pods.get(kernelId)?.has(uid) === true && !this.#endedPods.has(uid);
  }

  podEvents(kernelId: string): Subject<PodEvent> {
    return subjectOf(this.#podEvents, kernelId);
  }

  channelEvents(kernelId: string): Subject<ChannelEvent> {
    return subjectOf(this.#channelEvents, kernelId);
  }

  /** The same events, with an account of who listens. */
  counted<Event>(events: Subject<Event>, name: string): Observable<Event> {
    return new Observable((observer) => {
      this.#count(name, 1);
      const subscription = events.subscribe(observer);
      return () => {
        this.#count(name, -1);
        subscription.unsubscribe();
      };
    });
  }

  subscriptions(name: string): number {
    return this.#subscriptions.get(name) ?? 0;
  }

  held(kernelId: string): string[] {
    return [
      ...(this.namespaces.has(kernelId) ? ['namespace'] : []),
      ...[...(this.pods.get(kernelId) ?? [])].map((uid) => `pod ${uid}`),
      ...(this.records.has(kernelId) ? ['record'] : []),
      ...['pod events', 'channels'].filter((name) => this.subscriptions(`${name} of ${kernelId}`) > 0),
    ];
  }

  #count(name: string, by: number): void {
    this.#subscriptions.set(name, this.subscriptions(name) + by);
  }
}

function subjectOf<Event>(subjects: Map<string, Subject<Event>>, kernelId: string): Subject<Event> {
  const subject = subjects.get(kernelId) ?? new Subject<Event>();
  subjects.set(kernelId, subject);
  return subject;
}

/** What is created exists from the call on, not from its answer: whoever forgets about a call leaves something behind. */
function fakeProvisioner(calls: PendingCalls, world: FakeWorld): KernelProvisioner {
  const nothing = { answer: () => undefined };
  return {
    check: ({ kernelId }, signal) => calls.ask('check', kernelId, { ...nothing, signal }),
    createNamespace: ({ kernelId }, signal) => {
      world.namespaces.add(kernelId);
      const aborted = () => world.namespaces.delete(kernelId);
      return calls.ask('createNamespace', kernelId, { ...nothing, signal, aborted });
    },
    createPod: ({ kernelId }, signal) => {
      const pod = world.makePod(kernelId);
      if (world.shortLived.has(kernelId)) world.endPod(kernelId, pod.uid);
      const aborted = () => world.pods.get(kernelId)?.delete(pod.uid);
      const answer = (given: unknown) => ({ ...pod, ...(given as Partial<Pod> | undefined) });
      return calls.ask('createPod', kernelId, { answer, signal, aborted });
    },
    podEvents: (kernelId) => world.counted(world.podEvents(kernelId), `pod events of ${kernelId}`),
    awaitHandshake: ({ kernelId }, _pod, signal) =>
      calls.ask('awaitHandshake', kernelId, { answer: () => CONNECTION, signal }),
    interrupt: ({ kernelId }) => calls.ask('interrupt', kernelId, nothing),
    requestExit: async () => {},
    adoptPod: ({ kernelId }, pod) =>
      calls.ask('adoptPod', kernelId, {
        answer: (given) => {
          if (given === null) world.pods.delete(kernelId);
          if (given === null) return { pod: null, failure: null };
          if (given !== undefined) return { pod: given as Pod };
          return world.isAlive(kernelId, pod.uid) ? { pod } : { pod: null, failure: DEATH };
        },
      }),
    detachPod: ({ kernelId }) => calls.ask('detachPod', kernelId, nothing),
    deletePod: ({ kernelId }) =>
      calls.ask('deletePod', kernelId, { answer: () => void world.pods.delete(kernelId) }),
    deleteNamespace: ({ kernelId }) =>
      calls.ask('deleteNamespace', kernelId, { answer: () => void world.namespaces.delete(kernelId) }),
  };
}

function fakeChannels(calls: PendingCalls, world: FakeWorld, opened: boolean[]): KernelChannels {
  const nothing = { answer: () => undefined };
  const refuseWhenClosed = (kernelId: string) => {
    if (world.subscriptions(`channels of ${kernelId}`) === 0) {
      throw new Error(`kernel ${kernelId} has no open channels`);
    }
  };
  return {
    open: (kernelId, _connection, resumed) => {
      opened.push(resumed);
      return world.counted(world.channelEvents(kernelId), `channels of ${kernelId}`);
    },
    interrupt: async (kernelId) => {
      refuseWhenClosed(kernelId);
      await calls.ask('interruptByMessage', kernelId, nothing);
    },
    requestShutdown: async (kernelId) => {
      refuseWhenClosed(kernelId);
      await calls.ask('requestShutdown', kernelId, nothing);
    },
  };
}

/** Records of one kernel are written and deleted in the order in which that was asked for. */
function fakeRecords(calls: PendingCalls, world: FakeWorld): KernelRecords {
  return {
    save: (record) => {
      const { kernelId } = record.plan;
      return calls.ask('saveRecord', kernelId, { answer: () => void world.records.set(kernelId, record) });
    },
    delete: (kernelId) =>
      calls.ask('deleteRecord', kernelId, {
        answer: () => {
          calls.flush('saveRecord', kernelId);
          world.records.delete(kernelId);
        },
      }),
  };
}
