import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { PortAllocation } from '../../../src/adapters/local/port-allocation.ts';
import { FIRST_PORT } from './local-kernels.ts';

const IP = '127.0.0.1';

/** Takes a port, as another program does. */
async function occupy(port: number): Promise<void> {
  const server = createServer().listen({ host: IP, port });
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
  });
}

/** So many ports; ranges in this file may overlap, as its tests run one after the other. */
function ports(count: number): number[] {
  return Array.from({ length: count }, (_, index) => FIRST_PORT + index);
}

function rangeOf(count: number) {
  return { low: FIRST_PORT, high: FIRST_PORT + count - 1 };
}

it('ports are within the range, and each is given once', async () => {
  const allocation = new PortAllocation();
  const given = [];
  for (let round = 0; round < 4; round += 1) given.push(...(await allocation.allocate(5, IP, rangeOf(20))));
  expect(given.toSorted()).toEqual(ports(20));
});

it('a port that another program uses is passed over', async () => {
  const [first, second, third] = ports(3);
  await occupy(second as number);
  expect((await new PortAllocation().allocate(2, IP, rangeOf(3))).toSorted()).toEqual([first, third]);
});

it('a full range is an error that names it; what was taken on the way is given back', async () => {
  const allocation = new PortAllocation();
  await expect(allocation.allocate(5, IP, rangeOf(4))).rejects.toThrow(
    `no free port found between ${FIRST_PORT} and ${FIRST_PORT + 3}`,
  );
  expect(await allocation.allocate(4, IP, rangeOf(4))).toHaveLength(4);
});

it('ports are given again once they are released', async () => {
  const allocation = new PortAllocation();
  const [released = 0] = await allocation.allocate(3, IP, rangeOf(3));
  await expect(allocation.allocate(1, IP, rangeOf(3))).rejects.toThrow();
  allocation.release([released]);
  expect(await allocation.allocate(1, IP, rangeOf(3))).toEqual([released]);
});

it('ports of adopted kernels are not given to others', async () => {
  const allocation = new PortAllocation();
  allocation.adopt(ports(2));
  expect(await allocation.allocate(1, IP, rangeOf(3))).toEqual([FIRST_PORT + 2]);
});

it('without a range they are below those that the system gives to outgoing connections', async () => {
  const given = await new PortAllocation().allocate(50, IP, { low: 0, high: 0 });
  expect(Math.min(...given)).toBeGreaterThanOrEqual(10_000);
  expect(Math.max(...given)).toBeLessThanOrEqual(32_000);
});

it('two launches at the same time do not get the same port', async () => {
  const allocation = new PortAllocation();
  const both = await Promise.all([1, 2].map(() => allocation.allocate(10, IP, rangeOf(20))));
  expect(both.flat().toSorted()).toEqual(ports(20));
});
