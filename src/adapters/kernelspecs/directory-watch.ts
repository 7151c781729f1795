import { type FSWatcher, statSync, watch } from 'node:fs';

/**
 * Tells whether anything happened in a set of directories since they were
 * added. Watchers do not keep the process alive. Where watching is impossible
 * (no such directory, no watchers left, a link that is redirected), the
 * directory's identity is compared instead, or everything counts as changed.
 */
export class DirectoryWatch {
  readonly #watchers: FSWatcher[] = [];
  readonly #identities = new Map<string, string>();
  #changed = false;

  /** Adds a directory, which need not exist. Call it before reading the directory. */
  add(path: string): void {
    const identity = identityOf(path);
    this.#identities.set(path, identity);
    if (identity === MISSING) return;
    try {
      const watcher = watch(path, { persistent: false }, () => this.#noteChange());
      watcher.on('error', () => this.#noteChange());
      this.#watchers.push(watcher);
    } catch {
      this.#noteChange();
    }
  }

  get changed(): boolean {
    if (this.#changed) return true;
    for (const [path, identity] of this.#identities) {
      if (identityOf(path) !== identity) this.#noteChange();
    }
    return this.#changed;
  }

  close(): void {
    for (const watcher of this.#watchers.splice(0)) watcher.close();
  }

  #noteChange(): void {
    this.#changed = true;
  }
}

const MISSING = 'missing';

/** Which directory the path leads to: another one after a rename or a redirected link. */
function identityOf(path: string): string {
  const stats = statSync(path, { throwIfNoEntry: false, bigint: true });
  return stats?.isDirectory() ? `${stats.dev}:${stats.ino}` : MISSING;
}
