import type { BigIntStats } from 'node:fs';
import { stat } from 'node:fs/promises';

/** A file system may note a file's time no finer than this; a network file system's clock may lag a little. */
const SETTLED_AFTER_MS = 2_000;

/**
 * What a file or directory looks like from outside: it differs whenever the
 * file was changed, replaced or redirected. Null while the file is so young
 * that a second change could leave the same signature: then it must be read.
 */
export async function signatureOf(path: string, now: number): Promise<string | null> {
  const stats = await stat(path, { bigint: true });
  return settled(stats, now)
    ? [stats.dev, stats.ino, stats.size, stats.mtimeNs, stats.ctimeNs].join(':')
    : null;
}

function settled(stats: BigIntStats, now: number): boolean {
  const changedAt = Math.max(Number(stats.mtimeMs), Number(stats.ctimeMs));
  return changedAt < now - SETTLED_AFTER_MS;
}
