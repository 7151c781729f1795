/** Defects that the chart once had. */
import { expect, test } from 'vitest';
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
