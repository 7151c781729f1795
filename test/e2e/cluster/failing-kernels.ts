/** Launches that wait or fail, as their client, the operator and the cluster's administrator see them. */
import { randomUUID } from 'node:crypto';
import type { KubernetesObject } from '@kubernetes/client-node';
import { expect, onTestFinished } from 'vitest';
import { eventually } from '../deadline.ts';
import type { GatewayProcess } from '../gateway-process.ts';
import type { Answer } from '../http.ts';
import { leftOf, namesOf } from './leftovers.ts';

/** Seconds after which no test would wait any more: what ends before was not ended by a timeout. */
export const NEVER = '3600';

export interface LaunchBody {
  name: string;
  env?: Record<string, string>;
}

/** A launch that is under way. */
export interface PendingLaunch {
  id: string;
  answer: Promise<Answer>;
}

/** Asks for a kernel, and waits for nothing; the kernel is deleted when the test ends. */
export function beginLaunch(gateway: GatewayProcess, { name, env }: LaunchBody): PendingLaunch {
  const id = randomUUID();
  const body = { name, env: { KERNEL_ID: id, ...env } };
  const answer = gateway.request('/api/kernels', { method: 'POST', body });
  // Whoever waits for it hears of its errors.
  answer.catch(() => {});
  onTestFinished(async () => {
    await gateway.request(`/api/kernels/${id}`, { method: 'DELETE' }).catch(() => {});
  });
  return { id, answer };
}

/**
 * A launch that fails: its client is told in the shape of all errors, the log
 * has the code, the kernel is not listed, and nothing of it stays.
 */
export async function failedLaunch(
  gateway: GatewayProcess,
  body: LaunchBody,
  code: string,
): Promise<{ id: string; message: string; reason: string }> {
  const { id, answer } = beginLaunch(gateway, body);
  const { status, json, text } = await answer;
  expect(status, text).toBe(500);
  expect(json).toEqual({ code, message: expect.any(String), reason: expect.any(String) });
  for (const line of [json.message, json.reason]) expect(line).toMatch(/^[^\r\n]+$/);
  await expectCode(gateway, id, code);
  expect(await stayingOf(id)).toBe('');
  expect((await gateway.request(`/api/kernels/${id}`)).status).toBe(404);
  return { id, ...json };
}

/** What is there of a kernel, and not on its way out. */
export async function stayingOf(id: string): Promise<string> {
  const left = await leftOf([id]);
  const isGoing = (namespace?: string) =>
    left.some((each) => each.kind === 'Namespace' && each.metadata?.name === namespace && isDeleted(each));
  return namesOf(left.filter((each) => !isDeleted(each) && !isGoing(each.metadata?.namespace)));
}

function isDeleted({ metadata }: KubernetesObject): boolean {
  return metadata?.deletionTimestamp !== undefined;
}

/** Waits until the log tells of this kernel under this code. */
export async function expectCode(gateway: GatewayProcess, id: string, code: string): Promise<void> {
  const tells = (line: string) => line.includes(id) && line.includes(`"${code}"`);
  await eventually(10_000, `${code} of kernel ${id} in the log`, () =>
    gateway.log.split('\n').some(tells),
  ).catch((error) => {
    const lines = gateway.log.split('\n').filter((line) => line.includes(id));
    throw new Error(`${error.message}; it holds:\n${lines.join('\n')}`);
  });
}

/** What the list of kernels says that this one waits for; undefined when it does not wait. */
export async function progressOf(gateway: GatewayProcess, id: string): Promise<string | undefined> {
  const { json } = await gateway.request('/api/kernels');
  return json.find((kernel: { id: string }) => kernel.id === id)?.progress;
}

/** Waits until the list of kernels says so. */
export async function progressLike(gateway: GatewayProcess, id: string, pattern: RegExp): Promise<string> {
  let last: string | undefined;
  return eventually(60_000, `progress ${pattern}`, async () => {
    last = await progressOf(gateway, id);
    return last !== undefined && pattern.test(last) ? last : null;
  }).catch((error) => {
    throw new Error(`${error.message}; it is ${JSON.stringify(last)}`);
  });
}
