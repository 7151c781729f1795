import { describe, expect, it, onTestFinished } from 'vitest';
import { testGateway } from '../test-gateway.ts';
import { EventReader } from '../timeline/event-reader.ts';
import { launch, launched } from './launch.ts';

type Gateway = Awaited<ReturnType<typeof testGateway>>;

const UNKNOWN_ID = '00000000-0000-4000-8000-000000000000';
const REFUSAL = { code: 'LAUNCH_REFUSED', message: 'Not today.', hint: 'Ask tomorrow.' } as const;

/** A client that follows `url`, from where it was if `lastEventId` is given. */
async function follow({ app }: Gateway, url: string, lastEventId?: string) {
  const headers = {
    accept: 'text/event-stream',
    ...(lastEventId !== undefined && { 'last-event-id': lastEventId }),
  };
  const response = await app.inject({ url, headers, payloadAsStream: true });
  const reader = new EventReader(response.stream());
  onTestFinished(() => reader.close());
  return Object.assign(reader, { response });
}

async function end({ app }: Gateway, kernelId: string): Promise<void> {
  await app.inject({ method: 'DELETE', url: `/api/kernels/${kernelId}` });
}

describe('GET /api/kernels/{id}/events', () => {
  it('tells what happened to a kernel', async () => {
    const gateway = await testGateway();
    const id = await launched(gateway);
    const response = await gateway.app.inject(`/api/kernels/${id}/events`);
    expect(response.statusCode).toBe(200);
    const { events, phases, ...rest } = response.json();
    expect(rest).toEqual({
      kernel_id: id,
      kernel_name: 'python3',
      username: 'gateway-user',
      outcome: null,
      dropped: 0,
    });
    expect(events[0]).toMatchObject({
      id: expect.any(Number),
      at: expect.stringMatching(/^\d{4}-.*\.\d{3}Z$/),
      event: { type: 'xstate.init' },
      state: { launching: 'checking' },
      phase: 'launching.checking',
      progress: 'checking what it was asked for',
    });
    expect(phases.at(-1)).toMatchObject({ phase: 'connected.running', to: null });
  });

  it('tells why a launch failed, when the kernel itself is gone', async () => {
    const gateway = await testGateway();
    gateway.world.refusal = REFUSAL;
    const id = '11111111-2222-4333-8444-555555555555';
    expect((await launch(gateway, { env: { KERNEL_ID: id } })).statusCode).toBe(500);
    expect((await gateway.app.inject(`/api/kernels/${id}`)).statusCode).toBe(404);
    const { outcome, events } = (await gateway.app.inject(`/api/kernels/${id}/events`)).json();
    expect(outcome).toMatchObject({ outcome: 'failed', failure: REFUSAL });
    expect(events.at(-1)).toMatchObject({ label: 'check failed', phase: 'failed', failure: REFUSAL });
  });

  it('answers 404 for a kernel that never was', async () => {
    const { app } = await testGateway();
    for (const accept of ['application/json', 'text/event-stream']) {
      const response = await app.inject({ url: `/api/kernels/${UNKNOWN_ID}/events`, headers: { accept } });
      expect(response.statusCode).toBe(404);
      expect(response.json().message).toContain(UNKNOWN_ID);
    }
  });

  it('refuses a follow that is neither true nor false', async () => {
    const gateway = await testGateway();
    const id = await launched(gateway);
    const response = await gateway.app.inject(`/api/kernels/${id}/events?follow=maybe`);
    expect(response.statusCode).toBe(400);
    expect(response.json().message).toContain('follow');
  });
});

describe('the stream of a kernel', () => {
  it('tells what was and what comes, until the kernel ends', async () => {
    const gateway = await testGateway();
    const id = await launched(gateway);
    const reader = await follow(gateway, `/api/kernels/${id}/events`);
    expect(reader.response.headers).toMatchObject({
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store',
    });
    expect((await reader.next('timeline')).data).toMatchObject({ kernel_id: id, kernel_name: 'python3' });
    await reader.next('entry', ({ data }) => data.label === 'channels.ready');
    await gateway.app.inject({ method: 'POST', url: `/api/kernels/${id}/restart` });
    await reader.next('entry', ({ data }) => data.label === 'restart');
    const again = await reader.next('entry', ({ data }) => data.label === 'channels.ready');
    expect(again.data.phase).toBe('connected.running');
    await end(gateway, id);
    expect((await reader.next('end')).data).toMatchObject({ outcome: 'stopped', reason: 'shutdown' });
    await reader.ended;
    expect(reader.types).toContain('phases');
    expect(reader.types).not.toContain('reset');
  });

  it('goes on where a client was, and sends it away for good once it has seen the end', async () => {
    const gateway = await testGateway();
    const id = await launched(gateway);
    const url = `/api/kernels/${id}/events?follow=true`;
    const first = await follow(gateway, url);
    await first.next('entry', ({ data }) => data.label === 'channels.ready');
    first.close();
    await gateway.app.inject({ method: 'POST', url: `/api/kernels/${id}/interrupt` });
    const second = await follow(gateway, url, first.lastId);
    expect((await second.next('entry')).data).toMatchObject({ label: 'interrupt' });
    expect(second.types).not.toContain('reset');
    await end(gateway, id);
    await second.ended;
    const third = await follow(gateway, url, second.lastId);
    expect(third.response.statusCode).toBe(204);
  });

  it.each(['ffffffff-3', 'nonsense'])(
    'tells a client whose place is not known that it starts anew: %s',
    async (lastEventId) => {
      const gateway = await testGateway();
      const id = await launched(gateway);
      const reader = await follow(gateway, `/api/kernels/${id}/events`, lastEventId);
      await reader.next('reset');
      expect((await reader.next('entry')).data).toMatchObject({ label: 'begin' });
    },
  );

  it('tells a client that was away for too long what it can still tell', async () => {
    const gateway = await testGateway();
    const id = await launched(gateway);
    const first = await follow(gateway, `/api/kernels/${id}/events`);
    const { id: place = '' } = await first.next('entry');
    first.close();
    const kernel = gateway.services.kernels.get(id);
    for (let times = 0; times < 600; times += 1) kernel.send({ type: 'policy.changed', policy: {} });
    const second = await follow(gateway, `/api/kernels/${id}/events`, place);
    await second.next('reset');
    const { data } = await second.next('entry');
    const { events } = (await gateway.app.inject(`/api/kernels/${id}/events`)).json();
    expect(data).toEqual(events[0]);
  });

  it('does not hold up a gateway that stops', async () => {
    const gateway = await testGateway();
    const id = await launched(gateway);
    const readers = [
      await follow(gateway, `/api/kernels/${id}/events`),
      await follow(gateway, '/api/timeline'),
      await follow(gateway, '/api/events'),
    ];
    await gateway.app.close();
    await Promise.all(readers.map(({ ended }) => ended));
  });
});

describe('GET /api/timeline', () => {
  it('shows each kernel, those that have ended, and launches that were refused', async () => {
    const gateway = await testGateway({ settings: { unauthorizedUsers: ['mallory'] } });
    const id = await launched(gateway);
    const gone = await launched(gateway);
    await end(gateway, gone);
    await launch(gateway, { name: 'python3', env: { KERNEL_USERNAME: 'mallory' } });
    const overview = (await gateway.app.inject('/api/timeline')).json();
    expect(overview).toMatchObject({
      gateway: { phase: 'serving', kernels: 1 },
      kernels: [
        {
          id,
          name: 'python3',
          username: 'gateway-user',
          phase: 'connected.running',
          execution_state: 'idle',
          connections: 0,
          node: 'worker-1',
          pod: 'alice-kernel',
          namespace: 'kernels',
          last_problem: null,
          outcome: null,
        },
      ],
      ended: [{ id: gone, phase: 'stopped', outcome: { outcome: 'stopped', reason: 'shutdown' } }],
      refused: [{ kernel_name: 'python3', username: 'mallory', code: 'USER_NOT_AUTHORIZED' }],
    });
  });

  it('is hidden with the lists, and so is what tells the ids of kernels', async () => {
    const gateway = await testGateway({ settings: { listKernels: false } });
    const id = await launched(gateway);
    for (const url of ['/api/timeline', '/api/timeline?follow=true', '/api/events']) {
      expect((await gateway.app.inject(url)).statusCode, url).toBe(403);
    }
    expect((await gateway.app.inject(`/api/kernels/${id}/events`)).statusCode).toBe(200);
  });

  it('is refused without the token, as are the events and the charts', async () => {
    const { app } = await testGateway({ settings: { authToken: 'secret' } });
    for (const url of [
      '/api/timeline',
      '/api/events',
      '/api/charts/kernel',
      `/api/kernels/${UNKNOWN_ID}/events`,
    ]) {
      expect((await app.inject(url)).statusCode, url).toBe(401);
    }
    expect((await app.inject('/api/timeline?token=secret')).statusCode).toBe(200);
  });
});

describe('the stream of all kernels', () => {
  it('shows all that is, then what changes', async () => {
    const gateway = await testGateway();
    const first = await launched(gateway);
    const reader = await follow(gateway, '/api/timeline');
    expect((await reader.next('overview')).data.kernels).toMatchObject([{ id: first }]);
    const second = await launched(gateway);
    await reader.next('kernel', ({ data }) => data.id === second && data.phase === 'connected.running');
    await end(gateway, first);
    const { data } = await reader.next('removed', (event) => event.data.id === first);
    expect(data).toMatchObject({ phase: 'stopped', outcome: { reason: 'shutdown' } });
    await launch(gateway, { name: 'nothing like it' });
    expect((await reader.next('refused')).data).toMatchObject({ kernel_name: 'nothing like it' });
  });

  it('shows who is at work', async () => {
    const gateway = await testGateway();
    const id = await launched(gateway);
    const reader = await follow(gateway, '/api/timeline');
    await reader.next('overview');
    gateway.services.kernels.get(id).send({ type: 'kernel.status', executionState: 'busy', at: Date.now() });
    await reader.next('kernel', ({ data }) => data.execution_state === 'busy');
  });

  it('tells a client that comes back only what it missed', async () => {
    const gateway = await testGateway();
    await launched(gateway);
    const first = await follow(gateway, '/api/timeline');
    await first.next('overview');
    first.close();
    const id = await launched(gateway);
    const second = await follow(gateway, '/api/timeline', first.lastId);
    expect((await second.next('kernel')).data.id).toBe(id);
    expect(second.types).toEqual(['kernel']);
  });

  it('shows a client of an earlier gateway all that is', async () => {
    const gateway = await testGateway();
    const reader = await follow(gateway, '/api/timeline', 'ffffffff-3');
    await reader.next('overview');
    expect(reader.types).toEqual(['reset', 'overview']);
  });
});
