/** Server-sent events as they come in, https://html.spec.whatwg.org/multipage/server-sent-events.html. */

export interface ReceivedEvent {
  type: string;
  id: string | null;
  data: unknown;
}

/** @throws SyntaxError when data is no JSON */
export async function* receivedEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<ReceivedEvent> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of bytes) {
    text += decoder.decode(chunk, { stream: true });
    const blocks = text.split(/\r?\n\r?\n/);
    text = blocks.pop() ?? '';
    for (const block of blocks) {
      const event = eventIn(block);
      if (event !== null) yield event;
    }
  }
}

/** Null for what tells nothing, such as a comment. */
function eventIn(block: string): ReceivedEvent | null {
  const fields = new Map<string, string>();
  for (const line of block.split(/\r?\n/)) {
    const [, name = '', value = ''] = /^([a-z]+): ?(.*)$/s.exec(line) ?? [];
    fields.set(name, fields.has(name) ? `${fields.get(name)}\n${value}` : value);
  }
  const data = fields.get('data');
  if (data === undefined) return null;
  return { type: fields.get('event') ?? 'message', id: fields.get('id') ?? null, data: JSON.parse(data) };
}
