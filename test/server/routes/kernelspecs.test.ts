import { describe, expect, it } from 'vitest';
import { testGateway } from '../test-gateway.ts';

const spec = (display_name: string, more: object = {}) => ({
  argv: ['/bin/x'],
  display_name,
  language: 'x',
  ...more,
});

const forAliceOnly = { process_proxy: { config: { authorized_users: 'alice' } } };
const kernelspecs = { Python3: spec('Python 3'), r: spec('R', { metadata: forAliceOnly }) };
const files = {
  'Python3/logo-svg.svg': '<svg/>',
  'Python3/logo-64x64.png': 'png',
  'Python3/secret.txt': 'no',
};

describe('kernelspecs', () => {
  it('are listed by name, with the default one and their resources', async () => {
    const { app } = await testGateway({ kernelspecs, files });
    const list = (await app.inject('/api/kernelspecs')).json();
    expect(list.default).toBe('python3');
    expect(Object.keys(list.kernelspecs)).toEqual(['python3', 'r']);
    expect(list.kernelspecs.python3).toEqual({
      name: 'python3',
      spec: {
        argv: ['/bin/x'],
        display_name: 'Python 3',
        language: 'x',
        env: {},
        metadata: {},
        interrupt_mode: 'signal',
      },
      resources: {
        'logo-64x64': '/kernelspecs/python3/logo-64x64.png',
        'logo-svg': '/kernelspecs/python3/logo-svg.svg',
      },
    });
  });

  it('are found by name, in any case', async () => {
    const { app } = await testGateway({ kernelspecs });
    for (const name of ['python3', 'PYTHON3']) {
      expect((await app.inject(`/api/kernelspecs/${name}`)).json().name).toBe('python3');
    }
  });

  it('that are not there are not found', async () => {
    const { app } = await testGateway({ kernelspecs });
    for (const name of ['nope', '%2e%2e%2fpython3', '__proto__', '%00']) {
      expect((await app.inject(`/api/kernelspecs/${name}`)).statusCode).toBe(404);
    }
  });

  it('are hidden from users who may not launch them', async () => {
    const { app } = await testGateway({ kernelspecs });
    const namesFor = async (user: string) =>
      Object.keys((await app.inject(`/api/kernelspecs?user=${user}`)).json().kernelspecs);
    expect([await namesFor('alice'), await namesFor('bob'), await namesFor('root')]).toEqual([
      ['python3', 'r'],
      ['python3'],
      [],
    ]);
    expect((await app.inject('/api/kernelspecs/r?user=bob')).statusCode).toBe(403);
    expect((await app.inject('/api/kernelspecs/r?user=alice')).statusCode).toBe(200);
  });

  it('that the operator does not allow are not there', async () => {
    const { app, change } = await testGateway({ kernelspecs });
    change({ allowedKernels: ['R'] });
    expect(Object.keys((await app.inject('/api/kernelspecs')).json().kernelspecs)).toEqual(['r']);
    expect((await app.inject('/api/kernelspecs/python3')).statusCode).toBe(404);
  });
});

describe('a resource', () => {
  it('is served with its type, and not again when the client has it', async () => {
    const { app } = await testGateway({ kernelspecs, files });
    const url = '/kernelspecs/python3/logo-svg.svg';
    const { statusCode, headers, body } = await app.inject(url);
    expect([statusCode, headers['content-type'], body]).toEqual([200, 'image/svg+xml', '<svg/>']);
    expect(headers['x-content-type-options']).toBe('nosniff');
    const etag = headers['etag'] as string;
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await app.inject({ url, headers: { 'if-none-match': known } });
      expect([again.statusCode, again.body]).toEqual([304, '']);
    }
    expect((await app.inject({ url, headers: { 'if-none-match': '"other"' } })).statusCode).toBe(200);
  });

  it.each(['nope.png', '', '..%2fr%2fkernel.json', '/etc/passwd', '%00', 'logo-svg.svg/x'])(
    'is not served when it is no file of the kernelspec: %s',
    async (name) => {
      const { app } = await testGateway({ kernelspecs, files });
      const { statusCode } = await app.inject(`/kernelspecs/python3/${name}`);
      expect(statusCode).toBe(404);
    },
  );
});
