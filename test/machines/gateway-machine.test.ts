import { describe, expect, test } from 'vitest';
import { GatewayUnderTest, limitsOf } from './gateway-under-test.ts';
import { settled } from './kernel-under-test.ts';

describe('limits', () => {
  test('as many kernels are admitted as the limit says', async () => {
    const gateway = new GatewayUnderTest({ maxKernels: 2 });
    await gateway.launch('alice');
    await gateway.launch('bob');
    const third = await gateway.launch('carol');
    expect(gateway.ids).toHaveLength(2);
    expect(gateway.emitted.at(-1)).toMatchObject({
      type: 'kernel.refused',
      kernelId: third,
      refusal: { code: 'MAX_KERNELS', message: expect.stringMatching(/limit of 2 .*EG_MAX_KERNELS/) },
    });
  });

  test('a refused kernel asks nothing of any port', async () => {
    const gateway = new GatewayUnderTest({ maxKernels: 0 });
    await gateway.launch();
    expect(gateway.ports.calls.asked).toEqual([]);
    expect(gateway.snapshot.children).toEqual({});
  });

  test('without limits there is no end', async () => {
    const gateway = new GatewayUnderTest();
    for (let count = 0; count < 20; count += 1) await gateway.launch();
    expect(gateway.ids).toHaveLength(20);
  });

  test('the limit of a user is that of each user', async () => {
    const gateway = new GatewayUnderTest({ maxKernelsPerUser: 1 });
    await gateway.launch('alice');
    await gateway.launch('bob');
    await gateway.launch('alice');
    expect(Object.values(gateway.snapshot.context.usernames)).toEqual(['alice', 'bob']);
    expect(gateway.emitted.at(-1)).toMatchObject({
      refusal: {
        code: 'MAX_KERNELS_PER_USER',
        message: expect.stringMatching(/alice .*limit of 1 .*EG_MAX_KERNELS_PER_USER/),
      },
    });
  });

  test.each([
    [{ maxKernels: 0 }, ['MAX_KERNELS']],
    [{ maxKernelsPerUser: 0 }, ['MAX_KERNELS_PER_USER']],
    [{ maxKernelsPerUser: -1 }, []],
    [{ maxKernelsPerUser: -5 }, []],
  ])('with %o a first kernel is refused with %o', async (limits, refusals) => {
    const gateway = new GatewayUnderTest(limits);
    await gateway.launch();
    expect(gateway.refusals).toEqual(refusals);
  });

  test('a kernel counts until everything of it is gone', async () => {
    const gateway = new GatewayUnderTest({ maxKernels: 1 });
    const first = await gateway.launch();
    await gateway.launch();
    expect(gateway.kernel(first).getSnapshot().hasTag('launching')).toBe(true);
    gateway.ports.calls.answer('check', undefined);
    await settled();
    gateway.kernel(first).send({ type: 'shutdown' });
    await gateway.launch();
    expect(gateway.refusals).toEqual(['MAX_KERNELS', 'MAX_KERNELS']);
    gateway.ports.calls.answerAll();
    await settled();
    await gateway.launch();
    expect(gateway.refusals).toHaveLength(2);
    expect(gateway.ids).toHaveLength(1);
  });

  test('a kernel id is taken once, whatever state its kernel is in', async () => {
    const gateway = new GatewayUnderTest();
    const kernelId = await gateway.launch();
    await gateway.launch('bob', kernelId);
    expect(gateway.refusals).toEqual(['DUPLICATE_KERNEL_ID']);
    expect(gateway.snapshot.context.usernames).toEqual({ [kernelId]: 'alice' });
    gateway.ports.calls.answerAll();
    gateway.kernel(kernelId).send({ type: 'shutdown' });
    await settled();
    await gateway.launch('bob', kernelId);
    expect(gateway.snapshot.context.usernames).toEqual({ [kernelId]: 'bob' });
  });

  test('kernels that are adopted count, but are never refused', async () => {
    const gateway = new GatewayUnderTest({ maxKernels: 1 });
    await gateway.adopt();
    await gateway.adopt();
    expect(gateway.ids).toHaveLength(2);
    await gateway.launch();
    expect(gateway.refusals).toEqual(['MAX_KERNELS']);
  });

  test('an id that every object has as a property is not taken for that of a kernel', async () => {
    const gateway = new GatewayUnderTest();
    await gateway.launch('alice', 'constructor');
    await gateway.adopt('alice', 'toString');
    expect(gateway.refusals).toEqual([]);
    expect(gateway.ids).toEqual(['constructor', 'toString']);
  });

  test('new limits hold for the next launch, and end no kernel', async () => {
    const gateway = new GatewayUnderTest();
    await gateway.launch();
    await gateway.launch();
    await gateway.send({ type: 'limits.changed', limits: limitsOf({ maxKernels: 1 }) });
    await gateway.launch();
    expect(gateway.refusals).toEqual(['MAX_KERNELS']);
    await gateway.send({ type: 'limits.changed', limits: limitsOf({ maxKernels: 3 }) });
    await gateway.launch();
    expect(gateway.ids).toHaveLength(3);
  });
});

describe('supervision', () => {
  test('a kernel is told of when it comes and, with its outcome, when it goes', async () => {
    const gateway = new GatewayUnderTest();
    const kernelId = await gateway.launchAndRun();
    gateway.kernel(kernelId).send({ type: 'shutdown' });
    await gateway.pass(5000);
    expect(gateway.emitted).toEqual([
      { type: 'kernel.added', kernelId },
      {
        type: 'kernel.removed',
        kernelId,
        outcome: { outcome: 'stopped', reason: 'shutdown', failure: null },
      },
    ]);
    expect(gateway.snapshot.children).toEqual({});
    expect(gateway.ports.held(kernelId)).toEqual([]);
  });

  test('a kernel that is here already is not adopted a second time: the first is not orphaned', async () => {
    const gateway = new GatewayUnderTest();
    const kernelId = await gateway.adopt('alice');
    const launched = await gateway.launchAndRun('alice');
    const before = [kernelId, launched].map((id) => gateway.kernel(id));
    const told = gateway.emitted.length;
    await gateway.adopt('bob', kernelId);
    await gateway.adopt('bob', launched);
    expect([kernelId, launched].map((id) => gateway.kernel(id))).toEqual(before);
    expect(gateway.snapshot.context.usernames).toEqual({ [kernelId]: 'alice', [launched]: 'alice' });
    expect(gateway.emitted).toHaveLength(told);
  });

  test('a kernel that is gone may be adopted again', async () => {
    const gateway = new GatewayUnderTest();
    const kernelId = await gateway.launchAndRun();
    gateway.kernel(kernelId).send({ type: 'shutdown' });
    await gateway.pass(5000);
    await gateway.adopt('alice', kernelId);
    expect(gateway.ids).toEqual([kernelId]);
  });

  test('a kernel that fails is told of with its failure', async () => {
    const gateway = new GatewayUnderTest();
    await gateway.launch();
    gateway.ports.calls.fail('check', new Error('no such image'));
    gateway.ports.calls.answerAll();
    await settled();
    expect(gateway.emitted.at(-1)).toMatchObject({
      outcome: { outcome: 'failed', failure: { code: 'LAUNCH_REFUSED', message: 'no such image' } },
    });
  });

  test('a fault in one kernel is told, and the other kernels live on', async () => {
    const gateway = new GatewayUnderTest();
    const broken = await gateway.launchAndRun('alice');
    const other = await gateway.launchAndRun('bob');
    const fault = new Error('a fault of the program');
    gateway.ports.world.podEvents(broken).error(fault);
    await settled();
    expect(gateway.emitted.at(-1)).toEqual({ type: 'kernel.broken', kernelId: broken, error: fault });
    expect(gateway.ids).toEqual([other]);
    expect(gateway.kernel(other).getSnapshot().hasTag('running')).toBe(true);
    expect(gateway.ports.held(broken)).not.toContain('channels');
    await gateway.launch();
    expect(gateway.ids).toHaveLength(2);
  });

  test('a new policy reaches every kernel', async () => {
    const gateway = new GatewayUnderTest();
    const kernels = [await gateway.launchAndRun(), await gateway.launch(), await gateway.adopt()];
    await gateway.send({ type: 'policy.changed', policy: { cullIdleTimeout: 1000, cullConnected: true } });
    for (const kernelId of kernels) {
      expect(gateway.kernel(kernelId).getSnapshot().context.policy).toMatchObject({
        cullIdleTimeout: 1000,
        cullConnected: true,
        shutdownGrace: 5000,
      });
    }
  });

  test('the context is plain JSON', async () => {
    const gateway = new GatewayUnderTest({ maxKernels: 5 });
    await gateway.launchAndRun();
    await gateway.launch('bob');
    const { context } = gateway.snapshot;
    expect(JSON.parse(JSON.stringify(context))).toStrictEqual(context);
  });
});
