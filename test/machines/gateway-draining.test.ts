import { expect, test } from 'vitest';
import { GatewayUnderTest } from './gateway-under-test.ts';
import { settled } from './kernel-under-test.ts';

test('a gateway without kernels is drained at once', async () => {
  const gateway = new GatewayUnderTest();
  await gateway.send({ type: 'drain', leave: false });
  expect(gateway.snapshot.status).toBe('done');
});

test('kernels that end with their gateway are removed before it is drained', async () => {
  const gateway = new GatewayUnderTest();
  const kernels = [
    await gateway.launchAndRun('alice'),
    await gateway.launchAndRun('bob'),
    await gateway.launch(),
  ];
  await gateway.send({ type: 'drain', leave: false });
  expect(gateway.snapshot.value).toBe('draining');
  await gateway.pass(5000);
  expect(gateway.snapshot.value).toBe('drained');
  for (const kernelId of kernels) expect(gateway.ports.held(kernelId)).toEqual([]);
  expect(outcomesOf(gateway)).toEqual(['stopped', 'stopped', 'stopped']);
});

test('kernels that outlive their gateway are left as they are', async () => {
  const gateway = new GatewayUnderTest();
  const kernels = [await gateway.launchAndRun(), await gateway.launchAndRun()];
  await gateway.send({ type: 'drain', leave: true });
  expect(gateway.snapshot.value).toBe('drained');
  expect(outcomesOf(gateway)).toEqual(['detached', 'detached']);
  for (const kernelId of kernels) {
    expect(gateway.ports.held(kernelId)).toEqual([expect.stringMatching(/^pod /), 'record']);
  }
});

test('a kernel that is being launched is waited for, so that it can be found again', async () => {
  const gateway = new GatewayUnderTest();
  gateway.ports.calls.answerAll(['awaitHandshake']);
  const kernelId = await gateway.launch();
  await gateway.send({ type: 'drain', leave: true });
  expect(gateway.snapshot.value).toBe('draining');
  gateway.ports.calls.answer('awaitHandshake');
  await settled();
  expect(gateway.snapshot.value).toBe('drained');
  expect(gateway.ports.held(kernelId)).toEqual([expect.stringMatching(/^pod /), 'record']);
});

test('draining does not last forever, and what is half made by then is let go of', async () => {
  const gateway = new GatewayUnderTest();
  gateway.ports.calls.answerAll(['createPod']);
  const kernelId = await gateway.launch();
  expect(gateway.ports.held(kernelId)).toEqual([expect.stringMatching(/^pod /), 'pod events']);
  await gateway.send({ type: 'drain', leave: true });
  await gateway.pass(14_999);
  expect(gateway.snapshot.value).toBe('draining');
  await gateway.pass(1);
  expect(gateway.snapshot.status).toBe('done');
  expect(gateway.ports.held(kernelId)).toEqual([]);
});

test('no kernel is launched or adopted any more', async () => {
  const gateway = new GatewayUnderTest();
  const kernelId = await gateway.launch();
  await gateway.send({ type: 'drain', leave: true });
  await gateway.launch();
  await gateway.adopt();
  expect(gateway.ids).toEqual([kernelId]);
});

test('who is asked a second time, and not to leave any kernel, removes those that are not left yet', async () => {
  const gateway = new GatewayUnderTest();
  gateway.ports.calls.answerAll(['awaitHandshake']);
  const kernelId = await gateway.launch();
  await gateway.send({ type: 'drain', leave: true });
  await gateway.send({ type: 'drain', leave: false });
  expect(gateway.snapshot.value).toBe('drained');
  expect(outcomesOf(gateway)).toEqual(['stopped']);
  expect(gateway.ports.held(kernelId)).toEqual([]);
});

test('a kernel that breaks does not keep its gateway from being drained', async () => {
  const gateway = new GatewayUnderTest();
  const kernelId = await gateway.launch();
  await gateway.send({ type: 'drain', leave: true });
  gateway.ports.world.podEvents(kernelId).error(new Error('a fault of the program'));
  await settled();
  expect(gateway.snapshot.value).toBe('drained');
});

test('a new policy still reaches the kernels that are left', async () => {
  const gateway = new GatewayUnderTest();
  const kernelId = await gateway.launch();
  await gateway.send({ type: 'drain', leave: true });
  await gateway.send({ type: 'policy.changed', policy: { shutdownGrace: 1 } });
  expect(gateway.kernel(kernelId).getSnapshot().context.policy.shutdownGrace).toBe(1);
});

function outcomesOf(gateway: GatewayUnderTest): string[] {
  return gateway.emitted.flatMap((event) => (event.type === 'kernel.removed' ? [event.outcome.outcome] : []));
}
