/** Messages, JSON texts and frames of all kinds, for property tests. */
import fc from 'fast-check';
import type { ChannelName, KernelMessage } from '../../../src/adapters/channels/kernel-message.ts';

const bytes = fc.uint8Array({ maxLength: 64 }).map((array) => Buffer.from(array));

/** An object as JSON text, on one line. */
export const jsonObject: fc.Arbitrary<string> = fc
  .dictionary(fc.string(), fc.jsonValue({ depthSize: 'small' }), { maxKeys: 4 })
  .map((value) => JSON.stringify(value));

const header = fc
  .record({
    msg_id: fc.string({ minLength: 1 }),
    msg_type: fc.string({ minLength: 1 }),
    session: fc.string(),
    more: fc.jsonValue(),
  })
  .map((value) => Buffer.from(JSON.stringify(value)));

export function messageOn<Channel extends ChannelName>(
  ...channels: Channel[]
): fc.Arbitrary<KernelMessage & { channel: Channel }> {
  const part = jsonObject.map((text) => Buffer.from(text));
  return fc.record({
    channel: fc.constantFrom(...channels),
    header,
    parentHeader: part,
    metadata: part,
    content: part,
    buffers: fc.array(bytes, { maxLength: 4 }),
  });
}

/** JSON text with white space wherever it may stand; its top level is an object. */
export const spacedJson: fc.Arbitrary<string> = fc
  .tuple(jsonObject, fc.array(fc.constantFrom('', ' ', '\n', '\t', '\r\n  '), { minLength: 1, maxLength: 8 }))
  .map(([text, spaces]) => spacedOut(text, spaces));

/** Puts white space around every token outside of strings. */
function spacedOut(json: string, spaces: string[]): string {
  let turn = 0;
  const space = () => spaces[turn++ % spaces.length] as string;
  return json.replace(
    /"(?:[^"\\]|\\.)*"|[^\s"[\]{},:]+|[[\]{},:]/g,
    (token) => `${space()}${token}${space()}`,
  );
}

/** JSON text with a few bytes replaced, removed or inserted. */
export const mutatedJson: fc.Arbitrary<Buffer> = fc
  .tuple(
    spacedJson,
    fc.array(
      fc.record({
        at: fc.nat(),
        remove: fc.nat({ max: 3 }),
        insert: fc.constantFrom(
          '',
          '"',
          '\\',
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '0',
          '-',
          '.',
          'e',
          'null',
          '\n',
          'é',
        ),
      }),
      { minLength: 1, maxLength: 3 },
    ),
  )
  .map(([text, edits]) => {
    let mutated = text;
    for (const { at, remove, insert } of edits) {
      const position = at % (mutated.length + 1);
      mutated = mutated.slice(0, position) + insert + mutated.slice(position + remove);
    }
    return Buffer.from(mutated);
  });
