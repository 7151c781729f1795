import { expect, it } from 'vitest';
import { sliceObject } from '../../../src/adapters/channels/json-slices.ts';
import { KERNEL_ID, Recorder } from './open-channels.ts';
import { startKernel } from './socket-kernel.ts';

it('an unsupported signature scheme does not make the stream fail', async () => {
  const { connection } = await startKernel();
  const recorder = new Recorder();
  let error: unknown = null;
  recorder.channels.open(KERNEL_ID, { ...connection, signature_scheme: 'nonsense' }, false).subscribe({
    error: (each) => {
      error = each;
    },
  });
  expect(error).toBeNull();
});

it('what is nested as deeply as kernels take is passed on', () => {
  const json = `{"content":{"a":${'['.repeat(900)}${']'.repeat(900)}}}`;
  expect(sliceObject(Buffer.from(json)).size).toBe(1);
});
