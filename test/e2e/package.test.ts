/** Slow: packs the project and installs the package, dependencies and all, as a stranger would. */
import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it, onTestFinished } from 'vitest';
import { GatewayProcess, ownGateway } from './gateway-process.ts';
import { KernelClient, launchKernel } from './kernel-client.ts';
import { describeE2e } from './suite.ts';

const run = promisify(execFile);
const PROJECT = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(PROJECT, 'package.json'), 'utf8'));

describeE2e('the npm package', () => {
  const directory = mkdtempSync(join(tmpdir(), 'kernelgate-e2e-pack-'));
  const installed = join(directory, 'node_modules/kernelgate');
  const command = [process.execPath, join(installed, 'dist/server/cli.js'), 'serve'];

  beforeAll(async () => {
    await run('npm', ['pack', '--pack-destination', directory], { cwd: PROJECT, maxBuffer: 2 ** 26 });
    const [archive = ''] = readdirSync(directory).filter((name) => name.endsWith('.tgz'));
    const options = ['--no-audit', '--no-fund', '--prefer-offline'];
    await run('npm', ['install', ...options, join(directory, archive)], { cwd: directory });
  }, 600_000);
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it('holds compiled JavaScript with its types, the licence, and neither tests nor TypeScript sources', () => {
    const files = readdirSync(installed, { recursive: true, encoding: 'utf8' }).filter(
      (name) => !name.startsWith('node_modules'),
    );
    expect(files).toEqual(expect.arrayContaining(['LICENSE', 'README.md', 'dist/server/cli.js']));
    expect(files.some((name) => name.endsWith('.d.ts'))).toBe(true);
    expect(files.filter((name) => name.endsWith('.ts') && !name.endsWith('.d.ts'))).toEqual([]);
    expect(files.filter((name) => name.startsWith('test'))).toEqual([]);
  });

  it('is run by npx, whatever Node starts npx', async () => {
    const { stdout } = await run('npx', ['--no-install', 'kernelgate', '--version'], { cwd: directory });
    expect(stdout).toContain(version);
  });

  it('starts without any Python, and says what to install', async () => {
    const bin = join(directory, 'bin');
    mkdirSync(bin);
    symlinkSync(process.execPath, join(bin, 'node'));
    const gateway = await ownGateway({ command, env: { PATH: bin, JUPYTER_PATH: bin } });
    const { json } = await gateway.request('/api/kernelspecs');
    expect(json.kernelspecs).toEqual({});
    await gateway.logged(/install.*python|python.*install/i);
    await gateway.stop();
  });

  it('makes itself a Python kernel when there is none', async () => {
    const gateway = await GatewayProcess.launch({ command, env: { JUPYTER_PATH: join(directory, 'bin') } });
    onTestFinished(() => gateway.destroy());
    await gateway.logged(/is ready at/, 240_000);
    const client = await KernelClient.connect(gateway, await launchKernel(gateway));
    expect((await client.execute('print(6 * 7)')).stdout).toBe('42\n');
    await gateway.stop();
    await gateway.expectNoLeaks();
  }, 300_000);

  it('serves kernels', async () => {
    const gateway = await ownGateway({ command });
    const client = await KernelClient.connect(gateway, await launchKernel(gateway));
    expect((await client.execute('print(6 * 7)')).stdout).toBe('42\n');
    await gateway.stop();
    await gateway.expectNoLeaks();
  });
});
