/** The client process on a gateway: `node websocket-client.ts CHANNELS_URL v1|default`. */
import { KernelClient } from './client/kernel-client.ts';
import { serveTasks } from './client/tasks.ts';
import { openWebSocket } from './client/websocket-connection.ts';

const [url = '', protocol] = process.argv.slice(2);

await serveTasks(async () => {
  if (protocol !== 'v1' && protocol !== 'default') {
    throw new Error(`The protocol must be v1 or default, not ${protocol}`);
  }
  return new KernelClient(await openWebSocket(url, protocol));
});
