import { expect, it } from 'vitest';
import { sharedGateway } from './gateway-process.ts';
import { HandshakeRefused, KernelClient, launchKernel } from './kernel-client.ts';
import { describeE2e } from './suite.ts';

const FOREIGN = { Origin: 'http://evil.example' };
const FRIEND = { Origin: 'http://friend.example' };

describeE2e('requests from web pages', () => {
  const gateway = sharedGateway();

  it('are refused from a foreign origin: 404 over HTTP, 403 for the WebSocket', async () => {
    const answer = await gateway.current.request('/api/kernelspecs', { headers: FOREIGN });
    expect(answer.status).toBe(404);
    expect(answer.json).toMatchObject({ reason: expect.any(String), message: expect.any(String) });
    const id = await launchKernel(gateway.current);
    const refused = await KernelClient.connect(gateway.current, id, { headers: FOREIGN }).catch((e) => e);
    expect(refused).toBeInstanceOf(HandshakeRefused);
    expect(refused.status).toBe(403);
  });

  it('cannot launch anything from a foreign origin', async () => {
    const { json: before } = await gateway.current.request('/api/kernels');
    const answer = await gateway.current.request('/api/kernels', { method: 'POST', headers: FOREIGN });
    expect(answer.status).toBe(404);
    expect((await gateway.current.request('/api/kernels')).json).toHaveLength(before.length);
  });

  it('pass from the same origin, and so do those without one', async () => {
    const headers = { Origin: gateway.current.origin };
    expect((await gateway.current.request('/api/kernelspecs', { headers })).status).toBe(200);
    expect((await gateway.current.request('/api/kernelspecs')).status).toBe(200);
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id, { headers });
    expect((await client.execute('print(1)')).stdout).toBe('1\n');
  });

  it('get no CORS header that the operator did not ask for', async () => {
    const { headers } = await gateway.current.request('/api');
    expect(Object.keys(headers).filter((name) => name.startsWith('access-control-'))).toEqual([]);
  });
});

describeE2e('the CORS headers that the operator sets', () => {
  const gateway = sharedGateway({
    env: {
      EG_ALLOW_CREDENTIALS: 'true',
      EG_ALLOW_HEADERS: 'X-Requested-With, Authorization',
      EG_ALLOW_METHODS: 'GET, POST',
      EG_ALLOW_ORIGIN: FRIEND.Origin,
      EG_EXPOSE_HEADERS: 'X-My-Header',
      EG_MAX_AGE: '600',
    },
  });
  const expected = {
    'access-control-allow-credentials': 'true',
    'access-control-allow-headers': 'X-Requested-With, Authorization',
    'access-control-allow-methods': 'GET, POST',
    'access-control-allow-origin': FRIEND.Origin,
    'access-control-expose-headers': 'X-My-Header',
    'access-control-max-age': '600',
  };

  it.each([
    ['GET', '/api'],
    ['OPTIONS', '/api/kernels'],
    ['OPTIONS', '/api/sessions'],
    ['GET', '/api/kernelspecs'],
    ['GET', '/api/kernels/nope'],
  ])('come with %s %s', async (method, path) => {
    const { headers } = await gateway.current.request(path, { method, headers: FRIEND });
    expect(headers).toMatchObject(expected);
  });

  it('let that origin in, and still no other', async () => {
    expect((await gateway.current.request('/api/kernelspecs', { headers: FRIEND })).status).toBe(200);
    expect((await gateway.current.request('/api/kernelspecs', { headers: FOREIGN })).status).toBe(404);
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id, { headers: FRIEND });
    expect((await client.execute('print(1)')).stdout).toBe('1\n');
  });
});

describeE2e('any origin', () => {
  const gateway = sharedGateway({ env: { EG_ALLOW_ORIGIN: '*' } });

  it('is let in when the operator says so', async () => {
    expect((await gateway.current.request('/api/kernelspecs', { headers: FOREIGN })).status).toBe(200);
    const id = await launchKernel(gateway.current);
    const client = await KernelClient.connect(gateway.current, id, { headers: FOREIGN });
    expect((await client.execute('print(1)')).stdout).toBe('1\n');
  });
});
