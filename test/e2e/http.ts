/**
 * Requests exactly as written: unlike `fetch`, nothing adds a Content-Type or
 * tidies a path. One connection for each, as Jupyter Server does it.
 */
import { type IncomingHttpHeaders, request } from 'node:http';

export interface Request {
  method?: string;
  headers?: Record<string, string>;
  /** An object is sent as JSON text, but without a Content-Type unless `headers` names one. */
  body?: unknown;
}

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  bytes: Buffer;
  text: string;
  // biome-ignore lint/suspicious/noExplicitAny: what the server sent is what the test is about
  json: any;
}

/** `path` goes into the request line as it is. `json` is undefined when the body is not JSON. */
export function send(origin: string, path: string, options: Request = {}): Promise<Answer> {
  const { hostname, port } = new URL(origin);
  const body = bodyOf(options.body);
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        hostname,
        port,
        path,
        method: options.method ?? 'GET',
        headers: { ...options.headers },
        agent: false,
      },
      (incoming) => {
        const chunks: Buffer[] = [];
        incoming.on('data', (chunk: Buffer) => chunks.push(chunk));
        incoming.on('error', reject);
        incoming.on('end', () => {
          const bytes = Buffer.concat(chunks);
          const text = bytes.toString();
          const status = incoming.statusCode ?? 0;
          resolve({ status, headers: incoming.headers, bytes, text, json: parsed(text) });
        });
      },
    );
    outgoing.setTimeout(60_000, () =>
      outgoing.destroy(new Error(`${options.method ?? 'GET'} ${path}: no answer in 60 s`)),
    );
    outgoing.on('error', reject);
    if (body !== undefined) outgoing.setHeader('Content-Length', body.length);
    outgoing.end(body);
  });
}

function bodyOf(body: unknown): Buffer | undefined {
  if (body === undefined) return undefined;
  if (Buffer.isBuffer(body)) return body;
  return Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
