/** Finds a port to listen on, as Jupyter servers do. */
import type { App } from './fastify-app.ts';

/** Ports next to the wanted one that are tried in order; further ones are chosen at random. */
const SEQUENTIAL = 5;

/** The wanted port, then `retries` others. */
export function* candidatePorts(
  port: number,
  retries: number,
  random: () => number = Math.random,
): Generator<number> {
  for (let each = 0; each <= Math.min(SEQUENTIAL, retries + 1) - 1; each += 1) yield port + each;
  for (let each = SEQUENTIAL; each <= retries; each += 1) {
    yield Math.max(1, Math.min(65_535, port + Math.floor((random() * 2 - 1) * 2 * retries)));
  }
}

/**
 * Listens on the first free port. @returns the port
 * @throws Error when none of the candidates is free, or the address is not ours
 */
export async function listen(app: App, ip: string, port: number, retries: number): Promise<number> {
  for (const candidate of candidatePorts(port, port === 0 ? 0 : retries)) {
    try {
      await app.listen({ host: ip, port: candidate });
      const address = app.server.address();
      return typeof address === 'object' && address !== null ? address.port : candidate;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error;
    }
  }
  throw new Error(
    retries === 0
      ? `port ${port} of ${ip} is in use: choose another by --port, or allow others by --port_retries`
      : `none of the ${retries + 1} ports tried from ${port} on is free: choose another by --port`,
  );
}
