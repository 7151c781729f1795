import { expect, it } from 'vitest';
import { sharedGateway } from './gateway-process.ts';
import { evaluate, HandshakeRefused, KernelClient } from './kernel-client.ts';
import { describeE2e, UNKNOWN_ID } from './suite.ts';

const TOKEN = 'tok-8d1f4c0b92';

describeE2e('with a token', () => {
  const gateway = sharedGateway({ env: { EG_AUTH_TOKEN: TOKEN } });
  const allowed = { Authorization: `token ${TOKEN}` };

  it.each([
    ['Authorization: token', '', allowed],
    ['Authorization: Bearer', '', { Authorization: `Bearer ${TOKEN}` }],
    ['Authorization: bearer, in any case', '', { authorization: `bearer ${TOKEN}` }],
    ['?token=', `?token=${TOKEN}`, {}],
    ['?token= beside an empty header', `?token=${TOKEN}`, { Authorization: 'token ' }],
  ])('accepts %s', async (_title, query, headers) => {
    expect((await gateway.current.request(`/api/kernelspecs${query}`, { headers })).status).toBe(200);
  });

  it.each([
    ['nothing', '', {}],
    ['a wrong token', '', { Authorization: 'token wrong' }],
    ['a wrong Bearer', '', { Authorization: 'Bearer wrong' }],
    ['a wrong query', '?token=wrong', {}],
    ['an empty token', '', { Authorization: 'token ' }],
    ['an empty query', '?token=', {}],
    ['another scheme', '', { Authorization: `Basic ${Buffer.from(`u:${TOKEN}`).toString('base64')}` }],
    ['the beginning of it', '', { Authorization: `token ${TOKEN.slice(0, -1)}` }],
    ['more than it', '', { Authorization: `token ${TOKEN}x` }],
  ])('refuses %s: 401 as JSON', async (_title, query, headers) => {
    const answer = await gateway.current.request(`/api/kernelspecs${query}`, { headers });
    expect(answer.status).toBe(401);
    expect(answer.headers['content-type']).toContain('application/json');
    expect(answer.json).toMatchObject({ reason: expect.any(String), message: expect.any(String) });
  });

  it.each([
    ['GET', '/api'],
    ['GET', '/api/kernels'],
    ['POST', '/api/kernels'],
    ['GET', `/api/kernels/${UNKNOWN_ID}`],
    ['DELETE', `/api/kernels/${UNKNOWN_ID}`],
    ['POST', `/api/kernels/${UNKNOWN_ID}/interrupt`],
    ['POST', `/api/kernels/${UNKNOWN_ID}/restart`],
    ['GET', '/api/sessions'],
    ['POST', '/api/sessions'],
    ['GET', '/api/status'],
    ['GET', '/api/me'],
    ['GET', '/kernelspecs/python3/logo-64x64.png'],
  ])('guards %s %s', async (method, path) => {
    expect((await gateway.current.request(path, { method })).status).toBe(401);
  });

  it('guards the WebSocket, and takes the token in the same three ways', async () => {
    const answer = await gateway.current.request('/api/kernels', { method: 'POST', headers: allowed });
    const { id } = answer.json;
    const refusals: { headers?: Record<string, string>; query?: string }[] = [
      {},
      { headers: { Authorization: 'token wrong' } },
      { query: 'token=wrong' },
    ];
    for (const options of refusals) {
      const refused = await KernelClient.connect(gateway.current, id, options).catch((error) => error);
      expect(refused).toBeInstanceOf(HandshakeRefused);
      expect(refused.status).toBe(401);
    }
    const ways = [allowed, { Authorization: `Bearer ${TOKEN}` }];
    for (const headers of ways) {
      const client = await KernelClient.connect(gateway.current, id, { headers });
      expect((await client.execute('print(1)')).stdout).toBe('1\n');
    }
    const client = await KernelClient.connect(gateway.current, id, { query: `token=${TOKEN}` });
    const environment = await evaluate<Record<string, string>>(client, 'dict(__import__("os").environ)');
    expect(JSON.stringify(environment)).not.toContain(TOKEN);
    await gateway.current.request(`/api/kernels/${id}`, { method: 'DELETE', headers: allowed });
  });

  it('does not tell strangers which kernels exist', async () => {
    const refused = await KernelClient.connect(gateway.current, UNKNOWN_ID).catch((error) => error);
    expect(refused.status).toBe(401);
  });

  it('lets OPTIONS pass', async () => {
    const { status } = await gateway.current.request('/api/kernels', { method: 'OPTIONS' });
    expect([200, 204]).toContain(status);
  });

  it('never writes the token into its log', async () => {
    await gateway.current.request(`/api/kernels?token=${TOKEN}`);
    await gateway.current.request('/api/kernels', { headers: allowed });
    expect(gateway.current.log).not.toContain(TOKEN);
  });
});

describeE2e('without a token', () => {
  const gateway = sharedGateway();

  it.each([
    ['nothing', {}],
    ['an empty token', { Authorization: 'token ' }],
    ['any token', { Authorization: 'token whatever' }],
    ['Basic', { Authorization: 'Basic dTpw' }],
    ['garbage', { Authorization: 'x' }],
  ])('accepts %s', async (_title, headers) => {
    expect((await gateway.current.request('/api/kernelspecs', { headers })).status).toBe(200);
  });
});
