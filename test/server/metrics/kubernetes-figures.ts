/** What a gateway knows of a cluster with which not all is well. */
import { noResponses } from '../../../src/adapters/handshake/response-counts.ts';
import type { KubernetesFigures } from '../../../src/server/kubernetes.ts';

export function kubernetesFigures(): KubernetesFigures {
  return {
    handshakes: { ...noResponses(), accepted: 7, unknownKernel: 2 },
    cluster: {
      calls: { create: { '201': 7, '403': 1 }, list: { '200': 3, timeout: 1 } },
      watches: [
        { watch: 'Pod in all namespaces (app=enterprise-gateway)', watchRestarts: 4, lastEventAt: 90_500 },
        { watch: 'Event in namespace a', watchRestarts: 1, lastEventAt: null },
        { watch: 'Event in namespace b', watchRestarts: 2, lastEventAt: 80_000 },
      ],
    },
    removals: 5,
  };
}
