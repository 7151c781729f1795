/** The ways to a kernel in a pod: by the API alone, and through a gateway. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { V1Pod } from '@kubernetes/client-node';
import { DirectConnection } from '../client/direct-connection.ts';
import { openWebSocket } from '../client/websocket-connection.ts';
import { untilReply } from '../measures/launch.ts';
import type { GatewayApi } from '../processes/gateway-api.ts';
import { ApiStatusError, type DirectApi } from './direct-api.ts';
import type { LaunchListener } from './launch-listener.ts';
import { benchLabel, copyOf } from './pod-model.ts';

/** What a run has in the cluster. */
export interface BenchCluster {
  api: DirectApi;
  listener: LaunchListener;
  /** Value of the label of all that the benchmark itself makes. */
  run: string;
  /** Where pods without a namespace of their own go; it has its service account. */
  sharedNamespace: string;
}

export interface LaunchLane {
  title: string;
  /** Null for those without a gateway. */
  gatewayPid: number | null;
  gatewayUrl: string | null;
  /** Makes a kernel, and calls back with the seconds until its first kernel_info_reply. Throws when it does not come. */
  launch(): Promise<LaunchedKernel>;
}

export interface LaunchedKernel {
  seconds: number;
  end: () => Promise<void>;
}

/** Milliseconds between attempts to create a pod in a namespace that has no service account yet. */
const accountIntervalMs = 10;
const answerTimeoutMs = 180_000;

/** Bare pods like `model`, in the shared namespace or each in one of its own. */
export function bareLane(cluster: BenchCluster, model: V1Pod, ownNamespace: boolean): LaunchLane {
  const title = ownNamespace ? 'bare namespace and pod' : 'bare pod';
  return {
    title,
    gatewayPid: null,
    gatewayUrl: null,
    launch: () => launchBare(cluster, model, ownNamespace),
  };
}

export function gatewayLane(title: string, api: GatewayApi, pid: number | null): LaunchLane {
  return { title, gatewayPid: pid, gatewayUrl: api.url, launch: () => launchThrough(api) };
}

async function launchThrough(api: GatewayApi): Promise<LaunchedKernel> {
  const started = performance.now();
  const id = await api.launchKernel();
  const end = () => api.deleteKernel(id);
  try {
    return { seconds: await untilReply(started, await openWebSocket(api.channelsUrl(id), 'default')), end };
  } catch (error) {
    await end();
    throw error;
  }
}

async function launchBare(
  { api, listener, run, sharedNamespace }: BenchCluster,
  model: V1Pod,
  ownNamespace: boolean,
): Promise<LaunchedKernel> {
  const kernelId = randomUUID();
  const name = `bench-${kernelId}`;
  const namespace = ownNamespace ? name : sharedNamespace;
  const { variables, connection } = listener.expect(kernelId);
  const pod = copyOf(model, { kernelId, name, namespace }, variables, run);
  const end = async () => {
    listener.forget(kernelId);
    await api.deletePod(namespace, name);
    if (ownNamespace) {
      await api.deleteNamespace(namespace);
    }
  };
  const started = performance.now();
  try {
    if (ownNamespace) {
      await api.createNamespace(namespace, { [benchLabel]: run });
    }
    await createPod(api, pod);
    const found = await inTime(connection, `the answer of pod ${name}`);
    return { seconds: await untilReply(started, new DirectConnection(found)), end };
  } catch (error) {
    await end();
    throw error;
  }
}

/** A namespace that was just made gets its service account a moment later. */
async function createPod(api: DirectApi, pod: V1Pod): Promise<void> {
  const deadline = performance.now() + answerTimeoutMs;
  while (true) {
    try {
      return await api.createPod(pod);
    } catch (error) {
      const isEarly = error instanceof ApiStatusError && error.status === 403;
      if (!isEarly || performance.now() > deadline) {
        throw error;
      }
      await delay(accountIntervalMs);
    }
  }
}

async function inTime<Value>(value: Promise<Value>, what: string): Promise<Value> {
  const timer = new AbortController();
  const late = delay(answerTimeoutMs, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`${what} did not come within ${answerTimeoutMs / 1000} s`);
  });
  try {
    return await Promise.race([value, late]);
  } finally {
    timer.abort();
    late.catch(() => {});
  }
}
