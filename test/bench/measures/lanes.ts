/**
 * A lane is one way from a client to a kernel. Each has a kernel and a client
 * process of its own, and only one lane is busy at a time.
 */

import { startBridge } from '../processes/bridge-process.ts';
import type { Cleanup } from '../processes/cleanup.ts';
import { ClientProcess } from '../processes/client-process.ts';
import type { Gateway } from '../processes/gateway-process.ts';
import { type KernelProcess, prepareKernel } from '../processes/kernel-process.ts';
import type { WebSocketProtocol } from '../protocol/websocket-frames.ts';

export interface Lane {
  name: 'direct' | 'gateway' | 'bridge';
  protocol: 'zmq' | WebSocketProtocol;
  client: ClientProcess;
  /** The process between client and kernel; null when there is none, or it is not known. */
  middlePid: number | null;
}

export const webSocketProtocols: readonly WebSocketProtocol[] = ['v1', 'default'];

export async function openDirectLane(directory: string, cleanup: Cleanup): Promise<Lane> {
  const kernel = await startKernel(directory, cleanup);
  const client = await ClientProcess.direct(kernel.connectionFile);
  cleanup.add(() => client.stop());
  return { name: 'direct', protocol: 'zmq', client, middlePid: null };
}

export async function openGatewayLane(
  gateway: Gateway,
  protocol: WebSocketProtocol,
  cleanup: Cleanup,
): Promise<Lane> {
  const id = await gateway.api.launchKernel();
  cleanup.add(() => gateway.api.deleteKernel(id));
  const client = await ClientProcess.webSocket(gateway.api.channelsUrl(id), protocol);
  cleanup.add(() => client.stop());
  return { name: 'gateway', protocol, client, middlePid: gateway.pid };
}

export async function openBridgeLane(
  directory: string,
  protocol: WebSocketProtocol,
  cleanup: Cleanup,
): Promise<Lane> {
  const kernel = await startKernel(directory, cleanup);
  const bridge = await startBridge(kernel.connectionFile);
  cleanup.add(() => bridge.stop());
  const client = await ClientProcess.webSocket(bridge.channelsUrl, protocol);
  cleanup.add(() => client.stop());
  return { name: 'bridge', protocol, client, middlePid: bridge.pid };
}

async function startKernel(directory: string, cleanup: Cleanup): Promise<KernelProcess> {
  const kernel = (await prepareKernel(directory)).start();
  cleanup.add(() => kernel.stop());
  return kernel;
}
