import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { DocumentStore } from '../../../src/adapters/persistence/document-store.ts';
import { temporaryDir } from '../kernelspecs/fixtures.ts';

interface Note {
  id: string;
  text: string;
}

function validNote(document: unknown): Note {
  const note = document as Partial<Note> | null;
  if (typeof note?.text !== 'string') throw new Error('text is missing');
  return note as Note;
}

async function notes() {
  const directory = join(await temporaryDir(), 'notes');
  const problems: { file: string; setAsideAs: string; message: string }[] = [];
  const store = new DocumentStore<Note>({
    directory,
    validate: validNote,
    report: ({ error, ...problem }) => problems.push({ ...problem, message: error.message }),
  });
  return { directory, store, problems, file: (name: string) => join(directory, name) };
}

describe('documents', () => {
  it('come back as they were saved, those of another process too', async () => {
    const { store, directory } = await notes();
    await store.save('b', { id: 'b', text: 'two' });
    await store.save('a', { id: 'a', text: 'one "π"' });
    const other = new DocumentStore<Note>({ directory, validate: validNote, report: () => {} });
    expect(await other.loadAll()).toEqual([
      { id: 'a', text: 'one "π"' },
      { id: 'b', text: 'two' },
    ]);
  });

  it('are none while the directory does not exist', async () => {
    const { store } = await notes();
    expect(await store.loadAll()).toEqual([]);
    await store.delete('a');
  });

  it('are for no other user of the machine', async () => {
    const { store, directory, file } = await notes();
    await store.save('a', { id: 'a', text: '' });
    expect((await stat(file('a.json'))).mode & 0o777).toBe(0o600);
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
  });

  it('that are deleted are gone; deleting what is not there is success', async () => {
    const { store } = await notes();
    await store.save('a', { id: 'a', text: '' });
    await store.delete('a');
    await store.delete('a');
    expect(await store.loadAll()).toEqual([]);
  });

  it('replace a file as a whole: who has the old one open reads it to its end', async () => {
    const { store, file } = await notes();
    await store.save('a', { id: 'a', text: 'old' });
    const before = (await stat(file('a.json'))).ino;
    await store.save('a', { id: 'a', text: 'new' });
    expect((await stat(file('a.json'))).ino).not.toBe(before);
    expect(await readdir(file('.'))).toEqual(['a.json']);
  });

  it('are written in the order of the calls, whichever write takes longest', async () => {
    const { store, file } = await notes();
    const writes = [];
    for (let round = 0; round < 20; round += 1) {
      const text = 'x'.repeat(round % 2 === 0 ? 1_000_000 : 1);
      writes.push(store.save('a', { id: 'a', text }), store.delete('a'));
    }
    await Promise.all(writes);
    expect(await readdir(file('.'))).toEqual([]);
    writes.push(store.delete('a'), store.save('a', { id: 'a', text: 'last' }));
    await Promise.all(writes);
    expect(JSON.parse(await readFile(file('a.json'), 'utf8'))).toEqual({ id: 'a', text: 'last' });
  });

  it('are written though the write before has failed', async () => {
    const { store, file } = await notes();
    await mkdir(file('a.json'), { recursive: true });
    const failing = store.save('a', { id: 'a', text: '' });
    const next = store.delete('b');
    await expect(failing).rejects.toThrow();
    await next;
    await store.save('b', { id: 'b', text: 'written' });
    expect(JSON.parse(await readFile(file('b.json'), 'utf8')).text).toBe('written');
  });
});

describe('a damaged file', () => {
  it.each([
    ['is cut short', '{"id":"a","te', /JSON/],
    ['is empty', '', /JSON/],
    ['is none of ours', '{"id":"a"}', /text is missing/],
    ['holds null', 'null', /text is missing/],
  ])('that %s is set aside and reported, and the others are read', async (_how, content, message) => {
    const { store, file, problems } = await notes();
    await store.save('b', { id: 'b', text: 'two' });
    await writeFile(file('a.json'), content);
    expect(await store.loadAll()).toEqual([{ id: 'b', text: 'two' }]);
    expect(problems).toEqual([
      { file: file('a.json'), setAsideAs: file('a.json.damaged'), message: expect.stringMatching(message) },
    ]);
    expect(await readFile(file('a.json.damaged'), 'utf8')).toBe(content);
    expect(await store.loadAll()).toHaveLength(1);
    expect(problems).toHaveLength(1);
  });

  it('is removed when it is what a write that was cut short has left', async () => {
    const { store, file, problems } = await notes();
    await store.save('a', { id: 'a', text: '' });
    await writeFile(file('a.json.1234'), '{"id":');
    expect(await store.loadAll()).toHaveLength(1);
    expect(await readdir(file('.'))).toEqual(['a.json']);
    expect(problems).toEqual([]);
  });

  it('is left alone when it is no document by its name', async () => {
    const { store, file, problems } = await notes();
    await store.save('a', { id: 'a', text: '' });
    for (const name of ['README', 'b.json.damaged', 'c.json.x']) await writeFile(file(name), 'x');
    expect(await store.loadAll()).toHaveLength(1);
    expect(await readdir(file('.'))).toHaveLength(4);
    expect(problems).toEqual([]);
  });
});

it.each(['', '.', '..', '../a', 'a/b', 'a\\b', 'a.json', 'a\0', 'a b', 'a\n', 'ä', '/etc/passwd'])(
  'an id that could lead out of the directory is refused: %j',
  async (id) => {
    const { store, directory } = await notes();
    await expect(store.save(id, { id, text: '' })).rejects.toThrow("can't name a file");
    await expect(store.delete(id)).rejects.toThrow("can't name a file");
    expect(await readdir(directory).catch(() => [])).toEqual([]);
  },
);

it('a link in place of a file is replaced, and what it leads to stays as it is', async () => {
  const { store, directory, file } = await notes();
  await mkdir(directory);
  const elsewhere = join(await temporaryDir(), 'elsewhere');
  await writeFile(elsewhere, 'untouched');
  await symlink(elsewhere, file('a.json'));
  await store.delete('a');
  expect(await readFile(elsewhere, 'utf8')).toBe('untouched');
});
