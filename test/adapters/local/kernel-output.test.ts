import { appendFile, open, stat, writeFile } from 'node:fs/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  KernelOutput,
  type OutputLine,
  type OutputStream,
} from '../../../src/adapters/local/kernel-output.ts';
import { Mailbox } from '../channels/mailbox.ts';
import { temporaryDir } from '../kernelspecs/fixtures.ts';

const ID = 'some-kernel';

/** The output files of a kernel, which the test writes to. */
async function followed({ from = 'start' as 'start' | 'end', before = '' } = {}) {
  const lines = new Mailbox<OutputLine>();
  const output = new KernelOutput(await temporaryDir(), (line) => lines.push(line));
  const write = (text: string | Buffer, stream: OutputStream = 'stdout') =>
    appendFile(output.path(ID, stream), text);
  for (const stream of ['stdout', 'stderr'] as const) await writeFile(output.path(ID, stream), before);
  await output.follow(ID, from);
  onTestFinished(() => output.release(ID));
  const texts = () => lines.items.map(({ line }) => line);
  return { output, lines, write, texts };
}

describe('what a kernel writes', () => {
  it('is told line by line, with the kernel and the stream', async () => {
    const { lines, write } = await followed();
    await write('one\ntwo\n');
    expect(await lines.next()).toEqual({ kernelId: ID, stream: 'stdout', line: 'one' });
    expect(await lines.next()).toEqual({ kernelId: ID, stream: 'stdout', line: 'two' });
    await write('three\n', 'stderr');
    expect(await lines.next()).toEqual({ kernelId: ID, stream: 'stderr', line: 'three' });
  });

  it('is told once a line is whole, wherever it was cut', async () => {
    const { lines, write, texts } = await followed();
    const euro = Buffer.from('€');
    await write('a');
    await write(Buffer.concat([Buffer.from('b'), euro.subarray(0, 1)]));
    await write(Buffer.concat([euro.subarray(1), Buffer.from('c\r\nd\n')]));
    await lines.count(2);
    expect(texts()).toEqual(['ab€c', 'd']);
  });

  it('of each stream is put together by itself', async () => {
    const { lines, write, texts } = await followed();
    await write('out');
    await write('err', 'stderr');
    await write('put\n');
    await write('or\n', 'stderr');
    await lines.count(2);
    expect(texts().toSorted()).toEqual(['error', 'output']);
  });

  it('in a line without an end is told in pieces, so that it fills no memory', async () => {
    const { lines, write, texts, output } = await followed();
    const text = 'x'.repeat(500_000);
    await write(text);
    await lines.next();
    await output.finish(ID);
    expect(texts().join('')).toBe(text);
    expect(Math.max(...texts().map(({ length }) => length))).toBeLessThan(100_000);
  });

  it('before the first look is told as well', async () => {
    const { lines } = await followed({ before: 'early\n' });
    expect((await lines.next()).line).toBe('early');
  });

  it('before it was adopted is not told again', async () => {
    const { lines, write } = await followed({ from: 'end', before: 'early\n' });
    await write('late\n');
    expect((await lines.next()).line).toBe('late');
  });

  it('fills no disk: what has been read for 16 MB is thrown away, and no line is lost', async () => {
    const { lines, write, output, texts } = await followed();
    const line = `${'x'.repeat(1023)}\n`;
    await write(line.repeat(17 * 1024));
    await lines.count(17 * 1024);
    await output.finish(ID);
    expect((await stat(output.path(ID, 'stdout'))).size).toBe(0);
    // Kernels append, as this does.
    const file = await open(output.path(ID, 'stdout'), 'a');
    await file.write('after\n');
    await file.close();
    await lines.next(({ line: each }) => each === 'after');
    expect(texts()).toHaveLength(17 * 1024 + 1);
  });
});

describe("a kernel's last words", () => {
  it('are the last 20 lines of stderr, without empty ones', async () => {
    const { output, write } = await followed();
    const said = Array.from({ length: 30 }, (_, index) => `line ${index}`);
    await write(`${said.join('\n\n')}\n`, 'stderr');
    await write('not this\n');
    expect(await output.finish(ID)).toEqual(said.slice(10));
  });

  it('count though they do not end in a line feed', async () => {
    const { output, write, texts } = await followed();
    await write('Killed', 'stderr');
    expect(await output.finish(ID)).toEqual(['Killed']);
    expect(texts()).toEqual(['Killed']);
    expect(await output.finish(ID)).toEqual(['Killed']);
    expect(texts()).toEqual(['Killed']);
  });

  it('are none of a kernel that is not known', async () => {
    const { output } = await followed();
    expect(await output.finish('another')).toEqual([]);
    await output.remove('another');
  });
});

it('a kernel is followed while others come and go', async () => {
  const { output, lines, write } = await followed();
  for (const stream of ['stdout', 'stderr'] as const) await writeFile(output.path('another', stream), '');
  await output.follow('another', 'start');
  await output.remove('another');
  await write('still here\n');
  expect((await lines.next()).line).toBe('still here');
});

it('nothing is told any more of a kernel that was let go of, and its files stay', async () => {
  const { output, lines, write } = await followed();
  await output.release(ID);
  await write('unheard\n');
  expect(await output.finish(ID)).toEqual([]);
  expect(lines.items).toEqual([]);
  expect((await stat(output.path(ID, 'stdout'))).size).toBe('unheard\n'.length);
});
