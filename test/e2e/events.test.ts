import type { IncomingMessage } from 'node:http';
import { request } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { EventReader } from '../server/timeline/event-reader.ts';
import { within } from './deadline.ts';
import { type GatewayProcess, ownGateway, sharedGateway } from './gateway-process.ts';
import { evaluate, KernelClient, launchKernel } from './kernel-client.ts';
import { scriptSpec } from './kernelspecs.ts';
import { killProcess } from './process-list.ts';
import { describeE2e } from './suite.ts';

/** Follows the events at `path`, from where the reader before it was if there is one. */
async function follow(gateway: GatewayProcess, path: string, after?: EventReader): Promise<EventReader> {
  const headers = {
    accept: 'text/event-stream',
    ...(after !== undefined && { 'last-event-id': after.lastId }),
  };
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  request(`${gateway.url}${path}`, { headers, agent: false }, resolve).on('error', reject).end();
  const reader = new EventReader(await within(10_000, `the stream ${path}`, promise));
  onTestFinished(() => reader.close());
  return reader;
}

/** Labels of the events of a kernel, so far. */
async function labels(gateway: GatewayProcess, id: string): Promise<string[]> {
  const { json } = await gateway.request(`/api/kernels/${id}/events`);
  return json.events.map(({ label }: { label: string }) => label);
}

describeE2e('the events of a real kernel', () => {
  const gateway = sharedGateway({
    kernelspecs: (python) => ({
      exits_at_once: scriptSpec(python, 'import sys; sys.exit("libmagic.so.7 is missing")'),
    }),
  });

  it('tell its launch, how long each step took, and how it ended', async () => {
    const id = await launchKernel(gateway.current);
    const { json } = await gateway.current.request(`/api/kernels/${id}/events`);
    expect(json).toMatchObject({ kernel_id: id, kernel_name: 'python3', outcome: null, dropped: 0 });
    const phases = json.phases.map(({ phase }: { phase: string }) => phase);
    expect(phases[0]).toBe('launching.checking');
    expect(phases.at(-1)).toBe('connected.running');
    await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
    const { json: after } = await gateway.current.request(`/api/kernels/${id}/events`);
    expect(after.outcome).toMatchObject({ outcome: 'stopped', reason: 'shutdown' });
    expect(after.events.at(-1)).toMatchObject({ phase: 'stopped' });
  });

  it('tell interrupts, deaths and restarts as they happen', async () => {
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id);
    const pid = await evaluate<number>(client, '__import__("os").getpid()');
    const reader = await follow(gateway.current, `/api/kernels/${id}/events`);
    await reader.next('entry', ({ data }) => data.label === 'channels.ready');
    await gateway.current.request(`/api/kernels/${id}/interrupt`, { method: 'POST' });
    await reader.next('entry', ({ data }) => data.label === 'interrupt done');
    killProcess(pid);
    const { data: death } = await reader.next('entry', ({ data }) => data.label === 'pod.gone');
    expect(death.failure.message).toMatch(/SIGKILL|killed/i);
    await reader.next('entry', ({ data }) => data.phase === 'connected.running');
    await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE' });
    expect((await reader.next('end')).data).toMatchObject({ outcome: 'stopped' });
    expect(await labels(gateway.current, id)).not.toContain('kernel.status');
  });

  it('tell why a launch failed when there is no kernel to ask any more', async () => {
    const overview = await follow(gateway.current, '/api/timeline');
    await overview.next('overview');
    const launched = await gateway.current.request('/api/kernels', {
      method: 'POST',
      body: { name: 'exits_at_once' },
    });
    expect(launched.status).toBe(500);
    const { data } = await overview.next('removed', (event) => event.data.name === 'exits_at_once');
    expect(data).toMatchObject({
      phase: 'failed',
      last_problem: { code: 'POD_GONE', message: expect.stringContaining('libmagic.so.7') },
    });
    const { json } = await gateway.current.request(`/api/kernels/${data.id}/events`);
    expect(json.outcome.failure.message).toBe(launched.json.message);
  });

  it('are told to a client that lost its connection from where it was', async () => {
    const id = await launchKernel(gateway.current);
    const first = await follow(gateway.current, `/api/kernels/${id}/events`);
    await first.next('entry', ({ data }) => data.label === 'channels.ready');
    first.close();
    await gateway.current.request(`/api/kernels/${id}/restart`, { method: 'POST' });
    const second = await follow(gateway.current, `/api/kernels/${id}/events`, first);
    expect((await second.next('entry')).data.label).toBe('restart');
    await second.next('entry', ({ data }) => data.phase === 'connected.running');
    expect(second.types).not.toContain('reset');
  });
});

describeE2e('a gateway whose events are followed', () => {
  it('shows no environment variable that tells a secret', async () => {
    const gateway = await ownGateway({ env: { EG_CLIENT_ENVS: 'MY_PASSWORD' } });
    const secret = 'correct-horse-battery';
    const answer = await gateway.request('/api/kernels', {
      method: 'POST',
      body: { name: 'python3', env: { MY_PASSWORD: secret } },
    });
    expect(answer.status).toBe(201);
    const client = await KernelClient.connect(gateway, answer.json.id);
    expect(await evaluate(client, '__import__("os").environ["MY_PASSWORD"]')).toBe(secret);
    const { text } = await gateway.request(`/api/kernels/${answer.json.id}/events`);
    expect(text).toContain('MY_PASSWORD');
    expect(text).not.toContain(secret);
  });

  it('ends the streams, and itself without delay', async () => {
    const gateway = await ownGateway();
    const reader = await follow(gateway, '/api/timeline');
    await reader.next('overview');
    await gateway.stop();
    await within(5000, 'the end of the stream', reader.ended);
  });
});
