/**
 * The stream of the whole gateway: `overview` first, then `kernel`, `removed`,
 * `refused` and `gateway` as they change. A client that comes back is told what
 * it missed, or hears `reset` and the overview.
 */
import { eventText, type Feed } from './event-stream.ts';
import type { Change, Noticeboard } from './noticeboard.ts';
import { type Position, positionText } from './stream-position.ts';

const RESET = eventText({
  type: 'reset',
  data: JSON.stringify({ message: 'Changes in between are not known any more: all that is now follows.' }),
});

export class OverviewFeed implements Feed {
  readonly #run: string;
  readonly #board: Noticeboard;
  /** Null before the overview. */
  #revision: number | null;
  #isLost: boolean;

  constructor(run: string, board: Noticeboard, position: Position) {
    this.#run = run;
    this.#board = board;
    this.#isLost = position === 'unknown';
    this.#revision = typeof position === 'number' ? position : null;
  }

  onNews(callback: () => void): () => void {
    return this.#board.onNews(callback);
  }

  next(): string {
    if (this.#revision === null) return this.#overview();
    const changes = this.#board.changesAfter(this.#revision);
    if (changes === null) {
      this.#isLost = true;
      return this.#overview();
    }
    this.#revision = changes.at(-1)?.revision ?? this.#revision;
    return changes.map((change) => this.#text(change)).join('');
  }

  #overview(): string {
    const overview = JSON.stringify(this.#board.overview());
    this.#revision = this.#board.revision;
    const reset = this.#isLost ? RESET : '';
    this.#isLost = false;
    return `${reset}${eventText({ type: 'overview', id: this.#id(this.#revision), data: overview })}`;
  }

  #text({ revision, type, data }: Change): string {
    return eventText({ type, id: this.#id(revision), data: JSON.stringify(data) });
  }

  #id(revision: number): string {
    return positionText(this.#run, revision);
  }
}
