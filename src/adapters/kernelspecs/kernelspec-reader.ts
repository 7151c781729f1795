/** Reads the kernelspec directories, and remembers what it has read. */
import { readdir, readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { KernelSpec, KernelSpecFile } from '../../machines/ports.ts';
import { signatureOf } from './file-signature.ts';
import { parseKernelJson } from './kernel-json.ts';
import { listResources } from './kernelspec-resources.ts';
import { ProblemLog, type ReportProblem } from './problem-log.ts';

/** What was last read from one `kernel.json`. */
interface Reading {
  /** Null: read it again. */
  signature: string | null;
  /** The last good version; null when there never was one. */
  spec: KernelSpecFile | null;
  problem: { reason: string; cause: string } | null;
}

const VALID_NAME = /^[a-z0-9._-]+$/i;

/**
 * Reads kernelspecs with a memory: a `kernel.json` is read again only when it
 * looks changed, the last good version of one that breaks is kept, and each
 * problem is reported once. One call of {@link readAll} at a time.
 */
export class KernelspecReader {
  readonly #problems: ProblemLog;
  #readings = new Map<string, Reading>();
  readonly #listings = new Map<string, string[]>();

  constructor(report: ReportProblem) {
    this.#problems = new ProblemLog(report);
  }

  /**
   * All kernelspecs, sorted by name. The first directory that has a name wins,
   * even with a broken file: what an operator puts in front must not silently
   * give way to something else. `beforeRead` is told of each directory right
   * before it is read.
   */
  async readAll(kernelDirs: readonly string[], beforeRead: (path: string) => void): Promise<KernelSpec[]> {
    const resourceDirs = await this.#findResourceDirs(kernelDirs, beforeRead);
    const known = this.#readings;
    this.#readings = new Map();
    const specs = await Promise.all(
      resourceDirs.map((resourceDir) => {
        beforeRead(resourceDir);
        return this.#readSpec(resourceDir, known.get(resourceDir));
      }),
    );
    this.#problems.endRound();
    return specs.filter((spec) => spec !== null);
  }

  async #findResourceDirs(
    kernelDirs: readonly string[],
    beforeRead: (path: string) => void,
  ): Promise<string[]> {
    const found = new Map<string, string>();
    for (const kernelDir of kernelDirs) {
      beforeRead(kernelDir);
      for (const directoryName of await this.#list(kernelDir)) {
        const name = directoryName.toLowerCase();
        const resourceDir = join(kernelDir, directoryName);
        if (found.has(name) || !(await exists(join(resourceDir, 'kernel.json')))) continue;
        if (VALID_NAME.test(name)) found.set(name, resourceDir);
        else this.#refuseName(resourceDir);
      }
    }
    return [...found].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, resourceDir]) => resourceDir);
  }

  /** Names in a directory; an unreachable one (a network share, say) keeps the names it had. */
  async #list(kernelDir: string): Promise<string[]> {
    let names: string[] = [];
    try {
      names = (await readdir(kernelDir)).sort();
    } catch (error) {
      if (!isMissing(error)) {
        names = this.#listings.get(kernelDir) ?? [];
        const reason = `cannot be read: ${(error as Error).message}`;
        this.#problems.add({ file: kernelDir, reason, name: null, lastGoodKept: names.length > 0 }, reason);
      }
    }
    this.#listings.set(kernelDir, names);
    return names;
  }

  #refuseName(resourceDir: string): void {
    const reason = 'is ignored: the name of a kernelspec consists of letters, digits, ".", "_" and "-"';
    this.#problems.add({ file: resourceDir, reason, name: null, lastGoodKept: false }, reason);
  }

  async #readSpec(resourceDir: string, known: Reading | undefined): Promise<KernelSpec | null> {
    const directoryName = basename(resourceDir);
    const name = directoryName.toLowerCase();
    const file = join(resourceDir, 'kernel.json');
    const reading = await readKernelJson(file, name, known);
    if (reading === null) return null;
    this.#readings.set(resourceDir, reading);
    if (reading.problem) {
      const { reason, cause } = reading.problem;
      this.#problems.add({ file, reason, name, lastGoodKept: reading.spec !== null }, cause);
    }
    if (reading.spec === null) return null;
    return {
      name,
      directoryName,
      resourceDir,
      spec: reading.spec,
      resources: await listResources(resourceDir),
    };
  }
}

/** What the file says now; null when it is gone. */
async function readKernelJson(
  file: string,
  name: string,
  known: Reading | undefined,
): Promise<Reading | null> {
  try {
    const signature = await signatureOf(file, Date.now());
    if (known && signature !== null && known.signature === signature) return known;
    return readText(await readFile(file, 'utf8'), name, signature, known);
  } catch (error) {
    if (isMissing(error)) return null;
    const reason = `cannot be read: ${(error as Error).message}`;
    return { signature: null, spec: known?.spec ?? null, problem: { reason, cause: reason } };
  }
}

function readText(text: string, name: string, signature: string | null, known: Reading | undefined): Reading {
  try {
    return { signature, spec: parseKernelJson(text, name), problem: null };
  } catch (error) {
    const reason = (error as Error).message;
    return { signature, spec: known?.spec ?? null, problem: { reason, cause: text } };
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    // One that is there but cannot be reached has a problem to report.
    return !isMissing(error);
  }
}

function isMissing(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === 'ENOENT' || code === 'ENOTDIR';
}
