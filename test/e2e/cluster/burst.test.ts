/** Many launches at once, and who else wants something of the gateway meanwhile. */
import { expect, it } from 'vitest';
import { eventually } from '../deadline.ts';
import type { GatewayProcess } from '../gateway-process.ts';
import { KernelClient } from '../kernel-client.ts';
import { ownClusterGateway } from './gateway-on-cluster.ts';
import { noPodLeftOf } from './kernel-in-pod.ts';
import { describeCluster } from './suite.ts';

const KERNELS = 30;
/** Milliseconds between two requests of somebody else. */
const PACE = 20;

describeCluster(`${KERNELS} launches at once`, () => {
  it('all succeed, work, and can be ended at once, and the gateway answers others all the while', async () => {
    const gateway = await ownClusterGateway({ env: { EG_KERNEL_LAUNCH_TIMEOUT: '250' } });
    const asking = askAllTheWhile(gateway);
    const began = performance.now();
    const answers = await Promise.all(Array.from({ length: KERNELS }, () => launchPatiently(gateway)));
    const seconds = (performance.now() - began) / 1000;
    const { failures, p99 } = await asking.end();
    console.log(
      `${KERNELS} launches at once: ${seconds.toFixed(1)} s; GET /api meanwhile: p99 ${p99.toFixed(0)} ms`,
    );
    expect(answers.map(({ status, text }) => (status === 201 ? 201 : text))).toEqual(
      Array(KERNELS).fill(201),
    );
    expect(failures).toEqual([]);
    const ids = answers.map(({ id }) => id);
    expect(new Set(ids).size).toBe(KERNELS);

    const clients = await Promise.all(ids.map((id) => KernelClient.connect(gateway, id)));
    const executions = await Promise.all(clients.map((client, index) => client.execute(`kernel ${index}`)));
    expect(executions.map(({ stdout }) => stdout)).toEqual(ids.map((_id, index) => `kernel ${index}`));

    const deletions = ids.map((id) => gateway.request(`/api/kernels/${id}`, { method: 'DELETE' }));
    expect((await Promise.all(deletions)).map(({ status }) => status)).toEqual(Array(KERNELS).fill(204));
    expect((await gateway.request('/api/kernels')).json).toEqual([]);
    await noPodLeftOf(...ids);
    await gateway.stop();
  }, 400_000);
});

/** However long it takes: a small node has to start all the pods. */
async function launchPatiently(gateway: GatewayProcess) {
  const headers = { 'Content-Type': 'application/json' };
  const body = JSON.stringify({ name: 'light' });
  const answer = await fetch(`${gateway.url}/api/kernels`, { method: 'POST', headers, body });
  const text = await answer.text();
  return { status: answer.status, text, id: answer.status === 201 ? (JSON.parse(text).id as string) : '' };
}

/** Asks for `/api` at a steady pace until it is told to end. */
function askAllTheWhile(gateway: GatewayProcess) {
  const times: number[] = [];
  const failures: string[] = [];
  const pending = new Set<Promise<void>>();
  const ask = async () => {
    const began = performance.now();
    const { status } = await gateway.request('/api');
    times.push(performance.now() - began);
    if (status !== 200) failures.push(String(status));
  };
  const timer = setInterval(() => {
    const asked: Promise<void> = ask()
      .catch((error: Error) => void failures.push(error.message))
      .finally(() => pending.delete(asked));
    pending.add(asked);
  }, PACE);
  return {
    async end() {
      clearInterval(timer);
      await eventually(60_000, 'the last answers', () => pending.size === 0);
      const sorted = times.sort((one, other) => one - other);
      return { failures, p99: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN };
    },
  };
}
