import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { dirname } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { hostBasics } from '../../../src/adapters/local/host-basics.ts';
import { processesWith, processIdentity, signalGroup } from '../../../src/adapters/local/process-identity.ts';
import { script, temporaryDir } from '../kernelspecs/fixtures.ts';

async function start(command: string, ...words: string[]) {
  const child = spawn(command, words, { detached: true });
  await once(child, 'spawn');
  onTestFinished(() => {
    child.kill('SIGKILL');
  });
  return { child, pid: child.pid as number };
}

describe('a process', () => {
  it('has the same identity over its whole life, and no other process has it', async () => {
    const one = await start('/bin/sleep', '60');
    const identity = await processIdentity(one.pid);
    const other = await start('/bin/sleep', '60');
    expect(identity).not.toBeNull();
    expect(await processIdentity(one.pid)).toBe(identity);
    expect(await processIdentity(process.pid)).not.toBe(identity);
    expect(await processIdentity(other.pid)).not.toBeNull();
  });

  it('has none once it has ended', async () => {
    const { child, pid } = await start('/bin/sleep', '60');
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(await processIdentity(pid)).toBeNull();
  });

  it('is known whatever its name is', async () => {
    const command = await script(`${await temporaryDir()}/a) Z (b`, 'sleep 60; exit 0');
    const { pid } = await start(command);
    expect(await processIdentity(pid)).toMatch(/\/\d+$/);
  });

  it('is found by a part of its command line; ourselves are not', async () => {
    const marker = `marker-${process.pid}-${Date.now()}`;
    const { pid } = await start('/bin/sh', '-c', 'sleep 60; exit 0', `before-${marker}-behind`);
    expect(await processesWith(marker)).toContain(pid);
    expect(await processesWith(process.argv[0] as string)).not.toContain(process.pid);
  });
});

it('a signal to a group without processes is told not to have arrived', async () => {
  const { child, pid } = await start('/bin/sleep', '60');
  expect(signalGroup(pid, 'SIGKILL')).toBe(true);
  await once(child, 'exit');
  expect(signalGroup(pid, 'SIGKILL')).toBe(false);
});

it('commands beside the program are found first, as in an activated environment', () => {
  const { PATH, HOME, LANG } = hostBasics('/opt/env/bin/python');
  expect(PATH?.split(':')[0]).toBe('/opt/env/bin');
  expect(PATH?.split(':')).toContain('/usr/bin');
  expect(HOME).not.toBe('');
  expect(LANG).toMatch(/UTF-8$/);
  expect(
    hostBasics('/usr/bin/python')
      .PATH?.split(':')
      .filter((each) => each === dirname('/usr/bin/x')),
  ).toHaveLength(1);
});
