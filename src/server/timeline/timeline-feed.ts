/**
 * The stream of one timeline: `timeline` says whose it is; then each `entry`,
 * with `phases` whenever these have changed; `end` is the last. A client whose
 * position is not known any more hears `reset`, and all that is kept.
 */
import { eventText, type Feed } from './event-stream.ts';
import { type Position, positionText } from './stream-position.ts';
import type { Timeline } from './timeline.ts';

/** Characters that are handed out at once. */
const PORTION = 64 * 1024;

export interface TimelineFeedOptions {
  run: string;
  timeline: Timeline;
  /** What the stream begins with: an object, as JSON. */
  head: object;
  now(): number;
}

const RESET = eventText({
  type: 'reset',
  data: JSON.stringify({ message: 'Events in between are not known any more: what is known follows.' }),
});

export class TimelineFeed implements Feed {
  readonly #options: TimelineFeedOptions;
  #position: number;
  #isAtStart = true;
  #isAtEnd = false;
  #isLost: boolean;
  #phases = '';

  constructor(options: TimelineFeedOptions, position: Position) {
    this.#options = options;
    this.#isLost = position === 'unknown';
    this.#position = typeof position === 'number' ? position : 0;
  }

  onNews(callback: () => void): () => void {
    return this.#options.timeline.onNews(callback);
  }

  next(): string | null {
    if (this.#isAtEnd) return null;
    const { timeline } = this.#options;
    const text = [this.#start(), this.#reset(), this.#entries(), this.#phasesNow()].join('');
    if (timeline.ending === null || this.#position < timeline.log.lastId) return text;
    this.#isAtEnd = true;
    return `${text}${eventText({ type: 'end', data: JSON.stringify(timeline.ending) })}`;
  }

  #start(): string {
    if (!this.#isAtStart) return '';
    this.#isAtStart = false;
    return eventText({ type: 'timeline', data: JSON.stringify(this.#options.head) });
  }

  #reset(): string {
    const { droppedId } = this.#options.timeline.log;
    const hasMissed = this.#position > 0 && this.#position < droppedId;
    if (!hasMissed && !this.#isLost) return '';
    this.#isLost = false;
    this.#position = 0;
    return RESET;
  }

  #entries(): string {
    const { run, timeline } = this.#options;
    let text = '';
    for (const { id, json } of timeline.log.after(this.#position)) {
      if (text.length > PORTION) break;
      text += eventText({ type: 'entry', id: positionText(run, id), data: json });
      this.#position = id;
    }
    return text;
  }

  /** Those that go on change with time alone: that is nothing new. */
  #phasesNow(): string {
    const phases = this.#options.timeline.phases.list(this.#options.now());
    const shape = JSON.stringify(phases.map(({ phase, from, to, steps }) => [phase, from, to, steps.length]));
    if (shape === this.#phases) return '';
    this.#phases = shape;
    return eventText({ type: 'phases', data: JSON.stringify(phases) });
  }
}
