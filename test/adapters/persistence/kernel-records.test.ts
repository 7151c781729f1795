import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { FileKernelRecords, noKernelRecords } from '../../../src/adapters/persistence/kernel-records.ts';
import type { KernelRecord } from '../../../src/machines/ports.ts';
import { temporaryDir } from '../kernelspecs/fixtures.ts';

const KERNEL_ID = '01234567-89ab-4def-8123-456789abcdef';

const record: KernelRecord = {
  plan: {
    kernelId: KERNEL_ID,
    kernelName: 'python3',
    provisioner: '',
    resourceDir: '/resources',
    argv: ['/usr/bin/python3', '-f', '{connection_file}'],
    env: { KERNEL_USERNAME: 'someone' },
    username: 'someone',
    language: 'python',
    interruptMode: 'signal',
    workingDir: null,
    portRange: { low: 0, high: 0 },
    proxyConfig: {},
    headers: {},
    ownNamespace: null,
    launchTimeout: 30_000,
  },
  pod: { name: 'kernel-x', namespace: null, ip: '127.0.0.1', node: null, uid: '1@x', pid: 1 },
  connection: {
    transport: 'tcp',
    ip: '127.0.0.1',
    shell_port: 1,
    iopub_port: 2,
    stdin_port: 3,
    control_port: 4,
    hb_port: 5,
    key: 'a key',
    signature_scheme: 'hmac-sha256',
  },
  startedAt: 1,
  lastActivity: 2,
};

async function records() {
  const root = await temporaryDir();
  const problems: string[] = [];
  const store = new FileKernelRecords(root, ({ error }) => problems.push(error.message));
  return { root, store, problems, file: join(root, 'kernel_sessions', `${KERNEL_ID}.json`) };
}

it('a record comes back as it was saved, and goes when its kernel does', async () => {
  const { root, store } = await records();
  await store.save(record);
  expect(await readdir(join(root, 'kernel_sessions'))).toEqual([`${KERNEL_ID}.json`]);
  expect(await new FileKernelRecords(root, () => {}).loadAll()).toMatchObject([record]);
  await store.delete(KERNEL_ID);
  expect(await store.loadAll()).toEqual([]);
});

it('a record that was read can be saved again', async () => {
  const { store } = await records();
  await store.save(record);
  const [read] = await store.loadAll();
  await store.save({ ...(read as KernelRecord), lastActivity: 3 });
  expect(await store.loadAll()).toMatchObject([{ ...record, lastActivity: 3 }]);
});

it.each([
  ['version', 2, 'has version 2, expected 1'],
  ['version', undefined, 'has version undefined, expected 1'],
  ['plan', null, 'plan is missing'],
  ['plan', {}, 'plan.kernelId is missing'],
  ['pod', 'x', 'pod is missing'],
  ['connection', undefined, 'connection is missing'],
  ['startedAt', '1', 'startedAt is missing'],
  ['lastActivity', null, 'lastActivity is missing'],
])('a record is set aside when its %s is %j', async (name, value, problem) => {
  const { store, problems, file } = await records();
  await store.save(record);
  await writeFile(file, JSON.stringify({ ...JSON.parse(await readFile(file, 'utf8')), [name]: value }));
  expect(await store.loadAll()).toEqual([]);
  expect(problems).toEqual([problem]);
});

it.each(['null', '[]', '1'])('a file that holds %s is set aside', async (text) => {
  const { store, problems, file } = await records();
  await store.save(record);
  await writeFile(file, text);
  expect(await store.loadAll()).toEqual([]);
  expect(problems).toHaveLength(1);
});

it('without persistence nothing is kept', async () => {
  await noKernelRecords.save(record);
  await noKernelRecords.delete(KERNEL_ID);
  expect(await noKernelRecords.loadAll()).toEqual([]);
});
