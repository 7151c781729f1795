/** What a watch sends: one JSON object a line, cut into chunks anywhere. */
import { ClusterError, type KubernetesObject } from './cluster.ts';

export type WatchEvent =
  | { type: 'ADDED' | 'MODIFIED' | 'DELETED'; object: KubernetesObject }
  | { type: 'BOOKMARK'; object: { metadata: { resourceVersion: string } } }
  | { type: 'ERROR'; object: Record<string, unknown> };

/** Bytes. etcd takes no object above 1.5 MiB; what is longer than this is none. */
const LONGEST_LINE = 32 * 1024 * 1024;
const NEWLINE = 0x0a;

/** Puts lines together again. Splits bytes, not text: a chunk may end within a character. */
export class LineReader {
  #parts: Buffer[] = [];
  #length = 0;

  /** The lines that end in this chunk, without those that are empty. @throws ClusterError when a line has no end */
  push(chunk: Buffer): string[] {
    const lines: string[] = [];
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
      lines.push(this.#completed(chunk.subarray(start, end)));
      start = end + 1;
    }
    this.#keep(chunk.subarray(start));
    return lines.filter((line) => line.trim() !== '');
  }

  #completed(rest: Buffer): string {
    const line = Buffer.concat([...this.#parts, rest]).toString('utf8');
    this.#parts = [];
    this.#length = 0;
    return line;
  }

  #keep(rest: Buffer): void {
    if (rest.length === 0) return;
    this.#parts.push(rest);
    this.#length += rest.length;
    if (this.#length > LONGEST_LINE) {
      throw new ClusterError(null, '', 'the Kubernetes API server sent an event without end');
    }
  }
}

/** @throws ClusterError when it is no event of a watch */
export function parseWatchEvent(line: string): WatchEvent {
  try {
    const event: unknown = JSON.parse(line);
    if (isWatchEvent(event)) return event;
  } catch (error) {
    throw notUnderstood(error);
  }
  throw notUnderstood();
}

function isWatchEvent(value: unknown): value is WatchEvent {
  if (!isRecord(value) || !isRecord(value['object'])) return false;
  if (value['type'] === 'ERROR') return true;
  const metadata = value['object']['metadata'];
  if (!isRecord(metadata) || typeof metadata['resourceVersion'] !== 'string') return false;
  if (value['type'] === 'BOOKMARK') return true;
  const isChange = ['ADDED', 'MODIFIED', 'DELETED'].includes(String(value['type']));
  return isChange && typeof metadata['name'] === 'string';
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function notUnderstood(cause?: unknown): ClusterError {
  const message = 'the Kubernetes API server sent something in a watch that is no event';
  return new ClusterError(null, '', message, { cause });
}
