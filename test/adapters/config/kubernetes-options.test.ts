import { describe, expect, it } from 'vitest';
import { configFixture } from './config-fixture.ts';

describe('settings for kernels in Kubernetes', () => {
  it('give each kernel a namespace of its own and few rights, unless told otherwise', async () => {
    const { load } = await configFixture();
    const { settings, warnings } = await load();
    expect(warnings).toEqual([]);
    expect(settings).toMatchObject({
      namespace: 'default',
      sharedNamespace: false,
      kernelClusterRole: 'kernel-controller',
      defaultServiceAccountName: 'default',
      kernelImage: null,
      prohibitedUids: [0],
      responsePort: 8877,
      responsePortRetries: 10,
      podPermissions: [],
      reconcileInterval: 300,
      socketTimeout: 5,
    });
  });

  it('are read from the environment as the chart of Enterprise Gateway sets it', async () => {
    const { load } = await configFixture();
    const env = {
      EG_NAMESPACE: 'jupyter',
      EG_SHARED_NAMESPACE: 'True',
      EG_KERNEL_CLUSTER_ROLE: 'kernel-controller',
      EG_DEFAULT_KERNEL_SERVICE_ACCOUNT_NAME: 'kernels',
      EG_RESPONSE_PORT: '8878',
      EG_KERNEL_IMAGE: '',
      EG_SOCKET_TIMEOUT: '5.0',
    };
    const { settings, warnings } = await load({ env });
    expect(warnings).toEqual([]);
    expect(settings).toMatchObject({
      namespace: 'jupyter',
      sharedNamespace: true,
      kernelClusterRole: 'kernel-controller',
      defaultServiceAccountName: 'kernels',
      responsePort: 8878,
      kernelImage: null,
      socketTimeout: 5,
    });
  });

  it.each([
    ['EG_NAMESPACE', 'My_Namespace', 'must be the name of a namespace'],
    ['EG_KERNEL_CLUSTER_ROLE', 'a/b', 'must be the name of a cluster role'],
    ['EG_DEFAULT_KERNEL_SERVICE_ACCOUNT_NAME', 'A', 'must be the name of a service account'],
    ['EG_KERNEL_IMAGE', 'a b', 'must be the name of an image, or none'],
    ['EG_KERNEL_EXECUTOR_IMAGE', 'a:b:c', 'must be the name of an image, or none'],
    ['EG_IMAGE_PULL_SECRETS', 'a,B', 'must be names of secrets'],
    ['EG_ALLOWED_IMAGES', 'a b', 'in which * stands for any text'],
    ['EG_ALLOWED_VOLUME_TYPES', 'host-path', 'must be names of volume types'],
    ['EG_POD_PERMISSIONS', 'hostNetwork,everything', 'must be any of hostNetwork, hostPID'],
    ['EG_RESPONSE_IP', 'gateway.example', 'must be an IP address, or none'],
    ['EG_RESPONSE_PORT', '88770', 'must be a whole number from 0 to 65535'],
    ['EG_PROHIBITED_LOCAL_IPS', '10\\..*,[', 'must be regular expressions'],
    ['EG_SOCKET_TIMEOUT', '-1', 'must be a number of seconds'],
    ['EG_RECONCILE_INTERVAL', 'never', 'must be a number of seconds'],
  ])('stop the start with one line: %s %s', async (name, value, allowed) => {
    const { load } = await configFixture();
    const error = await load({ env: { [name]: value } }).catch((reason) => reason);
    expect(error).toMatchObject({ name: 'ConfigError', message: expect.stringContaining(allowed) });
    expect(error.message).toContain(name);
    expect(error.message).not.toContain('\n');
  });

  it.each([
    ['10\\.244\\..*, 127\\..*', ['10\\.244\\..*', '127\\..*']],
    ['192\\.168\\.[0-9]+\\.(1|2),fe80', ['192\\.168\\.[0-9]+\\.(1|2)', 'fe80']],
    ['["10\\\\..*"]', ['10\\..*']],
    ['', []],
  ])('take %s for expressions of addresses, brackets and all', async (text, expected) => {
    const { load } = await configFixture();
    const { settings } = await load({ env: { EG_PROHIBITED_LOCAL_IPS: text } });
    expect(settings.prohibitedLocalIps).toEqual(expected);
  });

  it('do not wait for 5 ms only because Enterprise Gateway does', async () => {
    const { load } = await configFixture();
    const { settings, warnings } = await load({ env: { EG_SOCKET_TIMEOUT: '0.005' } });
    expect(settings.socketTimeout).toBe(5);
    expect(warnings).toEqual(['socket_timeout is 0.005, too short for a network: 5 seconds are taken']);
  });

  it.each(['kernels/py', 'localhost:5000/a/b_c:1.2', `reg.io/x@sha256:${'a'.repeat(64)}`, 'py'])(
    'take %s for the name of an image',
    async (image) => {
      const { load } = await configFixture();
      expect((await load({ env: { EG_KERNEL_IMAGE: image } })).settings.kernelImage).toBe(image);
    },
  );

  it('allow with a list of patterns what clients may choose', async () => {
    const { load } = await configFixture();
    const env = { EG_ALLOWED_IMAGES: 'reg.io/team/*, kernels/py:1', EG_ALLOWED_VOLUME_TYPES: '*' };
    expect((await load({ env })).settings).toMatchObject({
      allowedImages: ['reg.io/team/*', 'kernels/py:1'],
      allowedVolumeTypes: ['*'],
    });
  });
});
