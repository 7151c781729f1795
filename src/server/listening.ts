/** Finds a port to listen on, as Jupyter servers do. */
import { candidatePorts } from '../adapters/handshake/candidate-ports.ts';
import type { App } from './fastify-app.ts';

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
