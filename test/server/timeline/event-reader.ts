/** Server-sent events as a client gets them. */
import type { Readable } from 'node:stream';
import { Mailbox } from '../../adapters/channels/mailbox.ts';

export interface ReceivedEvent {
  type: string;
  id: string | undefined;
  // biome-ignore lint/suspicious/noExplicitAny: what was sent is what the test is about
  data: any;
}

export class EventReader {
  readonly events = new Mailbox<ReceivedEvent>();
  /** Resolves when the stream is over. */
  readonly ended: Promise<void>;
  readonly #stream: Readable;

  constructor(stream: Readable) {
    this.#stream = stream;
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const blocks = text.split('\n\n');
      text = blocks.pop() ?? '';
      for (const block of blocks) this.#read(block);
    });
    this.ended = new Promise((resolve) => {
      stream.once('close', resolve).on('error', () => {});
    });
  }

  /** The next one of this type; those before it are passed over. */
  async next(type: string, fits: (event: ReceivedEvent) => boolean = () => true): Promise<ReceivedEvent> {
    return this.events.next((event) => event.type === type && fits(event));
  }

  get types(): string[] {
    return this.events.items.map(({ type }) => type);
  }

  /** Of the last event that had one. */
  get lastId(): string {
    return this.events.items.findLast(({ id }) => id !== undefined)?.id ?? '';
  }

  close(): void {
    this.#stream.destroy();
  }

  #read(block: string): void {
    const fields = new Map(
      block.split('\n').map((line) => [line.split(': ', 1)[0], line.replace(/^.*?: /, '')]),
    );
    const type = fields.get('event');
    if (type !== undefined) {
      this.events.push({ type, id: fields.get('id'), data: JSON.parse(fields.get('data') ?? 'null') });
    }
  }
}
