/** Ends whatever the benchmark started, last first, however the benchmark itself ends. */
export class Cleanup {
  readonly #steps: (() => Promise<unknown> | unknown)[] = [];

  /** Adds a step. Returns a function that takes it now instead of at the end. */
  add(step: () => Promise<unknown> | unknown): () => Promise<void> {
    this.#steps.push(step);
    return async () => {
      const at = this.#steps.indexOf(step);
      if (at >= 0) {
        this.#steps.splice(at, 1);
        await step();
      }
    };
  }

  /** Takes all steps that are left. One that fails is told on stderr, and hinders no other. */
  async run(): Promise<void> {
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      try {
        await step();
      } catch (error) {
        console.error(`While cleaning up: ${String(error)}`);
      }
    }
  }
}
