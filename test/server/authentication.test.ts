import { describe, expect, it } from 'vitest';
import { testGateway } from './test-gateway.ts';

const settings = { authToken: 'se cret/+é' };
const TOKEN = settings.authToken;

describe('with a token', () => {
  it.each([
    ['?token=', `/api/kernels?token=${encodeURIComponent(TOKEN)}`, undefined],
    ['token', '/api/kernels', `token ${TOKEN}`],
    ['Bearer', '/api/kernels', `Bearer ${TOKEN}`],
    ['bearer, any case and spaces', '/api/kernels', `BEARER   ${TOKEN} `],
    [
      'the query, which wins over the header',
      `/api/kernels?token=${encodeURIComponent(TOKEN)}`,
      'token wrong',
    ],
  ])('a request is answered that has it: %s', async (_how, url, authorization) => {
    const { app } = await testGateway({ settings: { authToken: TOKEN } });
    const headers = authorization === undefined ? {} : { authorization };
    expect((await app.inject({ url, headers })).statusCode).toBe(200);
  });

  it.each([
    ['none', '/api/kernels', {}, 'A token is required.'],
    ['an empty one', '/api/kernels?token=', {}, 'The token is wrong.'],
    ['a wrong one', '/api/kernels?token=x', {}, 'The token is wrong.'],
    [
      'one that only begins alike',
      `/api/kernels?token=${encodeURIComponent(`${TOKEN}x`)}`,
      {},
      'The token is wrong.',
    ],
    [
      'a wrong one in the query',
      '/api/kernels?token=x',
      { authorization: `token ${TOKEN}` },
      'The token is wrong.',
    ],
    ['another scheme', '/api/kernels', { authorization: `Basic ${TOKEN}` }, 'A token is required.'],
    ['two', '/api/kernels?token=x&token=y', {}, 'A token is required.'],
  ])('a request is refused that has %s', async (_what, url, headers, message) => {
    const { app } = await testGateway({ settings });
    const response = await app.inject({ url, headers });
    expect([response.statusCode, response.json().message]).toEqual([401, message]);
    expect(response.body).not.toContain('cret');
  });

  it.each([
    ['GET', '/api'],
    ['GET', '/api/openapi.json'],
    ['GET', '/nothing'],
    ['POST', '/api/kernels'],
    ['PUT', '/api/kernels'],
    ['GET', '/api/kernels/x/channels'],
    ['GET', '/kernelspecs/python3/logo-svg.svg'],
  ] as const)('nothing is answered without it: %s %s', async (method, url) => {
    const { app } = await testGateway({ settings });
    expect((await app.inject({ method, url })).statusCode).toBe(401);
  });

  it('a browser may ask beforehand without it', async () => {
    const { app } = await testGateway({ settings });
    expect((await app.inject({ method: 'OPTIONS', url: '/api/kernels' })).statusCode).toBe(204);
  });

  it('a new one counts at once', async () => {
    const { app, change } = await testGateway({ settings });
    change({ authToken: 'new' });
    expect((await app.inject('/api/kernels?token=new')).statusCode).toBe(200);
    expect((await app.inject(`/api/kernels?token=${encodeURIComponent(TOKEN)}`)).statusCode).toBe(401);
  });
});

it('without a token in the settings none is asked for', async () => {
  const { app } = await testGateway();
  expect((await app.inject('/api/kernels?token=whatever')).statusCode).toBe(200);
});
