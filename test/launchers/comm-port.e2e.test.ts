import fc from 'fast-check';
import { expect, it } from 'vitest';
import { describeE2e } from '../e2e/suite.ts';
import { askBare, askSigned, CommClient, signedLine } from './comm-client.ts';
import { launch, launchIpykernel, SIGNAL_KERNEL, startLauncher, VERSION_1 } from './launch.ts';

const WAITING = { args: ['--', ...SIGNAL_KERNEL] };
const SIGINT = 2;
const SIGUSR2 = 12;

/** Each prints `now` when it has begun to wait or to work. */
const CELLS = {
  'time.sleep': 'import time\nprint("now", flush=True)\ntime.sleep(100)',
  'a busy loop': 'print("now", flush=True)\nwhile True: pass',
  'asyncio.sleep': 'import asyncio\nprint("now", flush=True)\nawait asyncio.sleep(100)',
  'a process': 'import subprocess\nprint("now", flush=True)\nsubprocess.run(["sleep", "100"])',
};

/** Bytes, texts, JSON of any shape, deep nesting, and more than is read. */
const HOSTILE = fc.oneof(
  fc.uint8Array({ maxLength: 200 }),
  fc.json().map((text) => Buffer.from(`${text}\n`)),
  fc
    .record({ request: fc.json(), mac: fc.oneof(fc.string(), fc.constant('\ud800')) })
    .map((value) => Buffer.from(`${JSON.stringify(value)}\n`)),
  fc.integer({ min: 0, max: 10_000 }).map((length) => Buffer.from(`${'['.repeat(length)}\n`)),
  fc.constant(Buffer.alloc(0)),
);

describeE2e('the comm port', () => {
  it.each(Object.entries(CELLS))('interrupts a cell in %s', async (_, code) => {
    const { told, kernel } = await launchIpykernel();
    const running = kernel.execute(code);
    await kernel.printed('now');
    expect(await askSigned(told, { signum: SIGINT })).toEqual({ ok: true });
    expect(await running).toMatchObject({
      status: 'error',
      ename: expect.stringMatching(/KeyboardInterrupt|CancelledError/),
    });
    expect(await kernel.evaluate('1 + 1')).toBe(2);
  });

  it('leaves an idle kernel alone when it is interrupted', async () => {
    const { told, kernel } = await launchIpykernel();
    expect(await askSigned(told, { signum: SIGINT })).toEqual({ ok: true });
    expect(await kernel.evaluate('1 + 1')).toBe(2);
  });

  it('delivers other signals to the kernel, and asks with 0 whether it is there', async () => {
    const { told, launcher } = await launch(WAITING);
    await launcher.wrote(/waiting/);
    expect(await askSigned(told, { signum: 0 })).toEqual({ ok: true });
    expect(await askSigned(told, { signum: SIGUSR2 })).toEqual({ ok: true });
    await launcher.wrote(/got 12/);
  });

  it('refuses what is not signed with the key of the connection', async () => {
    const { told, launcher } = await launch(WAITING);
    await launcher.wrote(/waiting/);
    const answer = await askSigned({ ...told, key: 'another' }, { signum: SIGUSR2 });
    expect(answer).toEqual({ ok: false, error: expect.stringContaining('mac') });
    expect(await askSigned(told, { signum: SIGINT })).toEqual({ ok: true });
    await launcher.wrote(/got 2/);
    expect(launcher.stdout).not.toContain('got 12');
  });

  it('refuses a request that was overheard and is sent again', async () => {
    const { told, launcher } = await launch(WAITING);
    await launcher.wrote(/waiting/);
    const first = await CommClient.connect(told);
    const challenge = Buffer.from(JSON.parse(await first.line()).challenge, 'base64');
    const overheard = signedLine(told.key, challenge, '{"signum": 12}');
    first.send(overheard);
    expect(JSON.parse(await first.line())).toEqual({ ok: true });
    const second = await CommClient.connect(told);
    await second.line();
    second.send(overheard);
    expect(JSON.parse(await second.line())).toMatchObject({ ok: false });
  });

  it.each([{}, { signum: 65 }, { signum: -1 }, { signum: '2' }, { signum: true }, { shutdown: true }])(
    'refuses a signed request that is none: %j',
    async (request) => {
      const { told } = await launch(WAITING);
      expect(await askSigned(told, request)).toMatchObject({ ok: false, error: expect.any(String) });
      expect(await askSigned(told, { signum: 0 })).toEqual({ ok: true });
    },
  );

  it.each([
    ['version 2', {}],
    ['version 1', VERSION_1],
  ])('survives whatever is sent to it (%s)', async (version, env) => {
    const { gateway, launcher } = await startLauncher({ ...WAITING, env });
    const call = await gateway.nextCall();
    call.stream.end('{"accepted": true}\n');
    const told = version === 'version 1' ? gateway.openVersion1(call.text) : gateway.open(call.text);
    await launcher.wrote(/waiting/);
    await fc.assert(
      fc.asyncProperty(HOSTILE, async (bytes) => {
        const client = await CommClient.connect(told);
        client.end(bytes);
        await client.closed();
      }),
      { numRuns: 60 },
    );
    if (version === 'version 1') await askBare(told, { signum: SIGUSR2 });
    else expect(await askSigned(told, { signum: SIGUSR2 })).toEqual({ ok: true });
    await launcher.wrote(/got 12/);
    expect(launcher.stderr).not.toContain('Traceback');
  });

  it('hangs up on one that says nothing, and serves others meanwhile', async () => {
    const { told } = await launch(WAITING);
    const silent = await CommClient.connect(told);
    await silent.line();
    expect(await askSigned(told, { signum: 0 })).toEqual({ ok: true });
    expect(await silent.line()).toBe('');
  });

  it('has room for the gateway when others hold many connections', async () => {
    const { told } = await launch(WAITING);
    const holders = await Promise.all(Array.from({ length: 100 }, () => CommClient.connect(told)));
    expect(await askSigned(told, { signum: 0 })).toEqual({ ok: true });
    for (const holder of holders) holder.end('');
  });

  it('takes unsigned requests only where the gateway speaks version 1', async () => {
    const { gateway, launcher } = await startLauncher({ ...WAITING, env: VERSION_1 });
    const told = gateway.openVersion1((await gateway.nextCall()).text);
    await launcher.wrote(/waiting/);
    await askBare(told, { signum: SIGUSR2 });
    await launcher.wrote(/got 12/);
    await askBare(told, { shutdown: 1 });
    expect(await launcher.exited()).toBe(0);
  });
});
