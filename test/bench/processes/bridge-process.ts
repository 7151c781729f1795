/** The bare bridge, in a process of its own as a gateway would be. */
import { forkProgram, nextMessage, stopProcess } from './child.ts';

const readyTimeoutMs = 20_000;

export interface BridgeProcess {
  /** WebSocket address of its one kernel's channels. */
  channelsUrl: string;
  pid: number | null;
  stop: () => Promise<void>;
}

export async function startBridge(connectionFile: string): Promise<BridgeProcess> {
  const child = forkProgram('bare-bridge.ts', [connectionFile]);
  try {
    const port = await nextMessage<number>(child, 'starting the bridge', readyTimeoutMs);
    const channelsUrl = `ws://127.0.0.1:${port}/api/kernels/bare/channels`;
    return { channelsUrl, pid: child.pid ?? null, stop: () => stopProcess(child) };
  } catch (error) {
    await stopProcess(child);
    throw error;
  }
}
