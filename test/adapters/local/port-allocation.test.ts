import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { PortAllocation } from '../../../src/adapters/local/port-allocation.ts';

const IP = '127.0.0.1';

/** Takes a port, as another program does. */
async function occupy(port: number): Promise<void> {
  const server = createServer().listen({ host: IP, port });
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
}

it('ports are within the range, and each is given once', async () => {
  const allocation = new PortAllocation();
  const range = { low: 28_000, high: 28_019 };
  const ports = [];
  for (let count = 0; count < 4; count += 1) ports.push(...(await allocation.allocate(5, IP, range)));
  expect(ports.toSorted()).toEqual(Array.from({ length: 20 }, (_, index) => 28_000 + index));
});

it('a port that another program uses is passed over', async () => {
  await occupy(28_102);
  const ports = await new PortAllocation().allocate(4, IP, { low: 28_100, high: 28_104 });
  expect(ports.toSorted()).toEqual([28_100, 28_101, 28_103, 28_104]);
});

it('a full range is an error that names it; what was taken on the way is given back', async () => {
  const allocation = new PortAllocation();
  const range = { low: 28_200, high: 28_203 };
  await expect(allocation.allocate(5, IP, range)).rejects.toThrow(
    'no free port found between 28200 and 28203',
  );
  expect(await allocation.allocate(4, IP, range)).toHaveLength(4);
});

it('ports are given again once they are released', async () => {
  const allocation = new PortAllocation();
  const range = { low: 28_300, high: 28_302 };
  const ports = await allocation.allocate(3, IP, range);
  await expect(allocation.allocate(1, IP, range)).rejects.toThrow();
  allocation.release(ports.slice(0, 1));
  expect(await allocation.allocate(1, IP, range)).toEqual(ports.slice(0, 1));
});

it('ports of adopted kernels are not given to others', async () => {
  const allocation = new PortAllocation();
  allocation.adopt([28_400, 28_401]);
  expect(await allocation.allocate(1, IP, { low: 28_400, high: 28_402 })).toEqual([28_402]);
});

it('without a range they are below those that the system gives to outgoing connections', async () => {
  const ports = await new PortAllocation().allocate(50, IP, { low: 0, high: 0 });
  expect(Math.min(...ports)).toBeGreaterThanOrEqual(10_000);
  expect(Math.max(...ports)).toBeLessThanOrEqual(32_000);
});

it('two launches at the same time do not get the same port', async () => {
  const allocation = new PortAllocation();
  const range = { low: 28_500, high: 28_519 };
  const both = await Promise.all([allocation.allocate(10, IP, range), allocation.allocate(10, IP, range)]);
  expect(new Set(both.flat()).size).toBe(20);
});
