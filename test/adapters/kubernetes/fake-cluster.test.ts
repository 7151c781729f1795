import { describeCluster } from './cluster-contract.ts';
import { FakeCluster } from './fake-cluster.ts';

describeCluster(async () => {
  const cluster = new FakeCluster();
  await cluster.create({ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'test' } });
  return {
    cluster,
    namespace: 'test',
    podThatPrints: async (lines) => {
      cluster.logs.set('printing', lines.map((line) => `${line}\n`).join(''));
      return { pod: 'printing', container: 'kernel' };
    },
  };
});
