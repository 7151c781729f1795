import { describe, expect, test, vi } from 'vitest';
import { KubernetesProvisioner } from '../../../src/adapters/kubernetes/kubernetes-provisioner.ts';
import { type FailureCode, KernelFailure } from '../../../src/machines/failure.ts';
import type { ConnectionInfo, LaunchPlan } from '../../../src/machines/ports.ts';
import { type FakeFault, refusal } from './fake-cluster.ts';
import { rulesOf } from './kernel-manifests.ts';
import {
  answer,
  begin,
  commandsPod,
  envOf,
  exits,
  heard,
  inWords,
  launched,
  namespaceOf,
  never,
  newCluster,
  POD_IP,
  planAlone,
  planInTeam,
  planOfCommand,
  planWithCompanions,
  podIn,
  runs,
  TEAM_NAMESPACE,
  until,
} from './provisioner-under-test.ts';

const KEPT = ['PersistentVolumeClaim data-of-alice'];
const CLOSED: ConnectionInfo = {
  transport: 'tcp',
  ip: POD_IP,
  shell_port: 1,
  iopub_port: 1,
  stdin_port: 1,
  control_port: 1,
  hb_port: 1,
  key: 'k',
  signature_scheme: 'hmac-sha256',
};

/** Aborts at the first call to the cluster, then at the second, until all is made before. @returns how many calls there are */
async function abortedAtEachCall(
  planned: () => Promise<LaunchPlan>,
  make: (provisioner: KubernetesProvisioner, plan: LaunchPlan, signal: AbortSignal) => Promise<unknown>,
  kept: string[],
): Promise<number> {
  for (let calls = 1; ; calls += 1) {
    const { cluster, provisioner } = await begin();
    const plan = await planned();
    const abort = new AbortController();
    cluster.faultFor = () => {
      if (cluster.calls.length === calls) abort.abort();
      return null;
    };
    const outcome = await make(provisioner, plan, abort.signal).then(
      () => 'made',
      (error: unknown) => error,
    );
    if (outcome === 'made') return calls - 1;
    expect(outcome).toBe(abort.signal.reason);
    const left = cluster.leftOf(plan.kernelId).filter((each) => !kept.includes(each));
    expect(left, `aborted at call ${calls}`).toEqual([]);
  }
}

describe('a check', () => {
  test.each<[string, FakeFault, FailureCode]>([
    ['403', refusal(403, 'User "g" cannot get resource "namespaces" in API group ""'), 'CLUSTER_FORBIDDEN'],
    ['401', refusal(401, 'Unauthorized'), 'CLUSTER_FORBIDDEN'],
  ])('tells why the namespace cannot be looked at: %s', async (_, fault, code) => {
    const { cluster, provisioner } = await begin();
    cluster.faultFor = () => fault;
    await expect(provisioner.check(planInTeam(), never)).rejects.toMatchObject({ failure: { code } });
  });

  test('of a namespace that is not there refuses the launch', async () => {
    const { provisioner } = await begin();
    const plan = planInTeam({}, { KERNEL_NAMESPACE: 'nowhere' });
    await expect(provisioner.check(plan, never)).rejects.toMatchObject({
      failure: { code: 'NAMESPACE_NOT_FOUND' },
    });
  });

  test('asks a cluster that has trouble again, and creates nothing', async () => {
    const { cluster, provisioner } = await begin();
    let asked = 0;
    cluster.faultFor = () => (++asked < 3 ? refusal(null, 'connection refused') : null);
    await provisioner.check(planAlone(), never);
    expect(new Set(cluster.calls.map((call) => call.split(' ')[0]))).toEqual(new Set(['read']));
  });

  test('does not go on when it is aborted', async () => {
    const { cluster, provisioner } = await begin();
    const abort = new AbortController();
    cluster.faultFor = () => {
      abort.abort();
      return refusal(null, 'connection refused');
    };
    await expect(provisioner.check(planInTeam(), abort.signal)).rejects.toThrow('abort');
    expect(cluster.calls).toHaveLength(1);
  });

  test('refuses what the template of the kernelspec would make', async () => {
    const { provisioner } = await begin();
    const plan = planInTeam({ argv: ['launch_kubernetes.py', '--unknown', 'x'] });
    await expect(provisioner.check(plan, never)).rejects.toMatchObject({
      failure: { code: 'LAUNCH_REFUSED' },
    });
  });
});

describe('an abort', () => {
  test('leaves nothing of a pod but storage to be kept, whichever call is under way', async () => {
    const calls = await abortedAtEachCall(
      planWithCompanions,
      (provisioner, plan, signal) => provisioner.createPod(plan, signal),
      KEPT,
    );
    expect(calls).toBeGreaterThanOrEqual(5);
  });

  test('leaves nothing of a namespace, whichever call is under way', async () => {
    const calls = await abortedAtEachCall(
      async () => planAlone(),
      (provisioner, plan, signal) => provisioner.createNamespace(plan, signal),
      [],
    );
    expect(calls).toBeGreaterThanOrEqual(2);
  });

  test('removes what was made though its answer was lost, and though the API server has trouble', async () => {
    const { cluster, provisioner } = await begin();
    const plan = planInTeam();
    const abort = new AbortController();
    cluster.faultFor = ({ verb }) => {
      if (verb === 'create') {
        abort.abort();
        return { ...refusal(null, 'timeout'), isLost: true };
      }
      return cluster.calls.length < 6 ? refusal(429, 'too many requests') : null;
    };
    await expect(provisioner.createPod(plan, abort.signal)).rejects.toThrow('abort');
    expect(cluster.leftOf(plan.kernelId)).toEqual([]);
  });

  test('spares the pod of a later launch of the same kernel', async () => {
    const { cluster, provisioner, listener } = await begin();
    const plan = planInTeam();
    const abort = new AbortController();
    const { promise: answered, resolve } = Promise.withResolvers<FakeFault>();
    cluster.faultFor = ({ verb }) => (verb === 'create' ? answered : null);
    const first = provisioner.createPod(plan, abort.signal).catch(() => null);
    await until(() => cluster.calls.includes(`create Pod ${plan.env['KERNEL_POD_NAME']}`));
    abort.abort();
    cluster.faultFor = () => null;
    const pod = await provisioner.createPod(plan, never);
    resolve(refusal(null, 'connection reset'));
    expect(await first).toBeNull();
    expect(cluster.leftOf(plan.kernelId)).toHaveLength(1);
    expect(await answer(listener, podIn(cluster, pod))).toContain('"accepted":true');
  });
});

describe('a creation', () => {
  test('that fails says why before the launch timeout hides it', async () => {
    const { cluster, provisioner } = await begin();
    cluster.faultFor = ({ verb }) => (verb === 'create' ? refusal(500, 'trouble') : null);
    const creation = provisioner.createPod(planInTeam({ launchTimeout: 200 }), never);
    await expect(creation).rejects.toMatchObject({ failure: { code: 'CLUSTER_UNREACHABLE' } });
  });

  test('that fails leaves what it has made to the next deletion', async () => {
    const { cluster, provisioner } = await begin();
    const plan = await planWithCompanions();
    cluster.faultFor = ({ verb, kind }) =>
      verb === 'create' && kind === 'Service' ? refusal(422, 'Service "x" is invalid: no') : null;
    await expect(provisioner.createPod(plan, never)).rejects.toMatchObject({
      failure: { code: 'LAUNCH_REFUSED' },
    });
    await provisioner.deletePod(plan, null, true);
    expect(cluster.leftOf(plan.kernelId)).toEqual(KEPT);
  });

  test('after a restart waits for the old pod, and gives the new one a token of its own', async () => {
    const subject = await begin();
    const { cluster } = subject;
    const plan = planInTeam();
    const { made: first } = await launched(subject, plan);
    const { pod, made } = await launched(subject, plan);
    expect(pod.uid).not.toBe(first.metadata.uid);
    expect(envOf(made)['KERNEL_LAUNCH_TOKEN']).not.toBe(envOf(first)['KERNEL_LAUNCH_TOKEN']);
    expect(cluster.leftOf(plan.kernelId)).toHaveLength(1);
  });
});

describe('a handshake', () => {
  test('that comes from where the kernel says it is makes the pod ready before the cluster does', async () => {
    const subject = await begin();
    const { provisioner, listener } = subject;
    const plan = planInTeam();
    const news = heard(subject, plan);
    const { pod, made } = await launched(subject, plan);
    expect(await answer(listener, made)).toContain('"accepted":true');
    await until(() => news.at(-1)?.type === 'pod.ready');
    const ready = { ...pod, ip: POD_IP };
    expect(news.at(-1)).toEqual({ type: 'pod.ready', uid: pod.uid, pod: ready });
    expect(await provisioner.awaitHandshake(plan, ready, never)).toMatchObject({
      ip: POD_IP,
      comm_version: 2,
    });
  });

  test('that comes from elsewhere than it says leaves the address to the cluster', async () => {
    const subject = await begin();
    const { cluster, provisioner, listener } = subject;
    const plan = planInTeam();
    const news = heard(subject, plan);
    const { pod, made } = await launched(subject, plan);
    await answer(listener, made, '10.9.9.9');
    runs(cluster, pod, '10.0.0.7');
    await until(() => news.at(-1)?.type === 'pod.ready');
    expect(news.map(inWords).filter((word) => word.startsWith('ready'))).toEqual(['ready at 10.0.0.7']);
    const ready = { ...pod, ip: '10.0.0.7' };
    expect(await provisioner.awaitHandshake(plan, ready, never)).toMatchObject({ ip: '10.0.0.7' });
  });

  test('that comes before the creation is answered is not missed', async () => {
    const subject = await begin();
    const { cluster, listener } = subject;
    const plan = planInTeam();
    const news = heard(subject, plan);
    let answered = Promise.resolve('');
    cluster.onPod = (made) => {
      answered = answer(listener, made);
      cluster.faultFor = async () => {
        await answered;
        return null;
      };
    };
    const { pod } = await launched(subject, plan);
    await until(() => news.at(-1)?.type === 'pod.ready');
    expect(await subject.provisioner.awaitHandshake(plan, pod, never)).toMatchObject({ comm_version: 2 });
  });

  test('is not waited for any more when that is aborted, or the pod deleted', async () => {
    const subject = await begin();
    const { provisioner } = subject;
    const plan = planInTeam();
    const { pod } = await launched(subject, plan);
    const aborted = provisioner.awaitHandshake(plan, pod, AbortSignal.abort());
    await expect(aborted).rejects.toThrow('abort');
    const waiting = provisioner.awaitHandshake(plan, pod, never);
    const refused = expect(waiting).rejects.toMatchObject({ code: 'LAUNCH_TICKET_VOID' });
    await provisioner.deletePod(plan, pod, true);
    await refused;
  });
});

describe('deleting', () => {
  test('takes what the template made along in a shared namespace, also after another gateway adopted it', async () => {
    const cluster = newCluster();
    const subject = await begin(cluster);
    const plan = await planWithCompanions();
    const { pod } = await launched(subject, plan);
    runs(cluster, pod);
    expect(cluster.leftOf(plan.kernelId)).toHaveLength(5);
    subject.provisioner.detachPod(plan);
    expect(subject.provisioner.hasDetached(plan.kernelId)).toBe(true);
    const { provisioner } = await begin(cluster);
    const adopted = await provisioner.adoptPod(plan, { ...pod, ip: POD_IP });
    await provisioner.deletePod(plan, adopted.pod, true);
    expect(cluster.leftOf(plan.kernelId)).toEqual(KEPT);
  });

  test('keeps claims that are named after the kernel for its next pod, and removes them with the last', async () => {
    const subject = await begin();
    const { cluster, provisioner } = subject;
    const plan = planInTeam();
    const claim = (name: string) => {
      const metadata = {
        name,
        namespace: TEAM_NAMESPACE,
        labels: commandsPod(plan, '').metadata.labels ?? {},
      };
      return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata };
    };
    await cluster.create(claim(`scratch-${plan.kernelId}`));
    await cluster.create(claim('home-of-alice'));
    await provisioner.deletePod(plan, (await launched(subject, plan)).pod, false);
    expect(cluster.leftOf(plan.kernelId)).toHaveLength(2);
    await provisioner.deletePod(plan, null, true);
    expect(cluster.leftOf(plan.kernelId)).toEqual(['PersistentVolumeClaim home-of-alice']);
  });

  test('passes over a moment in which the API server has trouble', async () => {
    const subject = await begin();
    const { cluster, provisioner } = subject;
    const plan = planInTeam();
    const { pod } = await launched(subject, plan);
    let asked = 0;
    cluster.faultFor = () => (++asked % 2 === 1 ? refusal(503, 'trouble') : null);
    await provisioner.deletePod(plan, pod, true);
    expect(cluster.leftOf(plan.kernelId)).toEqual([]);
  });

  test('needs no right to see what the template does not make', async () => {
    const subject = await begin();
    const { cluster, provisioner } = subject;
    const plan = planInTeam();
    const { pod } = await launched(subject, plan);
    cluster.faultFor = ({ verb, kind }) =>
      verb === 'list' && kind !== 'Pod' ? refusal(403, 'forbidden') : null;
    await provisioner.deletePod(plan, pod, true);
    expect(cluster.leftOf(plan.kernelId)).toEqual([]);
  });

  test('waits until the pod is gone, and fails when that takes too long', async () => {
    const subject = await begin();
    const { cluster, provisioner } = subject;
    const plan = planInTeam();
    const { made, pod } = await launched(subject, plan);
    const held = { ...made, metadata: { ...made.metadata, finalizers: ['somebody/waits'] } };
    cluster.put(held);
    vi.useFakeTimers();
    const deletion = expect(provisioner.deletePod(plan, pod, true)).rejects.toThrow('does not go');
    await vi.advanceTimersByTimeAsync(30_000).finally(() => vi.useRealTimers());
    await deletion;
    const second = provisioner.deletePod(plan, pod, true);
    await until(() => cluster.calls.at(-1)?.startsWith('read Pod') === true);
    cluster.remove(held);
    await second;
  });

  test("a namespace leaves one alone that is not the kernel's own", async () => {
    const { cluster, provisioner } = await begin();
    const plan = planAlone();
    cluster.put(namespaceOf(plan.ownNamespace ?? ''));
    await provisioner.deleteNamespace(plan);
    expect(cluster.objectOf({ kind: 'Namespace', name: plan.ownNamespace ?? '' })).toBeDefined();
  });
});

test('a request to exit gives the pod its grace though its launcher cannot be asked', async () => {
  const subject = await begin();
  const { cluster, provisioner } = subject;
  const plan = planInTeam();
  const { pod } = await launched(subject, plan);
  await provisioner.requestExit(plan, { ...pod, ip: POD_IP }, CLOSED, 2500);
  expect(podIn(cluster, pod).metadata.deletionGracePeriodSeconds).toBe(3);
});

describe('adopting', () => {
  test('gives the pod with the node that it is on', async () => {
    const subject = await begin();
    const { cluster, provisioner } = subject;
    const plan = planInTeam();
    const { pod } = await launched(subject, plan);
    runs(cluster, pod);
    expect(await provisioner.adoptPod(plan, { ...pod, ip: POD_IP })).toEqual({
      pod: { ...pod, ip: POD_IP, node: 'worker-1' },
    });
  });

  test('does not miss the end of a pod that fails in that very moment', async () => {
    const subject = await begin();
    const { cluster, provisioner } = subject;
    const plan = planInTeam();
    const { pod } = await launched(subject, plan);
    runs(cluster, pod);
    const news = heard(subject, plan);
    const adoption = provisioner.adoptPod(plan, { ...pod, ip: POD_IP });
    await until(() => cluster.calls.at(-1)?.startsWith('read Pod') === true);
    exits(cluster, pod);
    const told = news.length;
    if ((await adoption).pod === null) return;
    await until(() => news.slice(told).some(({ type }) => type === 'pod.gone'));
  });

  test('of a pod that has ended tells why it did, with its last words', async () => {
    const subject = await begin();
    const { cluster, provisioner } = subject;
    const plan = planInTeam();
    const { pod } = await launched(subject, plan);
    runs(cluster, pod);
    exits(cluster, pod);
    expect(await provisioner.adoptPod(plan, { ...pod, ip: POD_IP })).toEqual({
      pod: null,
      failure: expect.objectContaining({ code: 'CONTAINER_EXITED' }),
    });
  });

  test('leaves it open when the cluster cannot be asked', async () => {
    const subject = await begin();
    const { cluster, provisioner } = subject;
    const plan = planInTeam();
    const { pod } = await launched(subject, plan);
    cluster.faultFor = () => refusal(null, 'connection refused');
    await expect(provisioner.adoptPod(plan, pod)).rejects.toMatchObject({ status: null });
  });
});

describe('a launch command', () => {
  test('is told where to answer, and its pod is the one with the labels, in whichever namespace', async () => {
    const subject = await begin();
    const { cluster, provisioner, log, listener } = subject;
    const plan = planOfCommand('echo {kernel_id} {response_address} $KERNEL_LAUNCH_TOKEN; exit 0');
    const creation = provisioner.createPod(plan, never);
    await until(() => log.length > 0);
    expect(log[0]).toMatch(new RegExp(`${plan.kernelId} ${listener.address} [\\w+/]+=*$`));
    cluster.put(namespaceOf('elsewhere'));
    cluster.put(commandsPod(planInTeam(), 'of-another-kernel'));
    cluster.put(commandsPod(plan, 'spark-driver', 'elsewhere'));
    const pod = await creation;
    expect(pod).toMatchObject({ name: 'spark-driver', namespace: 'elsewhere' });
    await provisioner.deletePod(plan, pod, false);
    expect(cluster.leftOf(plan.kernelId)).toEqual([]);
    cluster.put(commandsPod(plan, 'spark-driver', 'elsewhere'));
    await provisioner.deletePod(plan, null, true);
    expect(cluster.leftOf(plan.kernelId)).toEqual([]);
  });

  test('that restarts a kernel is not given the pod that is there still', async () => {
    const { cluster, provisioner } = await begin();
    const plan = planOfCommand('sleep 20');
    const earlier = commandsPod(plan, 'driver-1');
    cluster.put(earlier);
    await provisioner.access();
    const creation = provisioner.createPod(plan, never);
    await new Promise((resolve) => setImmediate(resolve));
    cluster.put({ ...earlier, status: { phase: 'Running' } } as typeof earlier);
    cluster.remove(earlier);
    cluster.put(commandsPod(plan, 'driver-2'));
    expect((await creation).name).toBe('driver-2');
  });

  test('that fails is explained by what it wrote', async () => {
    const { provisioner } = await begin();
    const plan = planOfCommand('echo no such cluster >&2; exit 7');
    await expect(provisioner.createPod(plan, never)).rejects.toMatchObject({
      failure: {
        code: 'POD_CREATION_FAILED',
        message: 'The launch command /bin/sh exited with code 7: no such cluster',
      },
    });
  });

  test.each([
    ['exit 0', /has ended, but there is no pod/],
    ['sleep 20', /is still at work, but there is no pod/],
  ])('that makes no pod is told before the launch timeout: %s', async (script, message) => {
    const { provisioner } = await begin();
    const plan = planOfCommand(script, { launchTimeout: 600 });
    await expect(provisioner.createPod(plan, never)).rejects.toMatchObject({
      failure: {
        code: 'POD_CREATION_FAILED',
        message: expect.stringMatching(message),
        hint: expect.stringContaining(`component=kernel,app=enterprise-gateway,kernel_id=${plan.kernelId}`),
      },
    });
  });

  test('is killed when the launch is aborted, and what it had made is removed', async () => {
    const { cluster, provisioner, log } = await begin();
    const plan = planOfCommand('echo begun; sleep 20; echo survived');
    const abort = new AbortController();
    const creation = provisioner.createPod(plan, abort.signal);
    await until(() => log.length > 0);
    abort.abort();
    cluster.put(commandsPod(plan, 'late'));
    await expect(creation).rejects.toThrow();
    expect(cluster.leftOf(plan.kernelId)).toEqual([]);
  });
});

describe('a cluster that is not there', () => {
  const AWAY = new KernelFailure({ code: 'CLUSTER_UNREACHABLE', message: 'No.', hint: 'Wait.' });

  test('is connected to anew by the next launch, and by those who follow a kernel', async () => {
    const subject = await begin();
    const { cluster, access } = subject;
    let isAway = true;
    const provisioner = new KubernetesProvisioner({
      connect: async () => {
        if (isAway) throw AWAY;
        access.pods.start();
        return access;
      },
      rules: () => ({ ...rulesOf(), kernelClusterRole: '', gatewayNamespace: '', commTimeout: 100 }),
      commandEnvironment: () => ({}),
      log: { info: () => {} },
    });
    const plan = planInTeam();
    await expect(provisioner.check(plan, never)).rejects.toBe(AWAY);
    expect(provisioner.isConnected).toBe(false);
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval'] });
    const news = heard({ ...subject, provisioner }, plan);
    await vi.advanceTimersByTimeAsync(5000);
    isAway = false;
    await vi.advanceTimersByTimeAsync(5000).finally(() => vi.useRealTimers());
    cluster.put(commandsPod(plan, 'pod'));
    expect(news.map(({ type }) => type)).toEqual(['pod.pending']);
    await provisioner.close();
  });

  test('is let go of with everything that was waiting for it', async () => {
    const subject = await begin();
    const plan = planInTeam();
    const { pod } = await launched(subject, plan);
    const waiting = expect(subject.provisioner.awaitHandshake(plan, pod, never)).rejects.toThrow();
    await subject.provisioner.close();
    await waiting;
    expect(subject.cluster.watched).toEqual([]);
  });
});
