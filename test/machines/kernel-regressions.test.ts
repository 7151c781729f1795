/** Defects that the chart once had. */
import { expect, test } from 'vitest';
import type { Pod } from '../../src/machines/ports.ts';
import { KernelUnderTest, settled } from './kernel-under-test.ts';
import { podOf } from './samples.ts';
import { restarted, STAGES } from './stages.ts';

test('a heartbeat that was lost with the earlier pod is not lost for the new one', async () => {
  const kernel = await STAGES.running();
  await kernel.channel({ type: 'heartbeat.lost' });
  await kernel.podGone();
  await restarted(kernel);
  expect(kernel.region('heartbeat')).toBe('beating');
});

test('the late end of the earlier pod does not make it forgotten that the new one is ready', async () => {
  const kernel = await STAGES.restartDeleting();
  await kernel.answer('deletePod');
  await kernel.pass(0);
  await kernel.pod({ type: 'pod.ready', uid: 'pod-2', pod: podOf({ uid: 'pod-2' }) });
  await kernel.podGone('pod-1');
  await kernel.answerWith('createPod', { ip: '' });
  expect(kernel.state).toBe('launching.handshaking');
});

test('a gateway does not wait to leave a kernel whose pod can not be looked for', async () => {
  const kernel = await STAGES.adopting();
  await kernel.fail('adoptPod');
  await kernel.send({ type: 'detach' });
  await kernel.answerAll();
  expect(kernel.outcome?.outcome).toBe('detached');
});

test('what a creation has made is removed only once the creation is over, though it was given up before', async () => {
  const kernel = new KernelUnderTest();
  const creation = Promise.withResolvers<Pod>();
  Object.assign(kernel.ports.provisioner, { createPod: () => creation.promise });
  await kernel.answer('check');
  await kernel.send({ type: 'shutdown' });
  expect(kernel.state).toBe('tearingDown.podDeleting');
  expect(kernel.asked).not.toContain('deletePod');
  creation.reject(new Error('it was given up'));
  await settled();
  expect(kernel.asked).toContain('deletePod');
});
