import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { ClusterClient } from '../../../src/adapters/kubernetes/cluster-client.ts';
import { configMap, describeCluster } from './cluster-contract.ts';
import { FakeApiServer, type FakeFault } from './fake-api-server.ts';

const POD = { apiVersion: 'v1', kind: 'Pod' };

async function begun(requestTimeout?: number) {
  const server = await new FakeApiServer().listen();
  const cluster = clientOf(server, requestTimeout);
  onTestFinished(() => server.close());
  return { server, cluster };
}

function clientOf(server: FakeApiServer, requestTimeout?: number): ClusterClient {
  const timeout = requestTimeout === undefined ? {} : { requestTimeout };
  const cluster = new ClusterClient(server.access, { report: () => {}, ...timeout });
  onTestFinished(() => cluster.close());
  return cluster;
}

describeCluster(async () => {
  const { server, cluster } = await begun();
  return {
    cluster,
    namespace: 'test',
    podThatPrints: async (lines) => {
      server.logs.set('test/printing/kernel', `${lines.join('\n')}\n`);
      return { pod: 'printing', container: 'kernel' };
    },
  };
});

describe('a refusal', () => {
  test('carries the status, the reason and the message of the API server', async () => {
    const { server, cluster } = await begun();
    const message = 'configmaps is forbidden: User "gateway" cannot create resource "configmaps"';
    server.faultFor = ({ verb }) =>
      verb === 'create' ? { status: 403, reason: 'Forbidden', message } : null;
    await expect(cluster.create(configMap('a', 'b'))).rejects.toMatchObject({
      status: 403,
      reason: 'Forbidden',
      message,
    });
  });

  test.each<[FakeFault, string]>([
    [{ status: 401, text: 'Unauthorized\n' }, 'with 401 Unauthorized: Unauthorized'],
    [
      { status: 503, text: '<html>\n<h1>no\nbackend</h1>' },
      'with 503 Service Unavailable: <html> | <h1>no | backend</h1>',
    ],
    [{ status: 500, text: '' }, 'with 500 Internal Server Error'],
  ])('without a reason says what was asked, in one line: %o', async (fault, message) => {
    const { server, cluster } = await begun();
    server.faultFor = ({ verb }) => (verb === 'get' ? fault : null);
    const reading = cluster.read({ ...POD, name: 'a', namespace: 'b' });
    await expect(reading).rejects.toMatchObject({
      status: fault.status,
      reason: '',
      message: `the Kubernetes API server answered GET /api/v1/namespaces/b/pods/a ${message}`,
    });
  });

  test('because the API server is busy is asked again when it says', async () => {
    const { server, cluster } = await begun();
    let busy = 2;
    server.faultFor = ({ verb }) => {
      if (verb !== 'create' || busy === 0) return null;
      busy -= 1;
      return { status: 429, reason: 'TooManyRequests', headers: { 'Retry-After': '0' } };
    };
    await cluster.create(configMap('patient', 'test'));
    expect(cluster.figures().calls.create).toEqual({ 429: 2, 201: 1 });
  });

  test('because the API server is busy is told when that lasts', async () => {
    const { server, cluster } = await begun(200);
    server.faultFor = ({ verb }) => (verb === 'create' ? { status: 429, reason: 'TooManyRequests' } : null);
    await expect(cluster.create(configMap('a', 'test'))).rejects.toMatchObject({ status: 429 });
  });
});

describe('an API server that does not answer', () => {
  test('is told with its address and why, when nobody listens', async () => {
    const { server, cluster } = await begun();
    await server.close();
    await expect(cluster.list(POD, {})).rejects.toMatchObject({
      status: null,
      message: `the Kubernetes API server ${server.url} cannot be reached: connect ECONNREFUSED 127.0.0.1:${new URL(server.url).port}`,
    });
    expect(cluster.figures().calls).toEqual({ discover: { unreachable: 1 } });
  });

  test('is told when it takes requests and stays silent', async () => {
    const { server, cluster } = await begun(100);
    server.isSilent = true;
    const message = `the Kubernetes API server ${server.url} did not answer within 0.1 s`;
    await expect(cluster.read({ ...POD, name: 'a' })).rejects.toMatchObject({ status: null, message });
  });

  test('does not keep a caller who has lost patience', async () => {
    const { server, cluster } = await begun();
    await cluster.list(POD, {});
    server.isSilent = true;
    const withdrawal = new AbortController();
    const reading = cluster.read({ ...POD, name: 'a' }, withdrawal.signal);
    const reason = new Error('withdrawn');
    withdrawal.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  test('that closes kept connections is asked once more, on a new one', async () => {
    const { server, cluster } = await begun();
    await cluster.list(POD, {});
    server.dropConnections();
    expect(await cluster.list(POD, {})).toEqual([]);
  });
});

describe('requests', () => {
  test('share a connection', async () => {
    const { server, cluster } = await begun();
    for (let index = 0; index < 5; index += 1) await cluster.read({ ...POD, name: `pod-${index}` });
    expect(server.connections).toBe(1);
  });

  test('that are withdrawn leave the others their connections', async () => {
    const { server, cluster } = await begun();
    await cluster.list(POD, {});
    await Promise.all([cluster.list(POD, {}), cluster.list(POD, {})]);
    const withdrawal = new AbortController();
    server.isSilent = true;
    const reading = cluster.read({ ...POD, name: 'a' }, withdrawal.signal);
    await expect.poll(() => server.requests.at(-1)?.verb).toBe('get');
    withdrawal.abort(new Error('withdrawn'));
    await expect(reading).rejects.toThrow('withdrawn');
    server.isSilent = false;
    const opened = vi.fn();
    subscribe('net.client.socket', opened);
    await cluster.list(POD, {});
    unsubscribe('net.client.socket', opened);
    expect(opened).not.toHaveBeenCalled();
  });

  test('ask for credentials each time, so that renewed ones are used', async () => {
    const server = await new FakeApiServer().listen();
    onTestFinished(() => server.close());
    let token = 0;
    const credentials = async () => {
      token += 1;
      return { headers: { Authorization: `Bearer ${token}` }, tls: {}, proxyAgent: null };
    };
    const cluster = new ClusterClient({ ...server.access, credentials }, { report: () => {} });
    onTestFinished(() => cluster.close());
    await cluster.read({ ...POD, name: 'a' });
    await cluster.read({ ...POD, name: 'b' });
    expect(server.requests.map(({ authorization }) => authorization)).toEqual([
      'Bearer 1',
      'Bearer 2',
      'Bearer 3',
    ]);
  });

  test('read long lists page by page', async () => {
    const { server, cluster } = await begun();
    const names = Array.from({ length: 1201 }, (_, index) => `pod-${index}`);
    for (const name of names) server.put({ ...POD, metadata: { name, namespace: 'a' } });
    const found = await cluster.list(POD, { namespace: 'a' });
    expect(found.map(({ metadata }) => metadata.name)).toEqual(names);
    expect(cluster.figures().calls.list).toEqual({ 200: 3 });
  });

  test.each(['..', '.', ''])("for an object called '%s' are refused before they are sent", async (name) => {
    const { server, cluster } = await begun();
    const reading = cluster.read({ ...POD, name, namespace: 'a' });
    await expect(reading).rejects.toMatchObject({
      status: 400,
      message: expect.stringContaining('is no name'),
    });
    expect(server.requests.map(({ verb }) => verb)).toEqual(['discover']);
  });

  test('cannot leave their path by a name', async () => {
    const { server, cluster } = await begun();
    expect(await cluster.read({ ...POD, name: 'a/../../b?c=d', namespace: 'x/y' })).toBeNull();
    expect(server.requests.at(-1)?.url.pathname).toBe(
      '/api/v1/namespaces/x%2Fy/pods/a%2F..%2F..%2Fb%3Fc%3Dd',
    );
  });

  test('for objects that belong to no namespace name none', async () => {
    const { server, cluster } = await begun();
    await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'made' } });
    expect(server.requests.at(-1)?.url.pathname).toBe('/api/v1/namespaces');
    expect(await cluster.read({ apiVersion: 'v1', kind: 'Namespace', name: 'made' })).not.toBeNull();
  });
});

describe('a kind that the cluster does not know', () => {
  const key = { apiVersion: 'sparkoperator.k8s.io/v1beta2', kind: 'SparkApplication', name: 'a' };

  test('is told so, and is found once it is installed', async () => {
    const { server, cluster } = await begun();
    const message = `the cluster knows no kind SparkApplication of sparkoperator.k8s.io/v1beta2: install what defines it (a CustomResourceDefinition)`;
    await expect(cluster.read(key)).rejects.toMatchObject({ status: 404, message });
    server.resources.push({ ...key, name: 'sparkapplications', namespaced: true });
    expect(await cluster.read(key)).toBeNull();
  });

  test('has nothing to be deleted', async () => {
    const { cluster } = await begun();
    await cluster.delete(key);
  });
});

describe('deleting what is being deleted', () => {
  test('is success, though a namespace refuses it', async () => {
    const { server, cluster } = await begun();
    const deletionTimestamp = '2026-01-01T00:00:00Z' as unknown as Date;
    server.put({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'going', deletionTimestamp } });
    server.faultFor = ({ verb }) => (verb === 'delete' ? { status: 409, reason: 'Conflict' } : null);
    await cluster.delete({ apiVersion: 'v1', kind: 'Namespace', name: 'going' });
  });

  test('but another conflict is told', async () => {
    const { server, cluster } = await begun();
    server.put(configMap('staying', 'test'));
    server.faultFor = ({ verb }) => (verb === 'delete' ? { status: 409, reason: 'Conflict' } : null);
    const deleting = cluster.delete({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      name: 'staying',
      namespace: 'test',
    });
    await expect(deleting).rejects.toMatchObject({ status: 409 });
  });
});

describe('a log', () => {
  test.each<[string, FakeFault]>([
    ['whose container waits to start', { status: 400, reason: 'BadRequest', message: 'is waiting to start' }],
    ['that is empty', { status: 200, text: '' }],
    [
      'whose container is gone',
      { status: 200, text: 'unable to retrieve container logs for containerd://abc' },
    ],
  ])('%s is null', async (_case, fault) => {
    const { server, cluster } = await begun();
    server.faultFor = () => fault;
    expect(await cluster.podLog('a', 'b', 'c', 5)).toBeNull();
  });

  test('that its node does not give is an error', async () => {
    const { server, cluster } = await begun();
    server.faultFor = () => ({ status: 500, reason: 'InternalError', message: 'dial tcp: i/o timeout' });
    await expect(cluster.podLog('a', 'b', 'c', 5)).rejects.toMatchObject({ status: 500 });
  });
});
