import { symlinkSync, writeFileSync } from 'node:fs';
import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { ownGateway, sharedGateway } from './gateway-process.ts';
import { evaluate, KernelClient, launchKernel } from './kernel-client.ts';
import { pythonSpec, writeKernelspec } from './kernelspecs.ts';
import { describeE2e } from './suite.ts';

const LOGO = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

describeE2e('kernelspecs over REST', () => {
  const gateway = sharedGateway({
    kernelspecs: (python) => ({
      With_Logo: pythonSpec(python, {
        display_name: 'With a logo',
        env: { A: '1' },
        metadata: { debugger: true, anything: [1, { deep: null }] },
        interrupt_mode: 'message',
        files: { 'logo-64x64.png': LOGO, 'logo-svg.svg': '<svg/>', 'kernel.js': 'define(() => ({}))' },
      }),
    }),
  });
  const get = (path: string, headers: Record<string, string> = {}) =>
    gateway.current.request(path, { headers });

  it('lists what is on offer and the default', async () => {
    const { status, json } = await get('/api/kernelspecs');
    expect(status).toBe(200);
    expect(json.default).toBe('python3');
    expect(json.kernelspecs.python3).toMatchObject({ name: 'python3', resources: expect.any(Object) });
    expect(json.kernelspecs.with_logo).toEqual({
      name: 'with_logo',
      spec: {
        argv: expect.arrayContaining(['{connection_file}']),
        display_name: 'With a logo',
        language: 'python',
        env: expect.objectContaining({ A: '1' }),
        metadata: { debugger: true, anything: [1, { deep: null }] },
        interrupt_mode: 'message',
      },
      resources: {
        'logo-64x64': '/kernelspecs/with_logo/logo-64x64.png',
        'logo-svg': '/kernelspecs/with_logo/logo-svg.svg',
        'kernel.js': '/kernelspecs/with_logo/kernel.js',
      },
    });
  });

  it('shows one kernelspec as the list does', async () => {
    const { json: list } = await get('/api/kernelspecs');
    const { status, json } = await get('/api/kernelspecs/with_logo');
    expect(status).toBe(200);
    expect(json).toEqual(list.kernelspecs.with_logo);
  });

  it('answers 404 for an unknown kernelspec', async () => {
    const { status, json } = await get('/api/kernelspecs/cobol');
    expect(status).toBe(404);
    expect(json.message).toContain('cobol');
  });

  it('serves resources with a type and an ETag, and 304 when nothing changed', async () => {
    const full = await get('/kernelspecs/with_logo/logo-64x64.png');
    expect(full.status).toBe(200);
    expect(full.bytes).toEqual(LOGO);
    expect(full.headers['content-type']).toContain('image/png');
    const etag = full.headers.etag ?? '';
    expect(etag).not.toBe('');
    const unchanged = await get('/kernelspecs/with_logo/logo-64x64.png', { 'If-None-Match': etag });
    expect(unchanged.status).toBe(304);
    expect(unchanged.bytes.length).toBe(0);
    const other = await get('/kernelspecs/with_logo/logo-64x64.png', { 'If-None-Match': '"other"' });
    expect(other.status).toBe(200);
  });

  it('answers HEAD for a resource without a body', async () => {
    const path = '/kernelspecs/with_logo/kernel.js';
    const { status, bytes, headers } = await gateway.current.request(path, { method: 'HEAD' });
    expect(status).toBe(200);
    expect(bytes.length).toBe(0);
    expect(headers['content-length']).toBe('18');
  });

  it('answers 404 as JSON for a resource that is not there', async () => {
    for (const path of ['/kernelspecs/with_logo/none.png', '/kernelspecs/cobol/logo-64x64.png']) {
      const { status, json } = await get(path);
      expect(status).toBe(404);
      expect(json).toMatchObject({ reason: expect.any(String), message: expect.any(String) });
    }
  });

  it.each([
    '../python3/kernel.json',
    '../../../secret.txt',
    '..%2f..%2f..%2fsecret.txt',
    '%2e%2e/%2e%2e/%2e%2e/secret.txt',
    '%2e%2e%2f%2e%2e%2f%2e%2e%2fsecret.txt',
    '..%5c..%5c..%5csecret.txt',
    '%252e%252e%252f%252e%252e%252f%252e%252e%252fsecret.txt',
    './../../../secret.txt',
    '//etc/passwd',
    '%2fetc%2fpasswd',
    'logo-64x64.png%00.txt',
    'link',
    'linked/secret.txt',
    '',
    '.',
    '%ff',
    '%',
  ])('lets nobody out of the directory by %j', async (path) => {
    const { root } = gateway.current;
    writeFileSync(join(root, 'secret.txt'), 'the secret');
    writeFileSync(join(root, 'jupyter/secret.txt'), 'the secret');
    const directory = join(root, 'jupyter/kernels/With_Logo');
    await rm(join(directory, 'link'), { force: true });
    await rm(join(directory, 'linked'), { force: true });
    symlinkSync(join(root, 'secret.txt'), join(directory, 'link'));
    symlinkSync(root, join(directory, 'linked'));
    const answer = await get(`/kernelspecs/with_logo/${path}`);
    expect(answer.status).toBeGreaterThanOrEqual(400);
    expect(answer.status).toBeLessThan(500);
    expect(answer.text).not.toContain('the secret');
    expect(answer.text).not.toContain('root:');
    expect(answer.json).toMatchObject({ reason: expect.any(String), message: expect.any(String) });
  });

  it.each(['..%2f..%2fsecret', '%00', '..', '%2e%2e'])('knows no kernelspec %j', async (name) => {
    const { status, json } = await get(`/api/kernelspecs/${name}`);
    expect([400, 404]).toContain(status);
    expect(json).toMatchObject({ reason: expect.any(String), message: expect.any(String) });
  });

  it('goes on offering the others when one is broken, and says which', async () => {
    const broken = join(gateway.current.root, 'jupyter/kernels/broken');
    await mkdir(broken, { recursive: true });
    writeFileSync(join(broken, 'kernel.json'), '{"argv": [');
    try {
      const { status, json } = await get('/api/kernelspecs');
      expect(status).toBe(200);
      expect(Object.keys(json.kernelspecs)).toContain('python3');
      expect(Object.keys(json.kernelspecs)).not.toContain('broken');
      await gateway.current.logged(/broken/);
    } finally {
      await rm(broken, { recursive: true });
    }
  });

  it('finds a kernelspec that was installed after the start', async () => {
    const python = pythonSpec('python', { argv: ['true'] });
    const directory = await writeKernelspec(join(gateway.current.root, 'jupyter'), 'late', python);
    expect((await get('/api/kernelspecs/late')).status).toBe(200);
    await rm(directory, { recursive: true });
    expect((await get('/api/kernelspecs/late')).status).toBe(404);
  });
});

describeE2e('the kernelspec of a Python environment', () => {
  it('runs that environment, though its argv only says python', async () => {
    const environment = inject('testPython');
    const prefix = environment.available ? environment.prefix : '';
    const gateway = await ownGateway({ env: { JUPYTER_PATH: join(prefix, 'share/jupyter') } });
    const { json } = await gateway.request('/api/kernelspecs/python3');
    expect(json.spec.argv[0]).toMatch(/python/);
    const client = await KernelClient.connect(gateway, await launchKernel(gateway));
    expect(await evaluate(client, '__import__("sys").prefix')).toBe(prefix);
  });
});

describeE2e('the default kernel', () => {
  it('is the one that the operator names', async () => {
    const gateway = await ownGateway({
      env: { EG_DEFAULT_KERNEL_NAME: 'other' },
      kernelspecs: (python) => ({ other: pythonSpec(python) }),
    });
    expect((await gateway.request('/api/kernelspecs')).json.default).toBe('other');
    const { json } = await gateway.request('/api/kernels', { method: 'POST' });
    expect(json.name).toBe('other');
  });
});
