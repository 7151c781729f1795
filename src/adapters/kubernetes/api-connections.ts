/** Connections to the API server, kept open between requests. */

import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { isDeepStrictEqual } from 'node:util';
import type { Credentials } from './cluster-config.ts';

/** Each new one costs a millisecond or two of computing: a burst of launches shares those that there are. */
const MOST_CONNECTIONS = 24;
/** Milliseconds: what was idle for longer may have been forgotten by something on the way. */
const LONGEST_IDLE = 20_000;
const KEEP_ALIVE_DELAY = 1000;

/**
 * The library makes a connection of its own for each request, TLS handshake
 * included, and keeps using a client certificate after it was renewed. This
 * one keeps connections for as long as the TLS credentials stay the same.
 */
export class ApiConnections {
  readonly #isSecure: boolean;
  #tls: Credentials['tls'] = {};
  #agent: HttpAgent;

  constructor(server: string) {
    this.#isSecure = server.startsWith('https:');
    this.#agent = this.#newAgent();
  }

  agentFor({ tls, proxyAgent }: Credentials): HttpAgent {
    if (proxyAgent !== null) return proxyAgent;
    if (!isDeepStrictEqual(tls, this.#tls)) {
      this.dropIdle();
      this.#tls = tls;
      this.#agent = this.#newAgent();
    }
    return this.#agent;
  }

  /** After one connection was found dead, others that nothing has passed through since may be so, too. */
  dropIdle(): void {
    for (const sockets of Object.values(this.#agent.freeSockets)) {
      for (const socket of sockets ?? []) socket.destroy();
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #newAgent(): HttpAgent {
    const options = {
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_DELAY,
      timeout: LONGEST_IDLE,
      maxSockets: MOST_CONNECTIONS,
    };
    return this.#isSecure ? new HttpsAgent({ ...options, ...this.#tls }) : new HttpAgent(options);
  }
}
