/**
 * Ports for local kernels. A port is tried by binding it, and kept from other
 * launches until its kernel is gone.
 */
import { createServer } from 'node:net';
import type { PortRange } from '../../machines/ports.ts';

/** Below what Linux and macOS hand out for outgoing connections, so that none of those takes it first. */
const OPEN_RANGE: PortRange = { low: 10_000, high: 32_000 };
/** Ports that are tried, for each one that is needed, before the range counts as full. */
const TRIES = 200;

export class PortAllocation {
  readonly #taken = new Set<number>();

  /** @throws Error when the range has not that many free ports */
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

  async #take(ip: string, low: number, high: number): Promise<number> {
    for (let tries = 0; tries < TRIES; tries += 1) {
      const port = low + Math.floor(Math.random() * (high - low + 1));
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      if (await isFree(ip, port)) return port;
      this.#taken.delete(port);
    }
    throw new Error(`no free port found between ${low} and ${high}`);
  }
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
