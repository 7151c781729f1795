import { rm } from 'node:fs/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { Settings } from '../../../src/adapters/config/settings.ts';
import { watchSettings } from '../../../src/adapters/config/watch-settings.ts';
import { configFixture, userConfig } from './config-fixture.ts';
import { HandClock } from './hand-clock.ts';

interface AppOptions {
  [name: string]: unknown;
}

/** Settings that are watched over a config file which the test rewrites. */
async function watched(
  first: AppOptions | null,
  env: Record<string, string> = { EG_DYNAMIC_CONFIG_INTERVAL: '7' },
) {
  const fixture = await configFixture();
  const write = (app: AppOptions) => fixture.write(`${userConfig}.json`, { EnterpriseGatewayApp: app });
  if (first) await write(first);
  const inputs = fixture.inputs({ env });
  const clock = new HandClock();
  const [emitted, problems, warnings]: [Settings[], string[], string[]] = [[], [], []];
  const completed = Promise.withResolvers<void>();
  const subscription = watchSettings(inputs, await fixture.load({ env }), {
    onProblem: ({ message }) => problems.push(message),
    onWarning: (warning) => warnings.push(warning),
    scheduler: clock,
  }).subscribe({ next: (settings) => emitted.push(settings), complete: completed.resolve });
  onTestFinished(() => subscription.unsubscribe());
  /** Lets the interval pass and waits until the files have been looked at. */
  const look = async () => {
    await clock.pass();
    return clock.nextWait();
  };
  return {
    ...fixture,
    writeApp: write,
    clock,
    look,
    emitted,
    problems,
    warnings,
    completed: completed.promise,
  };
}

it('emits nothing while the files stay as they are', async () => {
  const { look, emitted } = await watched({ max_kernels: 1 });
  await look();
  await look();
  expect(emitted).toEqual([]);
});

it('emits new settings when a reloadable option changes, after the interval', async () => {
  const { writeApp, clock, look, emitted } = await watched({ max_kernels: 1 });
  await writeApp({ max_kernels: 20 });
  expect(await clock.nextWait()).toBe(7000);
  expect(emitted).toEqual([]);
  await look();
  expect(emitted).toMatchObject([{ maxKernels: 20, sources: { maxKernels: 'file' } }]);
});

it('notices a file that comes, and one that goes', async () => {
  const { writeApp, look, emitted, home } = await watched(null);
  await writeApp({ max_kernels: 20 });
  await look();
  await rm(`${home}/${userConfig}.json`);
  await look();
  expect(emitted.map(({ maxKernels }) => maxKernels)).toEqual([20, null]);
});

it('keeps what needs a restart, and says so once', async () => {
  const { writeApp, look, emitted, warnings } = await watched({ port: 1 });
  await writeApp({ port: 22, max_kernels: 20 });
  await look();
  await writeApp({ port: 22, max_kernels: 300 });
  await look();
  expect(emitted).toMatchObject([
    { port: 1, maxKernels: 20 },
    { port: 1, maxKernels: 300 },
  ]);
  expect(warnings).toEqual(['EnterpriseGatewayApp.port was changed, which counts after the next start']);
});

it('keeps the last good settings while a file is broken, and reports it once', async () => {
  const { write, writeApp, look, emitted, problems } = await watched({ max_kernels: 1 });
  await write(`${userConfig}.json`, '{"EnterpriseGatewayApp": ');
  await look();
  await look();
  expect(problems).toEqual([expect.stringContaining('is not valid JSON')]);
  expect(emitted).toEqual([]);
  await writeApp({ max_kernels: 20 });
  await look();
  expect(emitted).toMatchObject([{ maxKernels: 20 }]);
});

it('follows a changed interval, and ends when it becomes 0', async () => {
  const { writeApp, clock, look, emitted, completed } = await watched({ dynamic_config_interval: 3 }, {});
  await writeApp({ dynamic_config_interval: 11 });
  expect(await look()).toBe(11_000);
  await writeApp({ dynamic_config_interval: 0 });
  await clock.pass();
  await completed;
  expect(emitted.map(({ dynamicConfigInterval }) => dynamicConfigInterval)).toEqual([11, 0]);
});

it('ends at once when the interval is 0', async () => {
  const { completed, emitted } = await watched({ max_kernels: 1 }, {});
  await completed;
  expect(emitted).toEqual([]);
});
