import { expect, it } from 'vitest';
import { socketAddress } from '../../../src/adapters/channels/kernel-sockets.ts';
import type { ConnectionInfo } from '../../../src/machines/ports.ts';

it.each([
  ['tcp', '127.0.0.1', 'tcp://127.0.0.1:5001'],
  ['tcp', '::1', 'tcp://[::1]:5001'],
  ['tcp', 'kernel.example', 'tcp://kernel.example:5001'],
  ['ipc', '/run/kernel', 'ipc:///run/kernel-5001'],
] as const)('a socket of transport %s at %s is found at %s', (transport, ip, address) => {
  expect(socketAddress({ transport, ip } as ConnectionInfo, 5001)).toBe(address);
});
