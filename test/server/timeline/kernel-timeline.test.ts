import { describe, expect, it } from 'vitest';
import { KernelFailure } from '../../../src/machines/failure.ts';
import { DEATH, podOf } from '../../machines/samples.ts';
import { LAUNCH, RecordedGateway } from './recorded-gateway.ts';

describe('the timeline of a kernel', () => {
  it('tells each event in its order, and where it led', async () => {
    const gateway = new RecordedGateway();
    const id = await gateway.launch({ ownNamespace: 'alice-1' });
    await gateway.answer('check', 'createNamespace');
    await gateway.answerWith('createPod', { ip: '' });
    await gateway.pod(id, { type: 'pod.ready', uid: 'pod-1', pod: podOf() });
    await gateway.answer('awaitHandshake', 'saveRecord');
    await gateway.channel(id, { type: 'channels.ready' });
    expect(gateway.story(id)).toEqual([
      'begin → launching.checking',
      'check done → launching.namespaceProvisioning',
      'createNamespace done → launching.podCreating',
      'createPod done → launching.podPending',
      'pod.ready → launching.handshaking',
      'awaitHandshake done → launching.recording',
      'saveRecord done → connected.awaitingKernelInfo',
      'channels.ready → connected.running',
    ]);
    const ids = gateway.entries(id).map((entry) => entry.id);
    expect(ids).toEqual(ids.toSorted((one, other) => one - other));
    expect(gateway.entries(id).at(-1)?.state).toMatchObject({ connected: { running: { culling: 'off' } } });
    expect(gateway.faults).toEqual([]);
  });

  it('tells how long each phase took, and what the pod waited for meanwhile', async () => {
    const gateway = new RecordedGateway();
    const id = await gateway.launch();
    await gateway.pass(1000);
    await gateway.answer('check');
    await gateway.pod(id, { type: 'pod.pending', uid: 'pod-1', message: 'waits for the scheduler' });
    await gateway.answerWith('createPod', { ip: '' });
    await gateway.pass(2000);
    for (let times = 0; times < 3; times += 1) {
      await gateway.pod(id, { type: 'pod.pending', uid: 'pod-1', message: 'pulls its image' });
      await gateway.pass(1000);
    }
    await gateway.pod(id, { type: 'pod.pending', uid: 'pod-of-another-time', message: 'is not ours' });
    await gateway.pod(id, { type: 'pod.ready', uid: 'pod-1', pod: podOf() });
    await gateway.pass(500);
    expect(gateway.durations(id)).toEqual([
      'launching.checking 1',
      'launching.podCreating 0',
      'launching.podPending 5',
      'launching.handshaking 0.5',
    ]);
    const [, , pending, handshaking] = gateway.phases(id);
    expect(pending?.steps).toMatchObject([
      { message: 'waits for the scheduler', seconds: 2 },
      { message: 'pulls its image', seconds: 3 },
    ]);
    expect([pending?.to, handshaking?.to]).toEqual([handshaking?.from, null]);
  });

  it('leaves out what only shows that the kernel is alive', async () => {
    const gateway = new RecordedGateway();
    const id = await gateway.running();
    const before = gateway.story(id);
    await gateway.channel(id, { type: 'kernel.status', executionState: 'busy', at: 1 });
    await gateway.channel(id, { type: 'kernel.activity', at: 2 });
    await gateway.send(id, { type: 'clients.changed', clients: 3 });
    expect(gateway.story(id)).toEqual(before);
    await gateway.channel(id, { type: 'heartbeat.lost' });
    expect(gateway.story(id)).toEqual([...before, 'heartbeat.lost → connected.running']);
    expect(gateway.entries(id).at(-1)?.state).toMatchObject({
      connected: { running: { execution: 'busy' } },
    });
  });

  it('tells why a launch failed, after the kernel is gone', async () => {
    const gateway = new RecordedGateway();
    const failure = { ...DEATH, code: 'IMAGE_PULL_FAILED' } as const;
    const id = await gateway.failed({}, new KernelFailure(failure));
    expect(gateway.actor.getSnapshot().context.usernames).toEqual({});
    expect(gateway.entries(id)[1]).toMatchObject({ label: 'check failed', failure });
    expect(gateway.kernel(id).timeline.ending).toMatchObject({ outcome: 'failed', reason: null, failure });
    expect(gateway.phases(id).every(({ to }) => to !== null)).toBe(true);
    expect(gateway.timelines.board.overview()).toMatchObject({
      kernels: [],
      ended: [{ id, phase: 'failed', last_problem: failure, outcome: { outcome: 'failed', failure } }],
    });
  });

  it('goes on through a death and the restart after it', async () => {
    const gateway = new RecordedGateway();
    const id = await gateway.running();
    await gateway.pod(id, { type: 'pod.gone', uid: 'pod-1', failure: DEATH });
    await gateway.answer('deletePod');
    await gateway.pass(0);
    await gateway.answer(...LAUNCH.slice(1));
    await gateway.channel(id, { type: 'channels.ready' });
    expect(gateway.phases(id).map(({ phase }) => phase)).toEqual([
      'launching.checking',
      'launching.podCreating',
      'launching.handshaking',
      'launching.recording',
      'connected.awaitingKernelInfo',
      'connected.running',
      'restarting.podDeleting',
      'restarting.waiting',
      'launching.podCreating',
      'launching.handshaking',
      'launching.recording',
      'connected.awaitingKernelInfo',
      'connected.running',
    ]);
    const died = gateway.entries(id).filter(({ failure }) => failure !== undefined);
    expect(died).toMatchObject([{ label: 'pod.gone', failure: DEATH, phase: 'restarting.podDeleting' }]);
    expect(gateway.kernel(id).row(0)).toMatchObject({ phase: 'connected.running', last_problem: DEATH });
  });

  it('tells what went wrong without ending the kernel', async () => {
    const gateway = new RecordedGateway();
    const id = await gateway.running();
    await gateway.send(id, { type: 'interrupt' });
    await gateway.fail('interrupt', new Error('no such process'));
    expect(gateway.entries(id).at(-1)).toMatchObject({
      label: 'interrupt failed',
      failure: { message: 'no such process', hint: 'Restart the kernel.' },
    });
    expect(gateway.kernel(id).row(0).last_problem?.message).toBe('no such process');
  });

  it('keeps the last 500 events, and tells how many came before', async () => {
    const gateway = new RecordedGateway();
    const id = await gateway.running();
    const before = gateway.entries(id).length;
    for (let times = 0; times < 300; times += 1) {
      await gateway.channel(id, { type: 'heartbeat.lost' });
      await gateway.channel(id, { type: 'heartbeat.restored' });
    }
    expect(gateway.entries(id)).toHaveLength(500);
    expect(gateway.kernel(id).timeline.log.dropped).toBe(before + 100);
    expect(gateway.phases(id)[0]?.phase).toBe('launching.checking');
  });
});

describe('kernels that have ended', () => {
  it('are kept, but no more than 200 of them', async () => {
    const gateway = new RecordedGateway();
    const ids: string[] = [];
    for (let times = 0; times < 203; times += 1) ids.push(await gateway.failed());
    expect(ids.filter((id) => gateway.timelines.find(id) === undefined)).toEqual(ids.slice(0, 3));
    const { ended } = gateway.timelines.board.overview();
    expect(ended.map(({ id }) => id)).toEqual(ids.slice(3).reverse());
  });

  it('are forgotten after a day', async () => {
    const gateway = new RecordedGateway();
    const id = await gateway.failed();
    await gateway.pass(24 * 60 * 60 * 1000);
    expect(gateway.timelines.find(id)).toBeDefined();
    await gateway.pass(1);
    expect(gateway.timelines.find(id)).toBeUndefined();
    expect(gateway.timelines.board.overview().ended).toEqual([]);
  });

  it('make room for a new one of the same id', async () => {
    const gateway = new RecordedGateway();
    const kernelId = await gateway.failed();
    await gateway.launch({ kernelId });
    expect(gateway.story(kernelId)).toEqual(['begin → launching.checking']);
    expect(gateway.timelines.board.overview()).toMatchObject({ kernels: [{ id: kernelId }], ended: [] });
  });
});

describe('a kernel that is lost by a fault of the gateway', () => {
  it('is told of as such, and the others go on', async () => {
    const gateway = new RecordedGateway();
    const [broken, other] = [await gateway.running(), await gateway.running()];
    gateway.ports.world.podEvents(broken).error(new Error('a fault of the program'));
    await gateway.channel(other, { type: 'heartbeat.lost' });
    expect(gateway.timelines.board.overview()).toMatchObject({
      kernels: [{ id: other }],
      ended: [{ id: broken, outcome: { outcome: 'lost' }, last_problem: { code: 'GATEWAY_FAULT' } }],
    });
    expect(gateway.story(other).at(-1)).toBe('heartbeat.lost → connected.running');
  });
});

describe('the timeline of the gateway', () => {
  it('tells who came and went, and leaves the rest to the kernels', async () => {
    const gateway = new RecordedGateway();
    const id = await gateway.failed();
    gateway.actor.send({ type: 'drain', leave: false });
    const entries = gateway.timelines.gateway.timeline.log.after(0).map(({ json }) => JSON.parse(json));
    expect(entries.map(({ label, phase }) => `${label} → ${phase}`)).toEqual([
      'begin → serving',
      'kernel.launch → serving',
      'actor done → serving',
      'drain → drained',
    ]);
    expect(entries[1].event).toEqual({
      type: 'kernel.launch',
      kernelId: id,
      kernelName: 'python3',
      username: 'alice',
    });
  });
});
