/**
 * What real clusters have said about pods, in the order in which they said it
 * (Kubernetes 1.34, containerd 1.6), told to the code under test as a watch
 * would tell it. Names, addresses and dates are replaced.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CoreV1Event, V1Pod } from '@kubernetes/client-node';
import { type PodCondition, podConditionOf } from '../../../src/adapters/kubernetes/pod-condition.ts';
import { deletionFailureOf } from '../../../src/adapters/kubernetes/pod-failure.ts';

interface RecordedEvent {
  type: string;
  reason: string;
  message: string;
  at: string;
  /** Which of the two APIs it was told through: they keep its time in different fields. */
  api: 'core' | 'events.k8s.io';
  fieldPath?: string;
}

interface RecordedNews {
  event?: RecordedEvent;
  status?: object;
  node?: string;
  deletion?: object;
  absent?: true;
}

interface Recording {
  spec: object;
  news: RecordedNews[];
}

export interface News {
  /** Its latest state; undefined before the first. */
  pod: V1Pod | undefined;
  /** All so far. */
  events: CoreV1Event[];
  isAbsent: boolean;
}

export const UID = '1f0e0000-0000-4000-8000-000000000001';

/** A pod as it comes from a watch: JSON, so its moments are strings, whatever the types say. */
export function podWith(parts: { spec?: object; status?: object; metadata?: object }): V1Pod {
  return {
    metadata: { name: 'kernel', namespace: 'kernels', uid: UID, ...parts.metadata },
    spec: {
      restartPolicy: 'Never',
      containers: [{ name: 'kernel', image: 'example.com/kernel-py:1' }],
      ...parts.spec,
    },
    status: { phase: 'Pending', ...parts.status },
  } as V1Pod;
}

export function eventWith(parts: {
  reason: string;
  message: string;
  at?: string;
  fieldPath?: string;
  api?: string;
  uid?: string;
}): CoreV1Event {
  const { reason, message, at = '2026-01-15T20:00:00Z', fieldPath, api, uid = UID } = parts;
  const moment = api === 'events.k8s.io' ? { eventTime: at } : { lastTimestamp: at };
  return {
    metadata: { name: `kernel.${reason}.${message.length}`, creationTimestamp: at },
    involvedObject: { kind: 'Pod', name: 'kernel', uid, ...(fieldPath === undefined ? {} : { fieldPath }) },
    reason,
    message,
    ...moment,
  } as unknown as CoreV1Event;
}

export function recorded(name: string): News[] {
  const file = join(import.meta.dirname, 'fixtures', `${name}.json`);
  const { spec, news } = JSON.parse(readFileSync(file, 'utf8')) as Recording;
  const events: CoreV1Event[] = [];
  let pod: V1Pod | undefined;
  return news.map(({ event, status, node, deletion, absent }) => {
    if (event !== undefined) events.push(eventWith(event));
    if (status !== undefined) {
      pod = podWith({
        spec: { ...spec, ...(node && { nodeName: node }) },
        status,
        metadata: { ...deletion },
      });
    }
    return { pod, events: [...events], isAbsent: absent === true };
  });
}

/** All that a kernel's actor would hear, up to the end of the pod, each thing once. */
export function told(name: string): string[] {
  const lines: string[] = [];
  for (const { pod, events, isAbsent } of recorded(name)) {
    if (pod === undefined) continue;
    const line = isAbsent ? failedText(deletionFailureOf(pod, events)) : textOf(podConditionOf(pod, events));
    if (line !== lines.at(-1)) lines.push(line);
    if (line.startsWith('failed')) break;
  }
  return lines;
}

/** The last thing that is heard. */
export function outcome(name: string): PodCondition {
  const conditions = recorded(name).flatMap(({ pod, events, isAbsent }) =>
    pod === undefined || isAbsent ? [] : [podConditionOf(pod, events)],
  );
  const last = conditions.find(({ state }) => state === 'failed') ?? conditions.at(-1);
  if (last === undefined) throw new Error(`${name}: nothing was recorded`);
  return last;
}

function textOf(condition: PodCondition): string {
  if (condition.state === 'failed') return failedText(condition.failure);
  return condition.state === 'ready' ? `ready at ${condition.ip}` : `pending: ${condition.message}`;
}

function failedText({ code, message }: { code: string; message: string }): string {
  return `failed ${code}: ${message}`;
}
