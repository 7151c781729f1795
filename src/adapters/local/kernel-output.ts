/**
 * What kernels write to stdout and stderr. They write to files, not to pipes,
 * because a pipe would break with the gateway's end and take the kernel along.
 * One watch on the directory serves all kernels.
 */
import { type FSWatcher, watch } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';

export type OutputStream = 'stdout' | 'stderr';

export interface OutputLine {
  kernelId: string;
  stream: OutputStream;
  line: string;
}

export const OUTPUT_STREAMS: readonly OutputStream[] = ['stdout', 'stderr'];

const CHUNK = 64 * 1024;
/** A file that was read this far is emptied, so that a kernel that writes for months fills no disk. */
const EMPTY_AFTER = 16 * 1024 * 1024;
/** Characters after which a line is logged though it has not ended. */
const LONGEST_LINE = 16 * 1024;
/** Lines of stderr that explain a death. */
const REMEMBERED_LINES = 20;

export class KernelOutput {
  readonly #directory: string;
  readonly #report: (line: OutputLine) => void;
  readonly #files = new Map<string, OutputFile>();
  /** From the moment at which following begins. */
  readonly #followed = new Set<string>();
  #watcher: FSWatcher | null = null;

  constructor(directory: string, report: (line: OutputLine) => void) {
    this.#directory = directory;
    this.#report = report;
  }

  path(kernelId: string, stream: OutputStream): string {
    return join(this.#directory, outputName(kernelId, stream));
  }

  /** Follows both files of a kernel, from their start or, for an adopted kernel, from their present end. */
  async follow(kernelId: string, from: 'start' | 'end'): Promise<void> {
    this.#followed.add(kernelId);
    this.#watcher ??= this.#watch();
    for (const stream of OUTPUT_STREAMS) {
      const handle = await open(this.path(kernelId, stream), 'r+');
      const offset = from === 'start' ? 0 : (await handle.stat()).size;
      const file = new OutputFile(handle, offset, (line) => this.#report({ kernelId, stream, line }));
      this.#files.set(outputName(kernelId, stream), file);
      void file.read();
    }
  }

  /** A watch that fails delays the lines until their kernel ends; none is lost. */
  #watch(): FSWatcher {
    const watcher = watch(this.#directory, { persistent: false }, (_change, name) => {
      if (name !== null) void this.#files.get(name)?.read();
    });
    watcher.on('error', () => {});
    return watcher;
  }

  /** Reads what is left, and gives the last lines of stderr. */
  async finish(kernelId: string): Promise<string[]> {
    for (const stream of OUTPUT_STREAMS) await this.#files.get(outputName(kernelId, stream))?.finish();
    return this.#files.get(outputName(kernelId, 'stderr'))?.lastLines ?? [];
  }

  async release(kernelId: string): Promise<void> {
    for (const stream of OUTPUT_STREAMS) {
      const name = outputName(kernelId, stream);
      await this.#files.get(name)?.close();
      this.#files.delete(name);
    }
    this.#followed.delete(kernelId);
    if (this.#followed.size > 0) return;
    this.#watcher?.close();
    this.#watcher = null;
  }

  async remove(kernelId: string): Promise<void> {
    await this.release(kernelId);
    for (const stream of OUTPUT_STREAMS) await rm(this.path(kernelId, stream), { force: true });
  }
}

function outputName(kernelId: string, stream: OutputStream): string {
  return `kernel-${kernelId}.${stream}`;
}

class OutputFile {
  readonly lastLines: string[] = [];
  readonly #handle: FileHandle;
  readonly #report: (line: string) => void;
  readonly #decoder = new StringDecoder('utf8');
  #offset: number;
  #partial = '';
  #reading: Promise<void> | null = null;
  #again = false;
  #closed = false;

  constructor(handle: FileHandle, offset: number, report: (line: string) => void) {
    this.#handle = handle;
    this.#offset = offset;
    this.#report = report;
  }

  /** Reads to the end of the file; a call during a read makes it look once more. */
  read(): Promise<void> {
    if (this.#closed) return Promise.resolve();
    this.#again = true;
    this.#reading ??= this.#readOn().finally(() => {
      this.#reading = null;
    });
    return this.#reading;
  }

  async finish(): Promise<void> {
    await this.read();
    await this.read();
    if (this.#partial !== '') this.#tell(this.#partial);
    this.#partial = '';
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#reading;
    await this.#handle.close();
  }

  async #readOn(): Promise<void> {
    const chunk = Buffer.allocUnsafe(CHUNK);
    while (this.#again && !this.#closed) {
      this.#again = false;
      for (;;) {
        const { bytesRead } = await this.#handle.read(chunk, 0, CHUNK, this.#offset);
        if (bytesRead === 0) break;
        this.#offset += bytesRead;
        this.#take(this.#decoder.write(chunk.subarray(0, bytesRead)));
      }
      if (this.#offset > EMPTY_AFTER) await this.#empty();
    }
  }

  /** The kernel appends, so it goes on at the new end. */
  async #empty(): Promise<void> {
    const { size } = await this.#handle.stat();
    if (size !== this.#offset) return;
    await this.#handle.truncate(0);
    this.#offset = 0;
  }

  #take(text: string): void {
    const lines = (this.#partial + text).split('\n');
    this.#partial = lines.pop() ?? '';
    for (const line of lines) this.#tell(line.replace(/\r$/, ''));
    if (this.#partial.length < LONGEST_LINE) return;
    this.#tell(this.#partial);
    this.#partial = '';
  }

  #tell(line: string): void {
    if (line.trim() !== '') {
      this.lastLines.push(line);
      if (this.lastLines.length > REMEMBERED_LINES) this.lastLines.shift();
    }
    this.#report(line);
  }
}
