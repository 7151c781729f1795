/** `kernelgate kernels`: the kernels of a running gateway. */
import type { Overview } from '../timeline/timeline-model.ts';
import type { RunCommand, Surroundings } from './command.ts';
import { gatewayAddress } from './gateway-address.ts';
import { GatewayClient, RefusedRequest } from './gateway-client.ts';
import { kernelTable, type ShownKernel } from './kernel-table.ts';
import { watchKernels } from './kernel-watch.ts';

/** What any Jupyter server tells of a kernel. */
interface KernelModel {
  id: string;
  name: string;
  execution_state: string;
  last_activity: string;
  connections: number;
}

export const kernels: RunCommand = async (given, surroundings) => {
  const client = new GatewayClient(gatewayAddress(given, surroundings));
  const asJson = given.flags.has('json');
  if (given.flags.has('watch')) return watchKernels(client, surroundings, asJson);
  const { kernels, all } = await listed(client, given.flags.has('all'));
  surroundings.write(asJson ? `${JSON.stringify(all, null, 2)}\n` : tableText(kernels, surroundings));
  return 0;
};

/** `all`: what the gateway said. */
async function listed(
  client: GatewayClient,
  withEnded: boolean,
): Promise<{ kernels: ShownKernel[]; all: unknown }> {
  try {
    const all = (await client.get('/api/timeline')) as Overview;
    return { kernels: withEnded ? [...all.kernels, ...all.ended] : all.kernels, all };
  } catch (error) {
    // Another gateway, or an older one.
    if (!(error instanceof RefusedRequest) || error.status !== 404) throw error;
    const all = (await client.get('/api/kernels')) as KernelModel[];
    return { kernels: all.map(shown), all };
  }
}

function shown({ id, name, execution_state, last_activity, connections }: KernelModel): ShownKernel {
  return {
    id,
    name,
    last_activity,
    connections,
    phase: execution_state,
    username: '',
    since: null,
    node: null,
    progress: null,
    last_problem: null,
  };
}

function tableText(kernels: readonly ShownKernel[], { now }: Surroundings): string {
  return `${kernelTable(kernels, now()).join('\n')}\n`;
}
