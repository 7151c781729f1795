/**
 * Which processes belong to which gateway: one file a kernel, written before
 * its process is started, so that a gateway that was killed leaves nothing
 * that the next one can't find.
 */
import { mkdir, readdir, readFile, rename, rm, rmdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processIdentity } from './process-identity.ts';

export interface ProcessRecord {
  kernelId: string;
  connectionFile: string;
  /** Null until the process has started. */
  pid: number | null;
  identity: string | null;
  gateway: { pid: number; identity: string };
  /** Where the gateway writes down kernels that are to survive it; null when they are not to. */
  persistenceRoot: string | null;
}

const NAME = /^process-(.+)\.json$/;
/** Written halfway; the ending is the process id of the gateway that wrote it. */
const DRAFT_NAME = /^process-.+\.json\.(\d+)$/;

export class ProcessRecords {
  readonly directory: string;

  constructor(directory: string) {
    this.directory = directory;
  }

  async prepare(): Promise<void> {
    await mkdir(this.directory, { recursive: true, mode: 0o700 });
  }

  async write(record: ProcessRecord): Promise<void> {
    const path = this.path(record.kernelId);
    const draft = `${path}.${process.pid}`;
    await writeFile(draft, JSON.stringify(record), { mode: 0o600 });
    await rename(draft, path);
  }

  async delete(kernelId: string): Promise<void> {
    await rm(this.path(kernelId), { force: true });
  }

  path(kernelId: string): string {
    return join(this.directory, `process-${kernelId}.json`);
  }

  /** The records of gateways that run no more. One that can't be read is skipped: it names nothing to clean up. */
  async abandoned(): Promise<ProcessRecord[]> {
    const records: ProcessRecord[] = [];
    for (const name of await readdir(this.directory).catch(() => [])) {
      if (!NAME.test(name)) continue;
      const record = await readRecord(join(this.directory, name));
      if (record !== null && !(await isAlive(record.gateway))) records.push(record);
    }
    return records;
  }

  /** Removes what gateways that were killed have written halfway. */
  async removeDrafts(): Promise<void> {
    for (const name of await readdir(this.directory)) {
      const writer = Number(DRAFT_NAME.exec(name)?.[1]);
      if (!Number.isInteger(writer)) continue;
      const isBeingWritten = writer !== process.pid && (await processIdentity(writer)) !== null;
      if (!isBeingWritten) await rm(join(this.directory, name), { force: true });
    }
  }

  /** Takes the directory away when nothing is left in it. */
  async tidy(): Promise<void> {
    await rmdir(this.directory).catch(() => {});
  }
}

async function readRecord(path: string): Promise<ProcessRecord | null> {
  try {
    const record = JSON.parse(await readFile(path, 'utf8')) as Partial<ProcessRecord> | null;
    const isWhole =
      typeof record?.kernelId === 'string' &&
      typeof record.connectionFile === 'string' &&
      typeof record.gateway?.pid === 'number';
    return isWhole ? (record as ProcessRecord) : null;
  } catch {
    return null;
  }
}

async function isAlive({ pid, identity }: ProcessRecord['gateway']): Promise<boolean> {
  return (await processIdentity(pid)) === identity;
}
