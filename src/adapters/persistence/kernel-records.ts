/** Kernel records as files, so that kernels outlive the gateway. */
import { join } from 'node:path';
import type { KernelRecord, KernelRecords } from '../../machines/ports.ts';
import { DocumentStore, type DocumentStoreOptions } from './document-store.ts';

/** Raised when the record's shape changes in a way that an older gateway could not read. */
const VERSION = 1;

type VersionedRecord = KernelRecord & { version: number };

export class FileKernelRecords implements KernelRecords {
  readonly #store: DocumentStore<VersionedRecord>;

  /** @param root `EG_PERSISTENCE_ROOT` */
  constructor(root: string, report: DocumentStoreOptions<never>['report']) {
    this.#store = new DocumentStore({
      directory: join(root, 'kernel_sessions'),
      validate: validRecord,
      report,
    });
  }

  save(record: KernelRecord): Promise<void> {
    return this.#store.save(record.plan.kernelId, { version: VERSION, ...record });
  }

  delete(kernelId: string): Promise<void> {
    return this.#store.delete(kernelId);
  }

  loadAll(): Promise<KernelRecord[]> {
    return this.#store.loadAll();
  }
}

/** Without persistence nothing is written down, and nothing is found. */
export const noKernelRecords: KernelRecords & { loadAll(): Promise<KernelRecord[]> } = {
  save: () => Promise.resolve(),
  delete: () => Promise.resolve(),
  loadAll: () => Promise.resolve([]),
};

function validRecord(document: unknown): VersionedRecord {
  const record = document as Partial<VersionedRecord> | null;
  if (typeof record !== 'object' || record === null) throw new Error('is no object');
  if (record.version !== VERSION) throw new Error(`has version ${record.version}, expected ${VERSION}`);
  for (const name of ['plan', 'pod', 'connection'] as const) {
    if (typeof record[name] !== 'object' || record[name] === null) throw new Error(`${name} is missing`);
  }
  for (const name of ['startedAt', 'lastActivity'] as const) {
    if (typeof record[name] !== 'number') throw new Error(`${name} is missing`);
  }
  if (typeof record.plan?.kernelId !== 'string') throw new Error('plan.kernelId is missing');
  return record as VersionedRecord;
}
