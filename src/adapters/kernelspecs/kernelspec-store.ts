/** The kernelspecs on the kernel path, as they are now. */
import type { KernelSpec } from '../../machines/ports.ts';
import { DirectoryWatch } from './directory-watch.ts';
import { KernelspecReader } from './kernelspec-reader.ts';
import type { ReportProblem } from './problem-log.ts';

export interface KernelspecStoreOptions {
  /** Directories that hold kernelspecs, as absolute paths; the first that has a name wins. */
  kernelDirs: readonly string[];
  /** Hears of everything on the kernel path that cannot be used, once for each change. */
  report: ReportProblem;
  /**
   * Answer from memory until a watched directory changes. Not seen then: what another host changes on a
   * network share, and what changes behind a link to a single file.
   */
  cacheEnabled?: boolean;
  /** Offered as `python3` when no directory has one. */
  nativeKernel?: KernelSpec | null;
}

/**
 * Lists kernelspecs. Without the cache every call looks at the directories,
 * and reads those files again that look changed; with it, only a change in a
 * watched directory leads to another look.
 */
export class KernelspecStore {
  readonly #options: KernelspecStoreOptions;
  readonly #reader: KernelspecReader;
  #kernelDirs: readonly string[];
  #running: Promise<KernelSpec[]> | null = null;
  #following: Promise<KernelSpec[]> | null = null;
  #cached: { specs: KernelSpec[]; watch: DirectoryWatch } | null = null;
  #closed = false;

  constructor(options: KernelspecStoreOptions) {
    this.#options = options;
    this.#kernelDirs = options.kernelDirs;
    this.#reader = new KernelspecReader(options.report);
  }

  /** All usable kernelspecs, sorted by name. Never rejects because of what lies in the directories. */
  async list(): Promise<KernelSpec[]> {
    if (this.#cached && !this.#cached.watch.changed) return this.#cached.specs;
    return this.#readLater();
  }

  /** The kernelspec of that name, in any spelling of upper and lower case; null when there is none. */
  async get(name: string): Promise<KernelSpec | null> {
    const wanted = name.toLowerCase();
    return (await this.list()).find((spec) => spec.name === wanted) ?? null;
  }

  /** Searches another directory from now on: after all others, or before them. */
  addKernelDir(directory: string, position: 'first' | 'last' = 'last'): void {
    const others = this.#kernelDirs.filter((known) => known !== directory);
    this.#kernelDirs = position === 'first' ? [directory, ...others] : [...others, directory];
    this.#dropCache();
  }

  /** Lets go of all watchers. Listing still works, without the cache. */
  close(): void {
    this.#closed = true;
    this.#dropCache();
  }

  /**
   * One reading at a time. Who asks while one is under way gets the next one,
   * shared with all others who ask meanwhile: it sees every change made before
   * the question.
   */
  #readLater(): Promise<KernelSpec[]> {
    if (this.#running === null) return this.#readNow();
    this.#following ??= this.#running.then(
      () => this.#readFollowing(),
      () => this.#readFollowing(),
    );
    return this.#following;
  }

  #readFollowing(): Promise<KernelSpec[]> {
    this.#following = null;
    return this.#readNow();
  }

  #readNow(): Promise<KernelSpec[]> {
    this.#running = this.#read().finally(() => {
      this.#running = null;
    });
    return this.#running;
  }

  async #read(): Promise<KernelSpec[]> {
    this.#dropCache();
    const watch = this.#options.cacheEnabled && !this.#closed ? new DirectoryWatch() : null;
    const kernelDirs = this.#kernelDirs;
    const specs = this.#withNativeKernel(await this.#reader.readAll(kernelDirs, (path) => watch?.add(path)));
    if (watch && !this.#closed && kernelDirs === this.#kernelDirs) this.#cached = { specs, watch };
    else watch?.close();
    return specs;
  }

  #withNativeKernel(specs: KernelSpec[]): KernelSpec[] {
    const native = this.#options.nativeKernel;
    if (!native || specs.some((spec) => spec.name === native.name)) return specs;
    return [...specs, native].sort((a, b) => (a.name < b.name ? -1 : 1));
  }

  #dropCache(): void {
    this.#cached?.watch.close();
    this.#cached = null;
  }
}

/** Whether the operator allows the kernelspec, for listing, fetching and launching alike. An empty list allows all. */
export function isAllowed(name: string, allowedKernels: readonly string[] | null | undefined): boolean {
  if (!allowedKernels || allowedKernels.length === 0) return true;
  const wanted = name.toLowerCase();
  return allowedKernels.some((allowed) => allowed.toLowerCase() === wanted);
}
