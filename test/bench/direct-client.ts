/** The client process straight on ZeroMQ: `node direct-client.ts CONNECTION_FILE`. */
import { DirectConnection } from './client/direct-connection.ts';
import { KernelClient } from './client/kernel-client.ts';
import { serveTasks } from './client/tasks.ts';
import { readConnectionFile } from './protocol/connection-file.ts';

await serveTasks(async () => {
  const connection = await readConnectionFile(process.argv[2] ?? '');
  return new KernelClient(new DirectConnection(connection));
});
