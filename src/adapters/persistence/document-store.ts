/** JSON documents in a directory, one file each: private to the user, written whole or not at all. */
import { mkdir, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import writeFileAtomic from 'write-file-atomic';

export interface DocumentStoreOptions<Document> {
  directory: string;
  /** @throws Error which says what is wrong with a document that was read */
  validate(document: unknown): Document;
  /** Hears of each file that could not be used and was set aside. */
  report(problem: { file: string; setAsideAs: string; error: Error }): void;
}

const ENDING = '.json';
/** What an atomic write that was cut short leaves behind. */
const DRAFT = /\.json\.\d+$/;
const ID = /^[\w-]+$/;

export class DocumentStore<Document> {
  readonly #options: DocumentStoreOptions<Document>;
  /** Writes to one file go one after the other. */
  readonly #writes = new Map<string, Promise<void>>();

  constructor(options: DocumentStoreOptions<Document>) {
    this.#options = options;
  }

  async save(id: string, document: Document): Promise<void> {
    await this.#inOrder(id, async () => {
      await mkdir(this.#options.directory, { recursive: true, mode: 0o700 });
      await writeFileAtomic(this.#path(id), JSON.stringify(document), { mode: 0o600 });
    });
  }

  /** Deleting what is not there is success. */
  async delete(id: string): Promise<void> {
    await this.#inOrder(id, () => rm(this.#path(id), { force: true }));
  }

  /** All documents that can be read; no one may be writing at the time. A damaged file is renamed, so that it is neither lost nor read again, and reported. */
  async loadAll(): Promise<Document[]> {
    const documents: Document[] = [];
    const names = await readdir(this.#options.directory).catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return [];
      throw error;
    });
    for (const draft of names.filter((each) => DRAFT.test(each))) {
      await rm(join(this.#options.directory, draft), { force: true });
    }
    for (const name of names.filter((each) => each.endsWith(ENDING)).sort()) {
      const file = join(this.#options.directory, name);
      try {
        documents.push(this.#options.validate(JSON.parse(await readFile(file, 'utf8'))));
      } catch (error) {
        const setAsideAs = `${file}.damaged`;
        await rename(file, setAsideAs);
        this.#options.report({ file, setAsideAs, error: error as Error });
      }
    }
    return documents;
  }

  #path(id: string): string {
    if (!ID.test(id)) throw new Error(`${JSON.stringify(id)} can't name a file`);
    return join(this.#options.directory, `${id}${ENDING}`);
  }

  #inOrder(id: string, write: () => Promise<void>): Promise<void> {
    const before = this.#writes.get(id) ?? Promise.resolve();
    const mine = before.then(write, write);
    this.#writes.set(id, mine);
    const settled = () => {
      if (this.#writes.get(id) === mine) this.#writes.delete(id);
    };
    mine.then(settled, settled);
    return mine;
  }
}
