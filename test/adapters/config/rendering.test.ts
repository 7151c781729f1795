import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import {
  renderGeneratedConfig,
  renderShowConfig,
  renderShowConfigJson,
} from '../../../src/adapters/config/render-config.ts';
import { renderHelp } from '../../../src/adapters/config/render-help.ts';
import { renderMarkdown } from '../../../src/adapters/config/render-markdown.ts';
import { configFixture, userConfig } from './config-fixture.ts';

const docs = new URL('../../../docs/configuration.md', import.meta.url);

describe('help', () => {
  it('shows flags and short forms, with defaults and variables', () => {
    const help = renderHelp(false);
    expect(help).toContain(
      '--port=<int>\n    Port to listen on; 0 lets the system choose one.\n    Default: 8888; environment: EG_PORT',
    );
    for (const flag of [
      '--ip',
      '--port_retries',
      '--keyfile',
      '--certfile',
      '--client-ca',
      '--ssl_version',
      '--log-level',
    ]) {
      expect(help).toContain(`\n${flag}=<`);
    }
    expect(help).toContain('--help-all shows every option.');
    expect(help).not.toContain('--RemoteMappingKernelManager.cull_busy');
  });

  it('shows every option when asked for all, in lines of at most 90 characters', () => {
    const help = renderHelp(true);
    expect(help).toContain('--RemoteMappingKernelManager.cull_busy=<bool>');
    expect(help.split('\n').filter((line) => line.length > 90 && line.includes(' ', 5))).toEqual([]);
  });
});

describe('the shown configuration', () => {
  it('holds what differs from the default, where it comes from, and no secret', async () => {
    const { load, write } = await configFixture();
    const file = await write(`${userConfig}.json`, { EnterpriseGatewayApp: { client_envs: ['A', "B'"] } });
    const env = { EG_AUTH_TOKEN: 'hunter2', EG_AVAILABILITY_MODE: 'standalone' };
    const { settings, configFiles } = await load({ argv: ['--show-config', '--port=1'], env });
    expect(renderShowConfig(settings, configFiles)).toBe(
      [
        'Config files:',
        `  ${file}`,
        'Settings:',
        '  EnterpriseGatewayApp.port = 1  (command line)',
        "  EnterpriseGatewayApp.auth_token = '********'  (environment)",
        "  EnterpriseGatewayApp.client_envs = ['A', 'B\\'']  (config file)",
        '  FileKernelSessionManager.enable_persistence = True  (follows from other options)',
        "  EnterpriseGatewayApp.availability_mode = 'standalone'  (environment)",
        '',
      ].join('\n'),
    );
  });

  it('says so when there is nothing to show', async () => {
    const { load } = await configFixture();
    const { settings } = await load();
    expect(renderShowConfig(settings, [])).toBe('Config files: none\nSettings: all as by default\n');
  });

  it('is as JSON a config file that yields the same settings', async () => {
    const { load, write } = await configFixture();
    const argv = [
      '--port=1',
      '--EnterpriseGatewayApp.port_range=40000..42000',
      '--EnterpriseGatewayApp.max_kernels=3',
    ];
    const first = await load({ argv });
    await write('shown.json', renderShowConfigJson(first.settings));
    const second = await load({ argv: ['--config=shown.json'] });
    expect(second.warnings).toEqual([]);
    expect({ ...second.settings, sources: {} }).toEqual({ ...first.settings, sources: {} });
  });

  it('masks secrets in JSON', async () => {
    const { load } = await configFixture();
    const { settings } = await load({ env: { EG_AUTH_TOKEN: 'hunter2' } });
    const shown = renderShowConfigJson(settings);
    expect(shown).not.toContain('hunter2');
    expect(JSON.parse(shown)).toMatchObject({
      EnterpriseGatewayApp: { auth_token: '********' },
      sources: { 'EnterpriseGatewayApp.auth_token': 'env' },
    });
  });
});

describe('the generated config file', () => {
  it('changes nothing as it is, and still nothing with every line in force', async () => {
    const { load, write } = await configFixture();
    const generated = renderGeneratedConfig();
    await write('generated.py', generated);
    await write('inforce.py', generated.replaceAll('\n# c.', '\nc.'));
    const [plain, asGenerated, inForce] = await Promise.all([
      load(),
      load({ argv: ['--config=generated.py'] }),
      load({ argv: ['--config=inforce.py'] }),
    ]);
    expect(asGenerated.settings).toEqual(plain.settings);
    expect(inForce.warnings).toEqual([]);
    expect({ ...inForce.settings, sources: {} }).toEqual({ ...plain.settings, sources: {} });
    expect(new Set(Object.values(inForce.settings.sources))).toEqual(new Set(['file']));
  });
});

describe('docs/configuration.md', () => {
  it('is what the option table says; if not, run: node src/adapters/config/write-docs.ts', async () => {
    expect(await readFile(docs, 'utf8')).toBe(renderMarkdown());
  });
});
