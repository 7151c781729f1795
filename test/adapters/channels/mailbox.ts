/** What arrives, in order, for a test that waits for it. */
export class Mailbox<Item> {
  /** All that ever arrived. */
  readonly items: Item[] = [];
  #read = 0;
  #waiting: (() => void)[] = [];

  push(item: Item): void {
    this.items.push(item);
    const woken = this.#waiting;
    this.#waiting = [];
    for (const wake of woken) wake();
  }

  /** The first item, not taken before, that fits; those before it are passed over. */
  async next(fits: (item: Item) => boolean = () => true): Promise<Item> {
    for (;;) {
      while (this.#read < this.items.length) {
        const item = this.items[this.#read++] as Item;
        if (fits(item)) return item;
      }
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  /** Resolves once so many have arrived, and takes none. */
  async count(wanted: number): Promise<void> {
    while (this.items.length < wanted) await new Promise<void>((resolve) => this.#waiting.push(resolve));
  }
}
