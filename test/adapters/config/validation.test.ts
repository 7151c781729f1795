import { describe, expect, it } from 'vitest';
import { configFixture, exactly } from './config-fixture.ts';

describe('values that are not allowed', () => {
  it.each([
    [{ EG_PORT: '70000' }, 'EG_PORT is "70000", but must be a whole number from 0 to 65535'],
    [{ EG_PORT: 'http' }, 'EG_PORT is "http", but must be a whole number from 0 to 65535'],
    [
      { EG_LIST_KERNELS: 'maybe' },
      'EG_LIST_KERNELS is "maybe", but must be true or false (or 1, 0, yes, no, on, off)',
    ],
    [
      { EG_MAX_KERNELS_PER_USER: '-2' },
      /^EG_MAX_KERNELS_PER_USER is "-2", but must be a whole number, at least -1$/,
    ],
    [{ EG_PROHIBITED_UIDS: '0, x' }, /^EG_PROHIBITED_UIDS is "0, x", but must be whole numbers/],
    [{ EG_ALLOW_ORIGIN: 'a\r\nX: y' }, /^EG_ALLOW_ORIGIN is .* but must be printable ASCII/],
    [{ EG_PORT_RANGE: '1..2..3' }, /^EG_PORT_RANGE is "1..2..3", but must be two ports/],
    [{ EG_PORT_RANGE: '100..5000' }, 'port_range is 100..5000, but must lie within 1024..65535'],
    [
      { EG_PORT_RANGE: '40000..40500' },
      'port_range is 40000..40500, but must span at least 1000 ports (min_port_range_size)',
    ],
    [{ EG_SSL_VERSION: '3' }, /^EG_SSL_VERSION is "3", but must be .*older versions are not offered/],
    [{ EG_KEYFILE: '/dev/null' }, 'keyfile is set, but certfile is not'],
    [{ EG_CLIENT_CA: '/dev/null' }, 'client_ca is set, but certfile is not'],
    [{ EG_CERTFILE: '/no/such.pem' }, 'certfile is "/no/such.pem", but there is no such file'],
    [{ EG_ROOT_DIR: '/no/such' }, 'root_dir is "/no/such", but there is no such directory'],
    [
      { EG_AUTHORIZED_ORIGIN: 'a.example' },
      'authorized_origin is set, but client_ca, which it needs, is not',
    ],
    [{ EG_AUTHORIZER_CLASS: 'my.Authorizer' }, /^EG_AUTHORIZER_CLASS is set, but .*: unset it$/],
    [{ EG_WEBHOOK_URL: 'http://x' }, /^EG_WEBHOOK_URL is set, but sessions cannot be kept by a webhook/],
  ])('%j stops the start with one line', async (env, message) => {
    const { load } = await configFixture();
    const error = await load({ env }).catch((reason) => reason);
    expect(error).toMatchObject({ name: 'ConfigError', message: expect.stringMatching(exactly(message)) });
    expect(error.message).not.toContain('\n');
  });

  it('keeps secrets out of errors and warnings', async () => {
    const { load } = await configFixture();
    const secret = 'hunter2';
    const attempts = [
      { env: { EG_AUTH_TOKEN: `${secret}\n` } },
      { env: { EG_WEBHOOK_PASSWORD: secret } },
      { argv: ['--EnterpriseGatewayApp.auth_token=', secret] },
      { argv: ['--WebhookKernelSessionManager.webhook_password=', secret] },
      { argv: [`--EnterpriseGatewayApp.auth_tokn=${secret}`] },
    ];
    for (const attempt of attempts) {
      const error = await load(attempt).catch((reason) => reason);
      expect(error.name).toBe('ConfigError');
      expect(error.message).not.toContain(secret);
    }
    expect((await load({ env: { KG_AUTH_TOKEN: secret } })).warnings.join()).not.toContain(secret);
  });

  it('refuses the mask of a secret as a secret', async () => {
    const { load } = await configFixture();
    await expect(load({ env: { EG_AUTH_TOKEN: '********' } })).rejects.toThrow('in place of a secret');
  });
});

describe('options that mean something for each other', () => {
  it.each([
    [{}, { sessionPersistence: false, availabilityMode: null }],
    [{ EG_KERNEL_SESSION_PERSISTENCE: 'true' }, { sessionPersistence: true, availabilityMode: 'standalone' }],
    [{ EG_AVAILABILITY_MODE: 'Standalone' }, { sessionPersistence: true, availabilityMode: 'standalone' }],
    [{ EG_AVAILABILITY_MODE: 'replication' }, { sessionPersistence: true, availabilityMode: 'standalone' }],
  ])('%j settles persistence and availability', async (env, expected) => {
    const { load } = await configFixture();
    expect((await load({ env })).settings).toMatchObject(expected);
  });

  it('says that replication is not offered', async () => {
    const { load } = await configFixture();
    const { warnings } = await load({ env: { EG_AVAILABILITY_MODE: 'replication' } });
    expect(warnings).toEqual([
      'availability_mode replication is not offered: the gateway works as in standalone',
    ]);
  });

  it('takes 300 s for a culling interval of 0 or less', async () => {
    const { load } = await configFixture();
    const { settings, warnings } = await load({ env: { EG_CULL_INTERVAL: '-5' } });
    expect(settings.cullInterval).toBe(300);
    expect(warnings).toHaveLength(1);
  });

  it('keeps no output for absent clients when offline buffering is off', async () => {
    const { load } = await configFixture();
    const { settings } = await load({ argv: ['--MappingKernelManager.buffer_offline_messages=False'] });
    expect(settings.wsReplayBufferSize).toBe(0);
  });

  it('reads equal bounds of a port range as no range', async () => {
    const { load } = await configFixture();
    expect((await load({ env: { EG_PORT_RANGE: '33245..33245' } })).settings.portRange).toEqual({
      low: 0,
      high: 0,
    });
  });

  it('finds the private key in the file of the certificate, or asks for it', async () => {
    const { load, write } = await configFixture();
    const both = await write('both.pem', '-----BEGIN CERTIFICATE-----\n-----BEGIN PRIVATE KEY-----\n');
    const cert = await write('cert.pem', '-----BEGIN CERTIFICATE-----\n');
    expect((await load({ argv: ['--certfile=both.pem'] })).settings).toMatchObject({
      certfile: both,
      keyfile: both,
    });
    await expect(load({ argv: [`--certfile=${cert}`] })).rejects.toThrow('keyfile is not');
  });
});

describe('options of Enterprise Gateway that Kernelgate does not have', () => {
  it('are warned about, one line for each reason', async () => {
    const { load } = await configFixture();
    const env = {
      EG_RESPONSE_ADDRESS: '10.0.0.1:8877',
      EG_PUBLIC_KEY: 'x',
      EG_YARN_ENDPOINT: 'http://x',
      EG_POLL_INTERVAL: '2',
    };
    const { warnings } = await load({ env });
    expect(warnings).toHaveLength(3);
    expect(warnings.join()).toMatch(/EG_RESPONSE_ADDRESS, EG_PUBLIC_KEY \(/);
  });

  it('are passed over when they ask for nothing special', async () => {
    const { load } = await configFixture();
    const env = {
      EG_POD_TEMPLATE_DIR: '/tmp',
      EG_KUBERNETES_LOG_LEVEL: 'WARNING',
      EG_PUBLIC_KEY: '',
      EG_WEBHOOK_URL: '',
      EG_POLL_INTERVAL: '0.5',
      EG_AUTHORIZER_CLASS: 'jupyter_server.auth.authorizer.AllowAllAuthorizer',
    };
    expect((await load({ env })).warnings).toEqual([]);
  });
});
