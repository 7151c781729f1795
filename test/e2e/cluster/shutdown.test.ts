/** The end of kernels in pods, and of the gateway that has launched them. */
import { expect, it } from 'vitest';
import { eventually } from '../deadline.ts';
import { KernelClient, launchKernel } from '../kernel-client.ts';
import { clusterApi } from './cluster-api.ts';
import { kernelIdsOf, ownClusterGateway, sharedClusterGateway } from './gateway-on-cluster.ts';
import {
  ENDLESS,
  farewells,
  noPodLeftOf,
  nothingLeftOf,
  STUBBORN,
  shutDown,
  startCell,
} from './kernel-in-pod.ts';
import { leftOf } from './leftovers.ts';
import { describeCluster } from './suite.ts';

/** Longer than any test: who ends before has ended because it was asked to. */
const LONG_GRACE = { EG_SHUTDOWN_GRACE: '600' };

describeCluster('a kernel that is deleted', () => {
  const gateway = sharedClusterGateway({ env: LONG_GRACE });

  it.each([
    ['idle', 'python_kubernetes', 'pass'],
    ['idle, with an old launcher,', 'old_launcher', 'pass'],
    ['in a busy loop', 'python_kubernetes', ENDLESS['a busy loop']],
    ['asleep', 'python_kubernetes', ENDLESS['a sleep']],
    ['asleep, with an old launcher,', 'old_launcher', ENDLESS['a sleep']],
  ])('%s runs its exit handlers before it is gone', async (_what, name, cell) => {
    const id = await launchKernel(gateway.current, { name });
    const client = await KernelClient.connect(gateway.current, id);
    const { heard, codeFor } = await farewells();
    await client.execute(codeFor('goodbye'));
    const running = await startCell(client, cell);
    if (cell === 'pass') await client.finished(running);
    expect(await shutDown(gateway.current, id)).toBe(204);
    await eventually(10_000, 'its farewell', () => heard.length > 0);
    expect(heard).toEqual(['goodbye']);
    expect((await client.closing()).code).toBe(1000);
    expect((await gateway.current.request(`/api/kernels/${id}`)).status).toBe(404);
    await noPodLeftOf(id);
    await nothingLeftOf(id);
  });

  it('twice at once is deleted once', async () => {
    const id = await launchKernel(gateway.current, { name: 'light' });
    const answers = await Promise.all([shutDown(gateway.current, id), shutDown(gateway.current, id)]);
    expect(answers).toContain(204);
    for (const answer of answers) expect([204, 404]).toContain(answer);
    await nothingLeftOf(id);
  });

  it('is gone for good, though somebody has deleted its namespace in the same moment', async () => {
    const id = await launchKernel(gateway.current, { name: 'light' });
    const { core } = await clusterApi();
    const name = (await leftOf([id])).find(({ kind }) => kind === 'Namespace')?.metadata?.name ?? '';
    const [status] = await Promise.all([shutDown(gateway.current, id), core.deleteNamespace({ name })]);
    expect([204, 404]).toContain(status);
    await nothingLeftOf(id);
  });
});

describeCluster('a kernel that does not end when it is asked to', () => {
  const gateway = sharedClusterGateway({ env: { EG_SHUTDOWN_GRACE: '2' } });

  it('is removed by force after the grace period', async () => {
    const id = await launchKernel(gateway.current, { name: 'python_kubernetes' });
    const client = await KernelClient.connect(gateway.current, id);
    await client.execute(STUBBORN);
    await startCell(client, 'while True:\n  try:\n    while True: pass\n  except BaseException: pass');
    expect(await shutDown(gateway.current, id)).toBe(204);
    await nothingLeftOf(id);
  });
});

describeCluster('SIGTERM of a gateway without persistence', () => {
  it('ends its kernels in order and leaves nothing in the cluster', async () => {
    const gateway = await ownClusterGateway({ env: { EG_SHUTDOWN_GRACE: '20' } });
    const ids = await Promise.all(
      ['python_kubernetes', 'python_kubernetes', 'old_launcher'].map((name) =>
        launchKernel(gateway, { name }),
      ),
    );
    const clients = await Promise.all(ids.map((id) => KernelClient.connect(gateway, id)));
    const { heard, codeFor } = await farewells();
    for (const [index, client] of clients.entries()) await client.execute(codeFor(`kernel ${index}`));
    await clients[0]?.runForever();
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
    await eventually(10_000, 'all farewells', () => heard.length === 3);
    expect(heard.sort()).toEqual(['kernel 0', 'kernel 1', 'kernel 2']);
    for (const client of clients) expect([1000, 1001, 1012]).toContain((await client.closing()).code);
    await nothingLeftOf(...ids);
  });

  it('during launches leaves nothing', async () => {
    const gateway = await ownClusterGateway({ env: { EG_SHUTDOWN_GRACE: '2' } });
    const launches = Array.from({ length: 3 }, () =>
      gateway.request('/api/kernels', { method: 'POST', body: { name: 'light' } }).catch(() => null),
    );
    await eventually(30_000, 'the first object', async () => (await leftOf(kernelIdsOf(gateway))).length > 0);
    expect(await gateway.stop()).toEqual({ code: 0, signal: null });
    await Promise.all(launches);
    await nothingLeftOf(...kernelIdsOf(gateway));
  });
});
