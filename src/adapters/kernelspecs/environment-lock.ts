/** Keeps two gateways from making the same environment at once. */
import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

interface Owner {
  token: string;
  pid: number;
  host: string;
  /** Milliseconds since the epoch. */
  since: number;
}

export interface LockOptions {
  /** Called once when somebody else holds the lock. */
  onWait?: () => void;
  signal?: AbortSignal;
  pollMs?: number;
}

/** No one takes that long to make an environment: whoever holds the lock then is gone, whatever its host. */
const STALE_AFTER_MS = 45 * 60_000;
const POLL_MS = 500;
const OWNER_FILE = 'owner.json';
const TAKEOVER_MS = 10_000;

/** A process id alone does not tell: after a restart in a container the new gateway often has the old one's. */
const heldHere = new Set<string>();

/**
 * Runs `work` while holding the lock, a directory that is made at `path`. Waits
 * for another holder that is alive; takes over from one that is not.
 * @throws the signal's reason when it is aborted while waiting
 */
export async function withLock<T>(path: string, options: LockOptions, work: () => Promise<T>): Promise<T> {
  const token = await acquire(path, options);
  try {
    return await work();
  } finally {
    // In this order: a lock whose token is not held here counts as stale.
    await moveAway(path, token).finally(() => heldHere.delete(token));
  }
}

async function acquire(path: string, { onWait, signal, pollMs = POLL_MS }: LockOptions): Promise<string> {
  const token = randomUUID();
  heldHere.add(token);
  try {
    for (let told = false; !(await tryAcquire(path, token)); ) {
      if (await takeAwayStale(path, token)) continue;
      if (!told) onWait?.();
      told = true;
      await delay(pollMs, undefined, { signal });
    }
    return token;
  } catch (error) {
    heldHere.delete(token);
    throw error;
  }
}

/** A directory that already names its owner is moved into place: there is no moment with a lock of nobody. */
async function tryAcquire(path: string, token: string): Promise<boolean> {
  const prepared = `${path}-${token}`;
  const owner: Owner = { token, pid: process.pid, host: hostname(), since: Date.now() };
  await mkdir(prepared);
  try {
    await writeFile(join(prepared, OWNER_FILE), JSON.stringify(owner));
    await rename(prepared, path);
    return true;
  } catch (error) {
    await rm(prepared, { recursive: true, force: true });
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOTEMPTY' || code === 'EEXIST') return false;
    throw error;
  }
}

/**
 * Looking whether the lock is stale and moving it away must be one step, or a
 * second gateway that has seen the same stale lock would carry off the lock of
 * the first: only one at a time may try.
 */
async function takeAwayStale(path: string, token: string): Promise<boolean> {
  const owner = await readOwner(path);
  if (owner === null || !isStale(owner)) return false;
  const attempt = `${path}-takeover`;
  if (!(await beginTakeover(attempt))) return false;
  try {
    const stillThere = (await readOwner(path))?.token === owner.token;
    if (stillThere) await moveAway(path, token);
    return stillThere;
  } finally {
    await rm(attempt, { recursive: true, force: true });
  }
}

async function beginTakeover(attempt: string): Promise<boolean> {
  try {
    await mkdir(attempt);
    return true;
  } catch {
    // Whoever made it needs milliseconds, unless it was killed in between.
    const stats = await stat(attempt).catch(() => null);
    if (stats && Date.now() - stats.mtimeMs > TAKEOVER_MS)
      await rm(attempt, { recursive: true, force: true });
    return false;
  }
}

/** Removes a lock in one step: emptied in place, it could be taken by somebody else before it is gone. */
async function moveAway(path: string, token: string): Promise<void> {
  const removed = `${path}-${token}-removed`;
  await rename(path, removed).catch(unlessMissing);
  await rm(removed, { recursive: true, force: true });
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** Null when the lock has been released in the meantime. */
async function readOwner(path: string): Promise<Owner | null> {
  try {
    return JSON.parse(await readFile(join(path, OWNER_FILE), 'utf8')) as Owner;
  } catch (error) {
    // A machine that went down may leave an empty file: a lock of nobody.
    return error instanceof SyntaxError ? { token: 'unreadable', pid: 0, host: '', since: 0 } : null;
  }
}

function isStale(owner: Owner): boolean {
  if (Date.now() - owner.since > STALE_AFTER_MS) return true;
  if (owner.host !== hostname()) return false;
  return owner.pid === process.pid ? !heldHere.has(owner.token) : !isAlive(owner.pid);
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
