import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { ClusterClient } from '../../../src/adapters/kubernetes/cluster-client.ts';
import { hasClusterConfig, loadClusterAccess } from '../../../src/adapters/kubernetes/cluster-config.ts';
import { FakeApiServer } from './fake-api-server.ts';

let folder: string;
let account: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'kernelgate-cluster-'));
  account = join(folder, 'serviceaccount');
  const made = folder;
  onTestFinished(() => rmSync(made, { recursive: true }));
});

describe('without a cluster', () => {
  test('none is said to be configured, and it is told where one was looked for', async () => {
    const env = { HOME: folder };
    expect(hasClusterConfig(env, account)).toBe(false);
    await expect(loadClusterAccess(env, account)).rejects.toMatchObject({
      status: null,
      message: `no Kubernetes cluster is configured: KUBERNETES_SERVICE_HOST is not set, and there is no file ${join(folder, '.kube', 'config')}`,
    });
  });

  test('a service account that is not there is told', async () => {
    const env = { KUBERNETES_SERVICE_HOST: '10.0.0.1', KUBECONFIG: join(folder, 'nowhere') };
    expect(hasClusterConfig(env, account)).toBe(false);
    await expect(loadClusterAccess(env, account)).rejects.toThrow(
      `the service account's token ${join(account, 'token')} is not there, and there is no file ${join(folder, 'nowhere')}`,
    );
  });
});

describe('in a pod', () => {
  test.each([
    ['10.0.0.1', '6443', 'https://10.0.0.1:6443'],
    ['10.0.0.1', undefined, 'https://10.0.0.1:443'],
    ['fd00::1', '443', 'https://[fd00::1]:443'],
  ])('the service account is used, whatever kubeconfig there is (%s, %s)', async (host, port, server) => {
    makeServiceAccount();
    const env = {
      KUBERNETES_SERVICE_HOST: host,
      KUBERNETES_SERVICE_PORT: port,
      KUBECONFIG: kubeconfig('other', 'https://elsewhere'),
    };
    expect(hasClusterConfig(env, account)).toBe(true);
    const access = await loadClusterAccess(env, account);
    expect(access).toMatchObject({ server, namespace: 'gateway' });
    expect(await access.credentials()).toEqual({
      headers: { Authorization: 'Bearer first' },
      tls: { ca: Buffer.from('authority') },
      proxyAgent: null,
    });
  });
});

describe('a kubeconfig', () => {
  test('is found at its usual place', async () => {
    mkdirSync(join(folder, '.kube'));
    kubeconfig('.kube/config', 'https://usual:6443/');
    expect(hasClusterConfig({ HOME: folder }, account)).toBe(true);
    expect((await loadClusterAccess({ HOME: folder }, account)).server).toBe('https://usual:6443');
  });

  test('may be one of several: the first one counts, and missing ones do not matter', async () => {
    const files = [
      join(folder, 'missing'),
      kubeconfig('one', 'https://one'),
      kubeconfig('two', 'https://two'),
    ];
    expect((await loadClusterAccess({ KUBECONFIG: files.join(delimiter) }, account)).server).toBe(
      'https://one',
    );
  });

  test('that cannot be read is named, and why', async () => {
    const file = join(folder, 'broken');
    writeFileSync(file, '{ clusters: [');
    await expect(loadClusterAccess({ KUBECONFIG: file }, account)).rejects.toMatchObject({
      status: null,
      message: expect.stringContaining(`the kubeconfig ${file} cannot be read: `),
    });
  });

  test('without a current context says so', async () => {
    const file = join(folder, 'empty');
    writeFileSync(file, JSON.stringify({ clusters: [], users: [], contexts: [] }));
    await expect(loadClusterAccess({ KUBECONFIG: file }, account)).rejects.toThrow(
      `${file} names no cluster to use (current-context: none)`,
    );
  });

  test('whose exec plugin fails is told with the plugin’s own words', async () => {
    const command = script('fails', 'echo no session >&2; exit 1');
    const access = await accessWith({ exec: execPlugin(command) }, 'https://somewhere');
    await expect(access.credentials()).rejects.toMatchObject({
      status: null,
      message: 'the gateway has no credentials for the Kubernetes API server https://somewhere: no session',
    });
  });

  test('with an exec plugin is asked anew when its token has expired, and once for requests that come together', async () => {
    const credential = (expirationTimestamp: string) =>
      JSON.stringify({
        apiVersion: 'client.authentication.k8s.io/v1',
        kind: 'ExecCredential',
        status: { token: 't', expirationTimestamp },
      });
    const runs = join(folder, 'runs');
    const command = script('plugin', `echo run >> ${runs}; echo '${credential('2001-01-01T00:00:00Z')}'`);
    const access = await accessWith({ exec: execPlugin(command) }, 'https://somewhere');
    await Promise.all([access.credentials(), access.credentials(), access.credentials()]);
    expect((await access.credentials()).headers).toEqual({ Authorization: 'Bearer t' });
    expect(readFileSync(runs, 'utf8')).toBe('run\nrun\n');
  });

  test('with a name and a password', async () => {
    const access = await accessWith({ username: 'me', password: 'secret' }, 'https://somewhere');
    const Authorization = `Basic ${Buffer.from('me:secret').toString('base64')}`;
    expect((await access.credentials()).headers).toEqual({ Authorization });
  });
});

describe('over TLS', () => {
  test('a server is asked whose certificate the kubeconfig vouches for, over one connection', async () => {
    const { server, certificate } = await secureServer();
    const cluster = await clientFor(server, { 'certificate-authority-data': certificate.toString('base64') });
    for (let index = 0; index < 3; index += 1) expect(await cluster.list(POD, {})).toEqual([]);
    expect(server.connections).toBe(1);
    expect(server.requests.at(-1)?.authorization).toBe('Bearer token');
  });

  test('a server with another certificate is told nothing, and the operator why', async () => {
    const { server } = await secureServer();
    const cluster = await clientFor(server, {});
    await expect(cluster.list(POD, {})).rejects.toMatchObject({
      status: null,
      message: `the Kubernetes API server ${server.url} cannot be reached: self-signed certificate`,
    });
    expect(server.requests).toEqual([]);
  });

  test('a server is trusted without proof when the kubeconfig says so', async () => {
    const { server } = await secureServer();
    const cluster = await clientFor(server, { 'insecure-skip-tls-verify': true });
    expect(await cluster.list(POD, {})).toEqual([]);
  });
});

const POD = { apiVersion: 'v1', kind: 'Pod' };

function makeServiceAccount(): void {
  mkdirSync(account);
  writeFileSync(join(account, 'token'), 'first\n');
  writeFileSync(join(account, 'ca.crt'), 'authority');
  writeFileSync(join(account, 'namespace'), 'gateway\n');
}

function kubeconfig(
  file: string,
  server: string,
  user: object = { token: 'token' },
  cluster: object = {},
): string {
  const path = join(folder, file);
  const config = {
    'current-context': 'it',
    clusters: [{ name: 'it', cluster: { server, ...cluster } }],
    users: [{ name: 'it', user }],
    contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }],
  };
  writeFileSync(path, JSON.stringify(config));
  return path;
}

function accessWith(user: object, server: string, cluster: object = {}) {
  return loadClusterAccess({ KUBECONFIG: kubeconfig('config', server, user, cluster) }, account);
}

function execPlugin(command: string): object {
  return { apiVersion: 'client.authentication.k8s.io/v1', command, args: [], interactiveMode: 'Never' };
}

function script(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${text}\n`);
  chmodSync(path, 0o755);
  return path;
}

async function secureServer() {
  const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
  const options = '-x509 -nodes -newkey ec -pkeyopt ec_paramgen_curve:P-256 -days 2 -subj /CN=test';
  const files = ['-addext', 'subjectAltName=IP:127.0.0.1', '-keyout', key, '-out', cert];
  execFileSync('openssl', ['req', ...options.split(' '), ...files], { stdio: 'ignore' });
  const certificate = readFileSync(cert);
  const server = await new FakeApiServer({ key: readFileSync(key), cert: certificate }).listen();
  onTestFinished(() => server.close());
  return { server, certificate };
}

async function clientFor(server: FakeApiServer, cluster: object): Promise<ClusterClient> {
  const client = new ClusterClient(await accessWith({ token: 'token' }, server.url, cluster), {
    report: () => {},
  });
  onTestFinished(() => client.close());
  return client;
}
