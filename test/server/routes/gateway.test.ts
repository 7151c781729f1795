import { describe, expect, it } from 'vitest';
import { GATEWAY_USER, STARTED_AT, testGateway } from '../test-gateway.ts';

const VERSION = expect.stringMatching(/^\d+\.\d+\.\d+/);

describe('the gateway tells', () => {
  it('its version', async () => {
    const { app } = await testGateway();
    const { statusCode, json, headers } = await app.inject('/api');
    expect([statusCode, headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
    expect(json()).toEqual({ version: VERSION, gateway_version: VERSION });
  });

  it('how busy it is', async () => {
    const { app, services } = await testGateway();
    const status = async () => (await app.inject('/api/status')).json();
    const idle = { started: STARTED_AT, last_activity: STARTED_AT, kernels: 0, connections: 0 };
    expect(await status()).toMatchObject(idle);
    const { last_activity } = (await app.inject({ method: 'POST', url: '/api/kernels' })).json();
    expect(await status()).toMatchObject({ ...idle, last_activity, kernels: 1 });
    services.rejectedMessages.badSignatures = 3;
    expect(await status()).toMatchObject({ dropped_messages: { bad_signatures: 3, malformed: 0 } });
  });

  it('who asks', async () => {
    const { app } = await testGateway();
    const { identity, permissions } = (await app.inject('/api/me')).json();
    expect(identity).toMatchObject({ username: GATEWAY_USER, name: GATEWAY_USER, initials: 'G' });
    expect(permissions).toEqual({});
  });
});

describe('an address', () => {
  it('at which there is nothing is answered in JSON, without what the query holds', async () => {
    const { app } = await testGateway();
    const { statusCode, json, headers } = await app.inject('/api/nothing/here?token=secret');
    expect([statusCode, headers['content-type']]).toEqual([404, 'application/json; charset=utf-8']);
    expect(json()).toEqual({ reason: 'Not Found', message: 'There is nothing at /api/nothing/here.' });
  });

  it.each(['/api/kernels/', '/api/kernelspecs/', '/api/'])(
    'that ends in a slash is another one: %s',
    async (url) => {
      const { app } = await testGateway();
      expect((await app.inject(url)).statusCode).toBe(404);
    },
  );

  it.each(['/gate/way', '/gate/way/'])(
    'begins with the base URL %s, and is not found without it',
    async (baseUrl) => {
      const { app } = await testGateway({ settings: { baseUrl } });
      expect((await app.inject('/gate/way/api')).statusCode).toBe(200);
      expect((await app.inject('/api')).statusCode).toBe(404);
      const launched = await app.inject({ method: 'POST', url: '/gate/way/api/kernels' });
      expect(launched.headers['location']).toBe(`/gate/way/api/kernels/${launched.json().id}`);
      expect((await app.inject(launched.headers['location'] as string)).json().id).toBe(launched.json().id);
    },
  );
});
