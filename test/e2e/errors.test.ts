import { connect } from 'node:net';
import { expect, it } from 'vitest';
import { within } from './deadline.ts';
import { sharedGateway } from './gateway-process.ts';
import type { Answer } from './http.ts';
import { describeE2e, UNKNOWN_ID } from './suite.ts';

function expectError(answer: Answer, ...statuses: number[]): void {
  expect(statuses, answer.text.slice(0, 300)).toContain(answer.status);
  expect(answer.headers['content-type']).toContain('application/json');
  expect(answer.json).toMatchObject({ reason: expect.any(String), message: expect.any(String) });
  expect(answer.json.reason).not.toMatch(/[\r\n]/);
}

describeE2e('errors', () => {
  const gateway = sharedGateway();

  it.each([
    '/',
    '/nowhere',
    '/api/nowhere',
    `/api/kernels/${UNKNOWN_ID}/nowhere`,
    '/api/kernelspecs/python3/nowhere',
    '/api/contents',
    '/api//kernels',
    '/api/%2e%2e/%2e%2e/etc/passwd',
    '/%',
    '/api/kernels/%zz',
    `/${'x'.repeat(500)}`,
  ])('unknown address %s: 404 (or another 4xx) as JSON', async (path) => {
    expectError(await gateway.current.request(path), 404, 400, 414);
  });

  it.each([
    ['DELETE', '/api'],
    ['POST', '/api'],
    ['PUT', '/api/kernels'],
    ['DELETE', '/api/kernels'],
    ['PATCH', '/api/kernels'],
    ['POST', '/api/kernelspecs'],
    ['DELETE', '/api/kernelspecs/python3'],
    ['PUT', `/api/kernels/${UNKNOWN_ID}`],
    ['GET', `/api/kernels/${UNKNOWN_ID}/interrupt`],
    ['GET', `/api/kernels/${UNKNOWN_ID}/restart`],
    ['PUT', '/api/sessions'],
    ['POST', '/kernelspecs/python3/logo-64x64.png'],
  ])('%s %s: 405 as JSON', async (method, path) => {
    expectError(await gateway.current.request(path, { method }), 405);
  });

  it('refuses an oversize body, and goes on', async () => {
    const body = `{"name": "${'x'.repeat(11 * 1024 * 1024)}"}`;
    const answer = await gateway.current.request('/api/kernels', { method: 'POST', body }).catch(() => null);
    // The answer may come while the body is still being sent, and then the connection may go before it is read.
    if (answer !== null) expectError(answer, 413);
    expect((await gateway.current.request('/api')).status).toBe(200);
  });

  it('refuses a body that ends before its announced length', async () => {
    const text = await raw(
      gateway.current.port,
      'POST /api/kernels HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\nConnection: close\r\n\r\n{"name"',
      true,
    );
    expect(text === '' || /^HTTP\/1\.1 4\d\d/.test(text), text).toBe(true);
  });

  it.each([
    ['a name', '/api/kernels', { name: 'x\r\nX-Injected: 1' }],
    [
      'a variable',
      '/api/kernels',
      { name: 'python3', env: { 'KERNEL_A\r\nX-Injected': '1\r\nX-Injected: 1' } },
    ],
    ['a session', '/api/sessions', { path: 'a', type: 'notebook', kernel: { name: 'x\r\nX-Injected: 1' } }],
  ])('lets no header be injected by %s', async (_title, path, body) => {
    const answer = await gateway.current.request(path, { method: 'POST', body });
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.headers).not.toHaveProperty('x-injected');
    expect(answer.json.reason ?? answer.json.short_message).not.toMatch(/[\r\n]/);
  });

  it.each(['%0d%0aX-Injected:%201', '%0aX-Injected:1', '%E5%98%8A%E5%98%8DX-Injected:1'])(
    'lets no header be injected by the path %s',
    async (path) => {
      for (const start of ['/api/kernels/', '/api/kernelspecs/', '/kernelspecs/', '/api/sessions/', '/']) {
        const answer = await gateway.current.request(start + path);
        expectError(answer, 400, 404);
        expect(answer.headers).not.toHaveProperty('x-injected');
      }
    },
  );

  it('asks for no XSRF token', async () => {
    const headers = { Cookie: '_xsrf=abc' };
    const body = { name: 'cobol' };
    expect((await gateway.current.request('/api/kernels', { method: 'POST', headers, body })).status).toBe(
      404,
    );
  });

  it('answers a WebSocket handshake where there is none, and a plain request where there is one, as JSON', async () => {
    expectError(await gateway.current.request(`/api/kernels/${UNKNOWN_ID}/channels`), 400, 404, 426);
    const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket', 'Sec-WebSocket-Version': '13' };
    const headers = { ...upgrade, 'Sec-WebSocket-Key': 'dGhlIHNhbXBsZSBub25jZQ==' };
    const text = await raw(
      gateway.current.port,
      `GET /api/nowhere HTTP/1.1\r\nHost: 127.0.0.1:${gateway.current.port}\r\n${Object.entries(headers)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')}\r\n`,
    );
    expect(text).toMatch(/^HTTP\/1\.1 4\d\d/);
  });
});

describeE2e('further addresses', () => {
  const gateway = sharedGateway();

  it.each(['/api/status', '/api/me', '/api/swagger.json'])('%s answers JSON', async (path) => {
    const { status, json } = await gateway.current.request(path);
    expect(status).toBe(200);
    expect(json).toEqual(expect.any(Object));
  });

  it('the API is described at the swagger addresses, every route of it', async () => {
    const { json } = await gateway.current.request('/api/swagger.json');
    const paths = Object.keys(json.paths).join('\n');
    for (const part of ['/api/kernels', '/api/sessions', '/api/kernelspecs', 'interrupt', 'restart']) {
      expect(paths).toContain(part);
    }
    const yaml = await gateway.current.request('/api/swagger.yaml');
    expect(yaml.status).toBe(200);
    expect(yaml.text).toMatch(/^"?(openapi|swagger)"?:/m);
  });
});

/**
 * Sends bytes over a connection of their own and gives the head of what comes
 * back; nothing when the connection ends without an answer.
 */
function raw(port: number, bytes: string, thenEnd = false): Promise<string> {
  const answer = new Promise<string>((resolve, reject) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(bytes);
      if (thenEnd) socket.end();
    });
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.includes('\r\n\r\n')) socket.destroy();
    });
    socket.on('error', reject);
    socket.on('close', () => resolve(text));
  });
  return within(15_000, 'an answer', answer);
}
