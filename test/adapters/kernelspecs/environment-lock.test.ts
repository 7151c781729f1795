import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { withLock } from '../../../src/adapters/kernelspecs/environment-lock.ts';
import { temporaryDir, write } from './fixtures.ts';

/** The id of a process that has ended. */
const deadPid = spawnSync('/bin/sh', ['-c', 'exit 0']).pid;

async function setUp() {
  const root = await temporaryDir();
  const lock = join(root, 'python.lock');
  const heldBy = (owner: object | string) => write(join(lock, 'owner.json'), owner);
  return { root, lock, heldBy };
}

/** Work that notices when it is done twice at the same time. */
function exclusiveWork(root: string) {
  let inside = 0;
  let highest = 0;
  const work = async () => {
    inside += 1;
    highest = Math.max(highest, inside);
    await readdir(root);
    inside -= 1;
  };
  return { work, most: () => highest };
}

describe('the lock', () => {
  test('lets one in at a time and leaves nothing behind', async () => {
    const { root, lock } = await setUp();
    const { work, most } = exclusiveWork(root);
    await Promise.all(Array.from({ length: 10 }, () => withLock(lock, { pollMs: 1 }, work)));
    expect(most()).toBe(1);
    expect(await readdir(root)).toEqual([]);
  });

  test('is released when the work fails', async () => {
    const { root, lock } = await setUp();
    const failing = withLock(lock, {}, () => Promise.reject(new Error('work')));
    await expect(failing).rejects.toThrow('work');
    expect(await readdir(root)).toEqual([]);
  });

  test.each([
    ['a process that has ended', { token: 'a', pid: deadPid, host: hostname(), since: Date.now() }],
    [
      'an earlier process with the same id',
      { token: 'a', pid: process.pid, host: hostname(), since: Date.now() },
    ],
    ['another host, long ago', { token: 'a', pid: 1, host: 'elsewhere', since: Date.now() - 3_600_000 }],
    ['nobody who could be read', ''],
  ])('is taken over from %s', async (_who, owner) => {
    const { root, lock, heldBy } = await setUp();
    await heldBy(owner);
    const onWait = () => expect.unreachable('waited for a lock of nobody');
    expect(await withLock(lock, { onWait }, async () => existsSync(lock))).toBe(true);
    expect(await readdir(root)).toEqual([]);
  });

  test('is taken over by one of many that see the same stale lock', async () => {
    const { root, lock, heldBy } = await setUp();
    const { work, most } = exclusiveWork(root);
    for (let round = 0; round < 10; round += 1) {
      await heldBy({ token: 'a', pid: deadPid, host: hostname(), since: Date.now() });
      await Promise.all(Array.from({ length: 10 }, () => withLock(lock, { pollMs: 1 }, work)));
    }
    expect(most()).toBe(1);
    expect(await readdir(root)).toEqual([]);
  });

  test.each([
    ['a living process', { token: 'a', pid: process.ppid, host: hostname(), since: Date.now() }],
    ['another host, a moment ago', { token: 'a', pid: deadPid, host: 'elsewhere', since: Date.now() }],
  ])('of %s is waited for, and the waiting can be ended', async (_who, owner) => {
    const { root, lock, heldBy } = await setUp();
    await heldBy(owner);
    const controller = new AbortController();
    const waiting = withLock(
      lock,
      { pollMs: 1, signal: controller.signal, onWait: () => controller.abort() },
      () => expect.unreachable('got a lock that is held'),
    );
    await expect(waiting).rejects.toThrow(/abort/i);
    expect(await readdir(root)).toEqual(['python.lock']);
  });
});
