/**
 * Ports for local kernels. A port is tried by binding it, and kept from other
 * launches until its kernel is gone.
 */
import { createServer } from 'node:net';
import { KernelFailure } from '../../machines/failure.ts';
import type { PortRange } from '../../machines/ports.ts';

/** Below what Linux and macOS hand out for outgoing connections, so that none of those takes it first. */
const OPEN_RANGE: PortRange = { low: 10_000, high: 32_000 };

export class PortAllocation {
  readonly #taken = new Set<number>();

  /** @throws KernelFailure `POD_CREATION_FAILED` when the range has not that many free ports */
  async allocate(count: number, ip: string, range: PortRange): Promise<number[]> {
    const { low, high } = range.low === range.high ? OPEN_RANGE : range;
    const ports: number[] = [];
    try {
      while (ports.length < count) ports.push(await this.#take(ip, low, high));
    } catch (error) {
      this.release(ports);
      throw error;
    }
    return ports;
  }

  /** Marks ports as taken that a kernel of an earlier gateway uses. */
  adopt(ports: readonly number[]): void {
    for (const port of ports) this.#taken.add(port);
  }

  release(ports: readonly number[]): void {
    for (const port of ports) this.#taken.delete(port);
  }

  /** Begins anywhere, so that several gateways don't ask for the same ones, and goes once around the range. */
  async #take(ip: string, low: number, high: number): Promise<number> {
    const size = high - low + 1;
    const start = Math.floor(Math.random() * size);
    for (let step = 0; step < size; step += 1) {
      const port = low + ((start + step) % size);
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      if (await isFree(ip, port)) return port;
      this.#taken.delete(port);
    }
    throw new KernelFailure({
      code: 'POD_CREATION_FAILED',
      message: `no free port found between ${low} and ${high}: a kernel needs five.`,
      hint: 'Shut kernels down, or widen the port range (EG_PORT_RANGE, or port_range of the kernelspec).',
    });
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
