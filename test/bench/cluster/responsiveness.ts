/**
 * How quickly a gateway answers while it is busy. The same requests go to a
 * server that does nothing: what that one takes is the machine's own doing.
 */
import { readFile, rm } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { forkProgram, nextMessage, stopProcess } from '../processes/child.ts';
import type { LoopDelay } from './event-loop-probe.ts';
import type { Latencies } from './request-probe.ts';

const readyTimeoutMs = 20_000;
const loopFigureMs = 5000;

export interface Responsiveness {
  /** Milliseconds, by what was asked. */
  requests: Latencies[];
  /** Delay of the gateway's event loop; null where it was not started by the benchmark. */
  eventLoop: LoopDelay | null;
}

/** Where the probe in a gateway's process writes what it has seen. */
export function loopFigureFile(pid: number): string {
  return `/tmp/kernelgate-bench-loop-${pid}.json`;
}

export async function watchResponsiveness(
  url: string,
  pid: number | null,
): Promise<{ end: () => Promise<Responsiveness> }> {
  const idle = forkProgram('cluster/idle-server.ts', []);
  const port = await nextMessage<number>(idle, 'starting the idle server', readyTimeoutMs);
  const targets = [`${url}/api`, `${url}/api/kernels`, `http://127.0.0.1:${port}/`];
  const probe = forkProgram('cluster/request-probe.ts', targets);
  await nextMessage(probe, 'starting the probe', readyTimeoutMs);
  await readLoop(pid);
  const end = async () => {
    probe.send('end');
    const requests = await nextMessage<Latencies[]>(probe, 'the probe', readyTimeoutMs);
    const eventLoop = await readLoop(pid);
    await Promise.all([stopProcess(probe), stopProcess(idle)]);
    return { requests, eventLoop };
  };
  return { end };
}

/** What the event loop's delay was since this was asked last. */
async function readLoop(pid: number | null): Promise<LoopDelay | null> {
  if (pid === null) {
    return null;
  }
  const file = loopFigureFile(pid);
  const before = await readFile(file, 'utf8').catch(() => null);
  if (before === null) {
    return null;
  }
  await rm(file);
  process.kill(pid, 'SIGUSR2');
  for (const deadline = Date.now() + loopFigureMs; Date.now() < deadline; await delay(20)) {
    const text = await readFile(file, 'utf8').catch(() => '');
    if (text.endsWith('\n')) {
      return JSON.parse(text) as LoopDelay;
    }
  }
  return null;
}
