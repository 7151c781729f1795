import { describe, expect, it } from 'vitest';
import { testGateway } from '../test-gateway.ts';
import { launch, launched } from './launch.ts';

const KERNEL_ID = '6f1c3a52-0d5e-4a86-9a3b-2c1f7f1f0e11';

describe('a kernel', () => {
  it('is listed, and found by its id', async () => {
    const gateway = await testGateway();
    const id = await launched(gateway);
    const list = (await gateway.app.inject('/api/kernels')).json();
    expect(list).toEqual([expect.objectContaining({ id, execution_state: 'idle' })]);
    expect((await gateway.app.inject(`/api/kernels/${id}`)).json()).toEqual(list[0]);
  });

  it('is not listed where listing is turned off', async () => {
    const gateway = await testGateway({ settings: { listKernels: false } });
    const response = await gateway.app.inject('/api/kernels');
    expect([response.statusCode, response.json().reason]).toEqual([
      403,
      expect.stringContaining('EG_LIST_KERNELS'),
    ]);
  });

  it.each([
    ['GET', ''],
    ['DELETE', ''],
    ['POST', '/interrupt'],
    ['POST', '/restart'],
    ['GET', '/channels'],
  ] as const)('that does not exist is not found: %s %s', async (method, path) => {
    const { app } = await testGateway();
    for (const id of [KERNEL_ID, 'nope', '__proto__', 'constructor', 'a%0ab', '%00', '%2e%2e%2f']) {
      const response = await app.inject({ method, url: `/api/kernels/${id}${path}` });
      expect(response.statusCode).toBe(404);
      expect(response.json().message).toMatch(/^(Kernel does not exist|There is nothing at)/);
    }
  });

  it('is shut down, and gone', async () => {
    const gateway = await testGateway();
    const id = await launched(gateway);
    const response = await gateway.app.inject({ method: 'DELETE', url: `/api/kernels/${id}` });
    expect([response.statusCode, response.body]).toEqual([204, '']);
    expect((await gateway.app.inject(`/api/kernels/${id}`)).statusCode).toBe(404);
    expect(gateway.world.kernelIds).toEqual([]);
  });

  it('is interrupted', async () => {
    const gateway = await testGateway();
    const id = await launched(gateway);
    const response = await gateway.app.inject({ method: 'POST', url: `/api/kernels/${id}/interrupt` });
    expect([response.statusCode, response.body]).toEqual([204, '']);
    expect(gateway.world.interrupted).toEqual([id]);
  });

  it('tells when an interrupt can not be delivered', async () => {
    const gateway = await testGateway();
    const id = await launched(gateway);
    gateway.world.interruptsFail = true;
    const response = await gateway.app.inject({ method: 'POST', url: `/api/kernels/${id}/interrupt` });
    expect([response.statusCode, response.json().message]).toEqual([500, 'there is no process to interrupt']);
  });

  it('is restarted under the same id', async () => {
    const gateway = await testGateway();
    const id = await launched(gateway);
    const response = await gateway.app.inject({ method: 'POST', url: `/api/kernels/${id}/restart` });
    expect([response.statusCode, response.json().id]).toEqual([200, id]);
    expect(gateway.world.launched.map(({ kernelId }) => kernelId)).toEqual([id, id]);
  });

  it('is reached by WebSocket only', async () => {
    const gateway = await testGateway();
    const id = await launched(gateway);
    expect((await gateway.app.inject(`/api/kernels/${id}/channels`)).statusCode).toBe(426);
  });

  it('that is shut down while it is launched fails its launch, with the reason', async () => {
    const gateway = await testGateway();
    gateway.world.isSilent = true;
    const launching = launch(gateway, { env: { KERNEL_ID } });
    while (gateway.world.links.size === 0) await new Promise(setImmediate);
    await gateway.app.inject({ method: 'DELETE', url: `/api/kernels/${KERNEL_ID}` });
    const response = await launching;
    expect([response.statusCode, response.json().message]).toEqual([
      500,
      'The kernel was shut down before it was ready.',
    ]);
  });
});
