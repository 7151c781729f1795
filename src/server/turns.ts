/** Work that takes a while, one piece in each turn of the event loop: whoever else waits is served in between. */
export class Turns {
  #last: Promise<void> = Promise.resolve();

  /** Resolves when all who came before have had their turn. */
  take(): Promise<void> {
    this.#last = this.#last.then(() => new Promise((resolve) => setImmediate(resolve)));
    return this.#last;
  }
}
