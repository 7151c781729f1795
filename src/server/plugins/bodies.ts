/** Bodies are JSON, whatever their Content-Type says: real clients send all kinds, and none. */
import { isUtf8 } from 'node:buffer';
import type { App } from '../fastify-app.ts';
import { HttpError } from '../http-error.ts';

export function readBodiesAsJson(app: App): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, async (_request: unknown, body: string | Buffer) => {
    if (!isUtf8(Buffer.from(body)))
      throw new HttpError(400, 'body: is not valid UTF-8.', 'Correct the request.');
    const text = String(body);
    if (text.trim() === '') return null;
    try {
      return JSON.parse(text) as unknown;
    } catch (cause) {
      throw new HttpError(
        400,
        `body: is not valid JSON: ${(cause as Error).message}`,
        'Correct the request.',
      );
    }
  });
  app.addHook('onRequest', async (request) => {
    delete request.raw.headers['content-type'];
  });
}
