import { describe, expect, it } from 'vitest';
import { testGateway } from '../test-gateway.ts';
import { launch, launched } from './launch.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const KERNEL_ID = '6f1c3a52-0d5e-4a86-9a3b-2c1f7f1f0e11';

describe('launching a kernel', () => {
  it('answers with its model, and where it is', async () => {
    const gateway = await testGateway();
    const response = await launch(gateway, { name: 'python3' });
    expect(response.statusCode).toBe(201);
    expect(response.json()).toEqual({
      id: expect.stringMatching(UUID),
      name: 'python3',
      last_activity: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
      execution_state: expect.stringMatching(/^(starting|idle)$/),
      connections: 0,
    });
    expect(response.headers['location']).toBe(`/api/kernels/${response.json().id}`);
  });

  it.each([undefined, '', '  ', 'null', {}, { name: null }, { name: '' }])(
    'launches the default kernelspec when the body names none: %j',
    async (body) => {
      const gateway = await testGateway();
      const response = await launch(gateway, body);
      expect([response.statusCode, response.json().name]).toEqual([201, 'python3']);
    },
  );

  it.each(['application/json', 'text/plain', 'application/x-www-form-urlencoded', 'nonsense', ''])(
    'reads the body as JSON though it is said to be "%s"',
    async (type) => {
      const gateway = await testGateway();
      const response = await launch(gateway, { env: { KERNEL_X: '1' } }, { 'content-type': type });
      expect(response.statusCode).toBe(201);
      expect(gateway.world.launched[0]?.env['KERNEL_X']).toBe('1');
    },
  );

  it('gives the kernel the id that the client has chosen, and the variables and headers that are let through', async () => {
    const settings = { kernelHeaders: ['X-Team'], clientEnvs: ['ALLOWED'] };
    const gateway = await testGateway({ settings });
    const env = { KERNEL_ID, KERNEL_USERNAME: 'alice', ALLOWED: 'yes', OTHER: 'no' };
    const response = await launch(gateway, { env }, { 'x-team': 'blue', 'x-other': 'no' });
    expect(response.json().id).toBe(KERNEL_ID);
    const [plan] = gateway.world.launched;
    expect(plan?.headers).toEqual({ 'X-Team': 'blue' });
    expect(plan?.env).toMatchObject({ KERNEL_ID, KERNEL_USERNAME: 'alice', ALLOWED: 'yes' });
    expect(plan?.env).not.toHaveProperty('OTHER');
  });

  it.each([
    ['{"name":', 400, /^body: is not valid JSON/],
    ['[]', 400, /body/],
    ['"python3"', 400, /body/],
    ['{"name":5}', 400, /name/],
    ['{"env":[]}', 400, /^env: must be an object of strings/],
    ['{"env":{"KERNEL_X":1}}', 400, /^env\.KERNEL_X: must be a string/],
    ['{"env":{"KERNEL_X":"$(id)"}}', 400, /^env\.KERNEL_X: must not contain a dollar sign/],
    ['{"env":{"KERNEL_ID":"../x"}}', 400, /^env\.KERNEL_ID: must be a version 4 UUID/],
    ['{"name":"nope"}', 404, /^No such kernel: nope/],
    ['{"name":"../python3"}', 404, /^No such kernel/],
    ['{"env":{"KERNEL_USERNAME":"root"}}', 403, /^User root is not authorized/],
  ])('is refused before anything exists: %s', async (body, status, message) => {
    const gateway = await testGateway();
    const response = await launch(gateway, body);
    expect(response.statusCode).toBe(status);
    expect(response.json()).toMatchObject({
      reason: expect.any(String),
      message: expect.stringMatching(message),
    });
    expect(gateway.world.launched).toEqual([]);
  });

  it('is refused when the body is no text', async () => {
    const { app } = await testGateway();
    const payload = Buffer.concat([Buffer.from('{"name":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    const response = await app.inject({ method: 'POST', url: '/api/kernels', payload });
    expect([response.statusCode, response.json().message]).toEqual([400, 'body: is not valid UTF-8.']);
  });

  it('names what is on offer when a kernelspec is unknown', async () => {
    const gateway = await testGateway();
    expect((await launch(gateway, { name: 'nope' })).json().reason).toBe('On offer are: python3.');
    const empty = await testGateway({ kernelspecs: {} });
    expect((await launch(empty)).json().reason).toBe('This gateway has no kernels on offer.');
  });

  it('is refused for a kernelspec that the operator does not allow', async () => {
    const gateway = await testGateway({ settings: { allowedKernels: ['r'] } });
    const response = await launch(gateway, { name: 'python3' });
    expect([response.statusCode, response.json().message]).toEqual([
      403,
      'Kernel python3 is not allowed by this gateway.',
    ]);
  });

  it('is refused with an id that is taken', async () => {
    const gateway = await testGateway();
    await launch(gateway, { env: { KERNEL_ID } });
    const response = await launch(gateway, { env: { KERNEL_ID } });
    expect([response.statusCode, gateway.world.launched.length]).toEqual([409, 1]);
  });

  it.each([
    [{ maxKernels: 2 }, 'EG_MAX_KERNELS'],
    [{ maxKernelsPerUser: 2 }, 'EG_MAX_KERNELS_PER_USER'],
  ])(
    'is refused beyond the limit %j, and possible again when a kernel has ended',
    async (settings, named) => {
      const gateway = await testGateway({ settings });
      const first = await launched(gateway);
      // At the same time: both see one kernel.
      const answers = await Promise.all([launch(gateway), launch(gateway)]);
      expect(answers.map(({ statusCode }) => statusCode).toSorted()).toEqual([201, 403]);
      expect(answers.map(({ json }) => json().message ?? '').join()).toContain(named);
      await gateway.app.inject({ method: 'DELETE', url: `/api/kernels/${first}` });
      expect((await launch(gateway)).statusCode).toBe(201);
    },
  );

  it('answers with the reason, the hint and the code when it fails, in one line each', async () => {
    const gateway = await testGateway();
    gateway.world.refusal = {
      code: 'LAUNCH_REFUSED',
      message: 'image nope:1\ncannot be pulled',
      hint: 'Push it.',
    };
    const response = await launch(gateway);
    expect([response.statusCode, response.json()]).toEqual([
      500,
      { reason: 'Push it.', message: 'image nope:1 | cannot be pulled', code: 'LAUNCH_REFUSED' },
    ]);
    expect((await gateway.app.inject('/api/kernels')).json()).toEqual([]);
  });

  it('is refused for a kernelspec that this gateway has no way to run', async () => {
    const metadata = { process_proxy: { class_name: 'some.YarnClusterProcessProxy' } };
    const kernelspecs = { spark: { argv: ['x'], display_name: 'Spark', language: 'python', metadata } };
    const gateway = await testGateway({ kernelspecs });
    const response = await launch(gateway, { name: 'spark' });
    expect([response.statusCode, response.json().message]).toEqual([
      500,
      expect.stringContaining('YarnClusterProcessProxy'),
    ]);
  });

  it('is refused while the gateway shuts down', async () => {
    const gateway = await testGateway();
    gateway.gateway.send({ type: 'drain', leave: false });
    expect((await launch(gateway)).statusCode).toBe(503);
  });
});
