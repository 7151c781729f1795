/** A way to a server on which connections can go dead: still open, and nothing passes any more. */
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

export class FreezingProxy {
  readonly #server;
  readonly #connections = new Set<[Socket, Socket]>();
  #opened = Promise.withResolvers<void>();

  constructor({ hostname, port }: URL) {
    this.#server = createServer((near) => {
      const far = connect(Number(port || 443), hostname);
      const pair: [Socket, Socket] = [near, far];
      this.#connections.add(pair);
      for (const socket of pair) {
        socket.on('error', () => {});
        socket.once('close', () => {
          for (const each of pair) each.destroy();
          this.#connections.delete(pair);
        });
      }
      near.pipe(far).pipe(near);
      this.#opened.resolve();
    });
  }

  async listen(): Promise<this> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.listen(0, '127.0.0.1', resolve);
    await promise;
    return this;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Resolves when a connection is made, or has been made since the last freeze. */
  get opened(): Promise<void> {
    return this.#opened.promise;
  }

  /** All connections of this moment; those that come later work. */
  freeze(): void {
    this.#opened = Promise.withResolvers();
    for (const [near, far] of this.#connections) {
      near.unpipe(far).pause();
      far.unpipe(near).pause();
    }
  }

  async close(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    for (const pair of this.#connections) for (const socket of pair) socket.destroy();
    await promise;
  }
}
