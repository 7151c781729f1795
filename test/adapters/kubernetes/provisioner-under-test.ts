/** A provisioner on a cluster in memory, whose pods run kernels that answer as a launcher does. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { onTestFinished, vi } from 'vitest';
import type { ResponseListener } from '../../../src/adapters/handshake/response-listener.ts';
import type { ClusterAccess } from '../../../src/adapters/kubernetes/cluster-access.ts';
import type { KernelPod } from '../../../src/adapters/kubernetes/kernel-pod.ts';
import { KernelPods } from '../../../src/adapters/kubernetes/kernel-pods.ts';
import {
  KubernetesProvisioner,
  type KubernetesRules,
} from '../../../src/adapters/kubernetes/kubernetes-provisioner.ts';
import type { LaunchPlan, Pod, PodEvent } from '../../../src/machines/ports.ts';
import { infoOf, version2 } from '../handshake/launcher.ts';
import { converse, listening } from '../handshake/listening.ts';
import { temporaryDir, write } from '../kernelspecs/fixtures.ts';
import { FakeCluster } from './fake-cluster.ts';
import { podPlanOf, rulesOf } from './kernel-manifests.ts';

export const GATEWAY_NAMESPACE = 'gateway';
export const TEAM_NAMESPACE = 'team-a';
export const LABELS = { 'kernelgate-gateway': 'one' };
export const never = new AbortController().signal;
/** Address of all pods: that from which the test answers for them. */
export const POD_IP = '127.0.0.1';

export interface UnderTest {
  cluster: FakeCluster;
  provisioner: KubernetesProvisioner;
  access: ClusterAccess;
  listener: ResponseListener;
  /** What launch commands wrote. */
  log: string[];
}

/** The cluster has a namespace for the gateway, and one for the kernels of a team. */
export async function begin(
  cluster = newCluster(),
  rules: Partial<KubernetesRules> = {},
): Promise<UnderTest> {
  const { listener } = await listening();
  const pods = new KernelPods(cluster);
  const log: string[] = [];
  const close = async () => pods.close();
  const access: ClusterAccess = { cluster, pods, listener, labels: LABELS, close };
  const provisioner = new KubernetesProvisioner({
    connect: async () => {
      pods.start();
      return access;
    },
    rules: () => ({ ...rulesOf(), ...RULES, ...rules }),
    commandEnvironment: ({ env }) => ({ ...env, PATH: process.env['PATH'] ?? '' }),
    log: { info: (_, text) => void log.push(text) },
  });
  onTestFinished(() => provisioner.close());
  return { cluster, provisioner, access, listener, log };
}

const RULES = {
  kernelClusterRole: 'kernel-controller',
  gatewayNamespace: GATEWAY_NAMESPACE,
  commTimeout: 500,
};

export function newCluster(): FakeCluster {
  const cluster = new FakeCluster();
  for (const name of [GATEWAY_NAMESPACE, TEAM_NAMESPACE]) cluster.put(namespaceOf(name));
  return cluster;
}

export function namespaceOf(name: string, labels: Record<string, string> = {}) {
  return { apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels, uid: randomUUID() } };
}

/** A kernel in the team's namespace. */
export function planInTeam(given: Partial<LaunchPlan> = {}, env: Record<string, string> = {}): LaunchPlan {
  const kernelId = randomUUID();
  const ids = { KERNEL_ID: kernelId, KERNEL_POD_NAME: `alice-${kernelId}` };
  return podPlanOf({ ...ids, ...env }, { kernelId, launchTimeout: 10_000, ...given });
}

/** A kernel that gets a namespace of its own. */
export function planAlone(given: Partial<LaunchPlan> = {}): LaunchPlan {
  const plan = planInTeam(given);
  const name = plan.env['KERNEL_POD_NAME'] ?? '';
  return { ...plan, ownNamespace: name, env: { ...plan.env, KERNEL_NAMESPACE: name } };
}

/** With a template that makes all that a template may. */
export async function planWithCompanions(given: Partial<LaunchPlan> = {}): Promise<LaunchPlan> {
  const resourceDir = await temporaryDir();
  await write(join(resourceDir, 'kernel-pod.yaml.j2'), COMPANIONS_TEMPLATE);
  return planInTeam({ resourceDir, ...given });
}

const COMPANIONS_TEMPLATE = `
apiVersion: v1
kind: PersistentVolumeClaim
metadata: { name: "data-of-{{ kernel_username }}" }
spec: { accessModes: [ReadWriteOnce] }
---
apiVersion: v1
kind: Secret
metadata: { name: "secret-{{ kernel_id }}" }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: "config-{{ kernel_id }}" }
---
apiVersion: v1
kind: Pod
metadata: { name: "{{ kernel_pod_name }}" }
spec: { containers: [{ name: kernel, image: "{{ kernel_image }}", securityContext: { runAsUser: 1000 } }] }
---
apiVersion: v1
kind: Service
metadata: { name: "service-{{ kernel_id }}" }
spec: { clusterIP: None }
`;

/** Runs a command instead of a template. */
export function planOfCommand(script: string, given: Partial<LaunchPlan> = {}): LaunchPlan {
  return planInTeam({ argv: ['/bin/sh', '-c', script], ...given });
}

/** What the pod's container was told. */
export function envOf(pod: KernelPod): Record<string, string> {
  const [container] = pod.spec?.containers ?? [];
  return Object.fromEntries((container?.env ?? []).map(({ name, value = '' }) => [name, value]));
}

/** The kernel in this pod tells how to reach it. @param claimedIp where it believes to be */
export function answer(listener: ResponseListener, pod: KernelPod, claimedIp = POD_IP): Promise<string> {
  const { KERNEL_ID = '', KERNEL_LAUNCH_TOKEN = '', KERNEL_GATEWAY_KEY = '' } = envOf(pod);
  const launch = { kernelId: KERNEL_ID, token: KERNEL_LAUNCH_TOKEN, gatewayKey: KERNEL_GATEWAY_KEY };
  const info = infoOf(KERNEL_ID, { ip: claimedIp, comm_version: 2 });
  return converse(Number(listener.address.split(':').at(-1)), version2(launch, info));
}

/** What those who follow a kernel hear, from now on. */
export function heard({ provisioner }: UnderTest, { kernelId }: LaunchPlan): PodEvent[] {
  const news: PodEvent[] = [];
  const subscription = provisioner.podEvents(kernelId).subscribe((event) => news.push(event));
  onTestFinished(() => subscription.unsubscribe());
  return news;
}

/** The pod of a kernel whose launch has just begun. */
export async function launched(subject: UnderTest, plan: LaunchPlan): Promise<{ pod: Pod; made: KernelPod }> {
  const pod = await subject.provisioner.createPod(plan, never);
  return { pod, made: podIn(subject.cluster, pod) };
}

export function podIn(cluster: FakeCluster, { name, namespace }: Pick<Pod, 'name' | 'namespace'>): KernelPod {
  const pod = cluster.objectOf({ kind: 'Pod', name, namespace: namespace ?? undefined });
  if (pod === undefined) throw new Error(`no pod ${name}`);
  return pod as KernelPod;
}

export function runs(cluster: FakeCluster, pod: Pick<Pod, 'name' | 'namespace'>, ip = POD_IP): void {
  cluster.setContainer(pod, 'Running', { running: {} }, ip);
}

export function exits(cluster: FakeCluster, pod: Pick<Pod, 'name' | 'namespace'>, exitCode = 1): void {
  cluster.setContainer(pod, 'Failed', { terminated: { exitCode, reason: 'Error' } });
}

/** A pod that a launch command makes, with the labels by which it is found. */
export function commandsPod({ kernelId }: LaunchPlan, name: string, namespace = TEAM_NAMESPACE): KernelPod {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace,
      uid: randomUUID(),
      labels: { app: 'enterprise-gateway', component: 'kernel', kernel_id: kernelId },
    },
    spec: { containers: [{ name: 'kernel', image: 'x' }] },
    status: { phase: 'Pending' },
  };
}

/** What was said, in words. */
export function inWords(event: PodEvent): string {
  if (event.type === 'pod.pending') return `pending: ${event.message}`;
  if (event.type === 'pod.ready') return `ready at ${event.pod.ip}`;
  return event.type === 'pod.gone' ? `gone: ${event.failure.code}` : event.type;
}

export function until(isDone: () => boolean): Promise<void> {
  return vi.waitUntil(isDone, { timeout: 10_000, interval: 5 }).then(() => {});
}
