/** One kernel machine for all kernels of a test file: making one for each takes far longer than their lives do. */
import { connectKernelMachine } from '../../src/machines/kernel-actors.ts';
import type { FakePorts } from './fake-ports.ts';

const portsByKernel = new Map<string, FakePorts>();

function portsOf(kernelId: string): FakePorts {
  const ports = portsByKernel.get(kernelId);
  if (ports === undefined) throw new Error(`kernel ${kernelId} has no ports`);
  return ports;
}

export function registerPorts(kernelId: string, ports: FakePorts): void {
  portsByKernel.set(kernelId, ports);
}

/** Each kernel has the ports that are registered under its id. */
export const connectedMachine = connectKernelMachine({
  provisionerOf: ({ kernelId }) => portsOf(kernelId).provisioner,
  channels: {
    open: (kernelId, ...rest) => portsOf(kernelId).channels.open(kernelId, ...rest),
    interrupt: (kernelId) => portsOf(kernelId).channels.interrupt(kernelId),
    requestShutdown: (kernelId, restart) => portsOf(kernelId).channels.requestShutdown(kernelId, restart),
  },
  records: {
    save: (record) => portsOf(record.plan.kernelId).records.save(record),
    delete: (kernelId) => portsOf(kernelId).records.delete(kernelId),
  },
});
