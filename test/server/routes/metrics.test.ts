import { describe, expect, it } from 'vitest';
import { testGateway } from '../test-gateway.ts';

const TOKEN = 'secret';

async function status(
  settings: object,
  request: { method?: 'GET' | 'POST'; url?: string; headers?: object },
) {
  const { app } = await testGateway({ settings });
  const { method = 'GET', url = '/metrics', headers = {} } = request;
  return (await app.inject({ method, url, headers: { ...headers } })).statusCode;
}

describe('/metrics', () => {
  it('answers in the text format of Prometheus', async () => {
    const { app } = await testGateway();
    const { statusCode, headers, body } = await app.inject('/metrics');
    expect([statusCode, headers['content-type']]).toEqual([200, 'text/plain; version=0.0.4; charset=utf-8']);
    expect(body).toContain('\n# TYPE kernelgate_kernels gauge\n'.trimStart());
    expect(body).toMatch(/^kernelgate_build_info\{version="\d+\.\d+\.\d+"\} 1$/m);
    expect(body.endsWith('\n')).toBe(true);
  });

  it('tells of the process, and how late its event loop is', async () => {
    const { app } = await testGateway();
    const { body } = await app.inject('/metrics');
    for (const name of ['process_resident_memory_bytes', 'nodejs_eventloop_lag_p99_seconds']) {
      expect(body).toMatch(new RegExp(`^${name} \\S+$`, 'm'));
    }
  });

  it('answers one scrape after the other, and two at once', async () => {
    const { app } = await testGateway();
    const answers = await Promise.all([app.inject('/metrics'), app.inject('/metrics')]);
    const again = await app.inject('/metrics');
    for (const { statusCode, body } of [...answers, again]) {
      expect(statusCode).toBe(200);
      expect(body.match(/^kernelgate_websocket_clients /gm)).toHaveLength(1);
    }
  });

  it('lies below the base URL', async () => {
    expect(await status({ baseUrl: '/gate/way' }, { url: '/gate/way/metrics' })).toBe(200);
    expect(await status({ baseUrl: '/gate/way' }, {})).toBe(404);
  });
});

describe('with a token, /metrics', () => {
  it('is refused without it', async () => {
    expect(await status({ authToken: TOKEN }, {})).toBe(401);
  });

  it('is answered with it, as Prometheus sends it', async () => {
    expect(await status({ authToken: TOKEN }, { headers: { authorization: `Bearer ${TOKEN}` } })).toBe(200);
  });

  it('is answered without it when it is public, and nothing else is', async () => {
    const settings = { authToken: TOKEN, metricsPublic: true };
    expect(await status(settings, {})).toBe(200);
    for (const url of ['/metrics/', '/metrics/x', '/api/kernels', '/api/status', '/nothing']) {
      expect([url, await status(settings, { url })]).toEqual([url, 401]);
    }
    expect(await status(settings, { method: 'POST' })).toBe(401);
  });
});
