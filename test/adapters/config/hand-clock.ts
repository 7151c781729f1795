import type { SchedulerAction, SchedulerLike, Subscription } from 'rxjs';
import { Subscription as Teardown } from 'rxjs';

/** A scheduler in which time passes when the test says so. Holds one waiting timer. */
export class HandClock implements SchedulerLike {
  #waiting = Promise.withResolvers<{ delay: number; run: () => void }>();

  now(): number {
    return 0;
  }

  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    const action = new Teardown() as SchedulerAction<T>;
    this.#waiting.resolve({ delay, run: () => work.call(action, state) });
    return action;
  }

  /** Resolves to the wait, in milliseconds, once a timer is set; the timer goes off only with {@link pass}. */
  async nextWait(): Promise<number> {
    return (await this.#waiting.promise).delay;
  }

  /** Lets the waiting timer go off. */
  async pass(): Promise<void> {
    const { run } = await this.#waiting.promise;
    this.#waiting = Promise.withResolvers();
    run();
  }
}
