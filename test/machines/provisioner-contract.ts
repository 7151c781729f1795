/** What every provisioner does, whatever its kernels run on. The fake and the real ones are held to it alike. */
import { setImmediate } from 'node:timers/promises';
import { filter, firstValueFrom } from 'rxjs';
import { describe, expect, onTestFinished, test } from 'vitest';
import type {
  ConnectionInfo,
  KernelProvisioner,
  LaunchPlan,
  Pod,
  PodEvent,
} from '../../src/machines/ports.ts';

/** A provisioner, and what is around it. */
export interface ProvisionerUnderTest {
  provisioner: KernelProvisioner;
  /** A plan for a kernel that runs until it is ended, or for one that ends before it has done anything. */
  planOf(life: 'runs' | 'ends at once'): LaunchPlan;
  /** A plan for a kernel that gets a namespace of its own; absent where no kernel does. */
  planAlone?(): LaunchPlan;
  /** The provisioner of another gateway, which is going to adopt this kernel. */
  successorFor(plan: LaunchPlan): Promise<KernelProvisioner>;
  /** Ends a pod from outside, if it has not ended. */
  end(plan: LaunchPlan, pod: Pod): Promise<void>;
  /** What there still is of a kernel, in words. */
  leftOf(plan: LaunchPlan): Promise<string[]>;
}

const PORTS = ['shell_port', 'iopub_port', 'stdin_port', 'control_port', 'hb_port'] as const;
/** Turns of the event loop after which a creation is aborted. */
const MOMENTS = [0, 1, 2, 3, 5, 8, 13];
const never = new AbortController().signal;

/** @param begin called once for each test */
export function describeProvisioner(begin: () => Promise<ProvisionerUnderTest>): void {
  describe('a pod', () => {
    test('can be checked, and is plain JSON once it is created', async () => {
      const subject = await begin();
      const plan = subject.planOf('runs');
      await subject.provisioner.check(plan, never);
      const pod = await created(subject, plan);
      expect(JSON.parse(JSON.stringify(pod))).toStrictEqual(pod);
      expect(pod.uid).not.toBe('');
    });

    test('is another one than its predecessor of the same kernel', async () => {
      const subject = await begin();
      const plan = subject.planOf('runs');
      const first = await created(subject, plan);
      await subject.provisioner.deletePod(plan, first, true);
      expect((await created(subject, plan)).uid).not.toBe(first.uid);
    });

    test('tells completely how its kernel is reached', async () => {
      const subject = await begin();
      const plan = subject.planOf('runs');
      const pod = await ready(subject, plan, await created(subject, plan));
      expectComplete(await subject.provisioner.awaitHandshake(plan, pod, never));
    });
  });

  describe('the end of a pod', () => {
    test('is told with the uid of the pod and the reason, and only once', async () => {
      const subject = await begin();
      const plan = subject.planOf('runs');
      const news = heard(subject.provisioner, plan);
      const pod = await created(subject, plan);
      const gone = endOf(subject.provisioner, plan);
      await subject.end(plan, pod);
      expectEnd(await gone, pod);
      await subject.provisioner.deletePod(plan, pod, true);
      expect(news.filter(({ type }) => type === 'pod.gone')).toHaveLength(1);
    });

    test('is not missed because it comes before the creation is answered', async () => {
      const subject = await begin();
      const plan = subject.planOf('ends at once');
      const gone = endOf(subject.provisioner, plan);
      const pod = await created(subject, plan);
      expectEnd(await gone, pod);
    });

    test('is told to those who follow its kernel, and not to others', async () => {
      const subject = await begin();
      const [plan, other] = [subject.planOf('runs'), subject.planOf('runs')];
      const news = heard(subject.provisioner, other);
      await created(subject, other);
      const gone = endOf(subject.provisioner, plan);
      await subject.end(plan, await created(subject, plan));
      await gone;
      expect(news.filter(({ type }) => type === 'pod.gone')).toEqual([]);
    });
  });

  describe('deleting', () => {
    test('leaves nothing of a pod that runs, and is success a second time', async () => {
      const subject = await begin();
      const plan = subject.planOf('runs');
      const pod = await created(subject, plan);
      expect(await subject.leftOf(plan)).not.toEqual([]);
      await subject.provisioner.deletePod(plan, pod, true);
      expect(await subject.leftOf(plan)).toEqual([]);
      await subject.provisioner.deletePod(plan, pod, true);
    });

    test('leaves nothing of a pod that has ended by itself', async () => {
      const subject = await begin();
      const plan = subject.planOf('ends at once');
      const gone = endOf(subject.provisioner, plan);
      const pod = await created(subject, plan);
      await gone;
      await subject.provisioner.deletePod(plan, pod, true);
      expect(await subject.leftOf(plan)).toEqual([]);
    });

    test('needs no pod to be known, and is success when there never was one', async () => {
      const subject = await begin();
      const plan = subject.planOf('runs');
      await subject.provisioner.deletePod(plan, null, true);
      await created(subject, plan);
      await subject.provisioner.deletePod(plan, null, true);
      expect(await subject.leftOf(plan)).toEqual([]);
    });

    test('of a namespace that is gone is success', async () => {
      const subject = await begin();
      const plan = subject.planAlone?.() ?? subject.planOf('runs');
      await subject.provisioner.createNamespace(plan, never);
      await subject.provisioner.deletePod(plan, await created(subject, plan), true);
      await subject.provisioner.deleteNamespace(plan);
      await subject.provisioner.deleteNamespace(plan);
      expect(await subject.leftOf(plan)).toEqual([]);
    });
  });

  describe('a creation that is aborted', () => {
    test('before it began creates nothing', async () => {
      const subject = await begin();
      const plan = subject.planOf('runs');
      await expect(subject.provisioner.createPod(plan, AbortSignal.abort())).rejects.toThrow();
      expect(await subject.leftOf(plan)).toEqual([]);
    });

    test('while it is under way leaves nothing, whatever it has created by then', async () => {
      const subject = await begin();
      for (const moment of MOMENTS) {
        const plan = subject.planOf('runs');
        const isAborted = await abortedAfter(moment, subject, plan);
        if (moment === 0) expect(isAborted).toBe(true);
        if (isAborted) expect(await subject.leftOf(plan), `${moment} turns`).toEqual([]);
      }
    });

    test('does not stand in the way of the next one', async () => {
      const subject = await begin();
      const plan = subject.planOf('runs');
      await abortedAfter(0, subject, plan);
      await created(subject, plan);
    });
  });

  describe('adopting', () => {
    test('a pod that was let go of gives the same pod, whose end is told from then on', async () => {
      const subject = await begin();
      const plan = subject.planOf('runs');
      const pod = await created(subject, plan);
      await subject.provisioner.detachPod(plan, pod);
      const successor = await subject.successorFor(plan);
      expect(await successor.adoptPod(plan, pod)).toMatchObject({ pod: { uid: pod.uid, ip: pod.ip } });
      const gone = endOf(successor, plan);
      await subject.end(plan, pod);
      expectEnd(await gone, pod);
      await successor.deletePod(plan, pod, true);
      expect(await subject.leftOf(plan)).toEqual([]);
    });

    test('finds no pod when it has ended', async () => {
      const subject = await begin();
      const plan = subject.planOf('runs');
      const pod = await created(subject, plan);
      await subject.provisioner.detachPod(plan, pod);
      await subject.end(plan, pod);
      expect(await (await subject.successorFor(plan)).adoptPod(plan, pod)).toMatchObject({ pod: null });
    });

    test('finds no pod when it was deleted, or is another one by now', async () => {
      const subject = await begin();
      const plan = subject.planOf('runs');
      const pod = await created(subject, plan);
      await subject.provisioner.deletePod(plan, pod, true);
      expect(await (await subject.successorFor(plan)).adoptPod(plan, pod)).toMatchObject({ pod: null });
      const next = await created(subject, plan);
      await subject.provisioner.detachPod(plan, next);
      expect(await (await subject.successorFor(plan)).adoptPod(plan, pod)).toMatchObject({ pod: null });
    });
  });
}

/** A pod that is gone with the test at the latest. */
async function created(subject: ProvisionerUnderTest, plan: LaunchPlan): Promise<Pod> {
  const pod = await subject.provisioner.createPod(plan, never);
  onTestFinished(async () => {
    await subject.end(plan, pod);
    await subject.provisioner.deletePod(plan, pod, true);
  });
  return pod;
}

/** With the address of its sockets, which may come later than the pod itself. */
async function ready({ provisioner }: ProvisionerUnderTest, plan: LaunchPlan, pod: Pod): Promise<Pod> {
  if (pod.ip !== '') return pod;
  const news = provisioner.podEvents(plan.kernelId).pipe(
    filter((event) => event.type === 'pod.ready'),
    filter(({ uid }) => uid === pod.uid),
  );
  return (await firstValueFrom(news)).pod;
}

/** @returns whether the creation was still under way */
async function abortedAfter(
  turns: number,
  subject: ProvisionerUnderTest,
  plan: LaunchPlan,
): Promise<boolean> {
  const abort = new AbortController();
  const creation = subject.provisioner.createPod(plan, abort.signal).catch(() => null);
  for (let turn = 0; turn < turns; turn += 1) await setImmediate();
  abort.abort();
  const pod = await creation;
  if (pod !== null) await subject.provisioner.deletePod(plan, pod, true);
  return pod === null;
}

/** Follows a kernel from now until the test is over. */
function heard(provisioner: KernelProvisioner, { kernelId }: LaunchPlan): PodEvent[] {
  const news: PodEvent[] = [];
  const subscription = provisioner.podEvents(kernelId).subscribe((event) => news.push(event));
  onTestFinished(() => subscription.unsubscribe());
  return news;
}

/** The first end that is told from now on. */
function endOf(provisioner: KernelProvisioner, { kernelId }: LaunchPlan): Promise<PodEvent> {
  return firstValueFrom(provisioner.podEvents(kernelId).pipe(filter(({ type }) => type === 'pod.gone')));
}

function expectEnd(event: PodEvent, pod: Pod): void {
  expect(event).toEqual({
    type: 'pod.gone',
    uid: pod.uid,
    failure: {
      code: expect.stringMatching(/^[A-Z]+(_[A-Z]+)*$/),
      message: expect.stringMatching(/\S/),
      hint: expect.stringMatching(/\S/),
    },
  });
}

function expectComplete(connection: ConnectionInfo): void {
  expect(connection).toMatchObject({
    transport: 'tcp',
    ip: expect.stringMatching(/^[\d.]+$/),
    key: expect.stringMatching(/\S/),
    signature_scheme: 'hmac-sha256',
  });
  const ports = PORTS.map((name) => connection[name]);
  for (const port of ports) expect(port).toSatisfy((each: number) => Number.isInteger(each) && each > 0);
  expect(new Set(ports).size).toBe(PORTS.length);
}
