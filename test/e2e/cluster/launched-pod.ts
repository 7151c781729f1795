/** Kernels in pods, and their pods as the cluster's administrator sees them. */
import type { V1Container, V1Pod } from '@kubernetes/client-node';
import { expect } from 'vitest';
import type { GatewayProcess } from '../gateway-process.ts';
import type { Answer } from '../http.ts';
import { type KernelClient, launchKernel } from '../kernel-client.ts';
import { clusterApi } from './cluster-api.ts';
import { leftOf, namesOf } from './leftovers.ts';

export interface LaunchedPod {
  id: string;
  pod: V1Pod;
  /** Where the pod is. */
  namespace: string;
  /** The first container, which is the kernel's. */
  container: V1Container;
}

/** A kernel of one test, and its pod. */
export async function launchPod(
  gateway: GatewayProcess,
  body: { name?: string; env?: Record<string, string> } = {},
): Promise<LaunchedPod> {
  const id = await launchKernel(gateway, { name: 'python_kubernetes', ...body });
  const pod = await podOfKernel(id);
  const [container] = pod.spec?.containers ?? [];
  if (container === undefined) throw new Error(`the pod of kernel ${id} has no container`);
  return { id, pod, container, namespace: pod.metadata?.namespace ?? '' };
}

/** The one pod of a kernel, in whatever namespace. */
export async function podOfKernel(id: string): Promise<V1Pod> {
  const { core } = await clusterApi();
  const { items } = await core.listPodForAllNamespaces({ labelSelector: `kernel_id=${id}` });
  const pods = items.filter(({ metadata }) => metadata?.deletionTimestamp === undefined);
  const [pod] = pods;
  if (pod === undefined || pods.length > 1) throw new Error(`kernel ${id} has ${pods.length} pods, not one`);
  return pod;
}

/** Asks for a kernel that must not come to be. The id is the test's, so that its traces would be found. */
export async function refusedLaunch(
  gateway: GatewayProcess,
  body: { name?: string; env?: Record<string, string> },
): Promise<Answer> {
  const id = crypto.randomUUID();
  const answer = await gateway.request('/api/kernels', {
    method: 'POST',
    body: { name: 'python_kubernetes', ...body, env: { KERNEL_ID: id, ...body.env } },
  });
  expect(namesOf(await leftOf([id])), `created for a launch that was answered by ${answer.text}`).toBe('');
  expect(answer.status, answer.text).toBeGreaterThanOrEqual(400);
  return answer;
}

/** Runs code in the kernel, which prints one value as JSON on its last line. */
export async function printed<Value>(client: KernelClient, code: string): Promise<Value> {
  const { reply, stdout, stderr } = await client.execute(code);
  if (reply.content.status !== 'ok') throw new Error(`${JSON.stringify(reply.content)} ${stderr}`);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}
