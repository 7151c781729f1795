import { expect, onTestFinished, test, vi } from 'vitest';
import { LaunchProcess } from '../../../src/adapters/kubernetes/launch-process.ts';
import { processesWith } from '../../../src/adapters/local/process-identity.ts';
import { planOf } from '../../machines/samples.ts';

const ENV = { PATH: process.env['PATH'] ?? '' };

function begin(argv: string[], env: Record<string, string> = ENV) {
  const lines: string[] = [];
  const log = { info: (_: object, text: string) => void lines.push(text) };
  const command = new LaunchProcess(planOf(), argv, env, log);
  onTestFinished(() => command.end());
  return { command, lines };
}

const shell = (script: string, env?: Record<string, string>) => begin(['/bin/sh', '-c', script], env);

test('a command that succeeds has no failure', async () => {
  const { command, lines } = shell('echo made it');
  expect(await command.outcome).toBeNull();
  expect(command.hasEnded).toBe(true);
  expect(lines).toEqual([expect.stringMatching(/launch command of kernel \S+ stdout: made it$/)]);
});

test('a command that fails is explained by its last lines, without colours', async () => {
  const script =
    "for i in 1 2 3 4 5 6; do echo line $i; done; printf '\\033[31mno such image\\033[0m\\n' >&2; sleep 0.1; exit 3";
  expect(await shell(script).command.outcome).toEqual({
    code: 'POD_CREATION_FAILED',
    message: expect.stringMatching(
      /^The launch command \/bin\/sh exited with code 3: line 3 \| .*no such image$/,
    ),
    hint: expect.stringContaining('log of the gateway'),
  });
});

test('a command that is killed says by what', async () => {
  expect((await shell('kill -TERM $$').command.outcome)?.message).toBe(
    'The launch command /bin/sh was killed by SIGTERM.',
  );
});

test('a command that is not there is a failure, not an exception', async () => {
  expect((await begin(['/no/such/command']).command.outcome)?.message).toMatch(
    /^The launch command \/no\/such\/command could not be started: .*ENOENT/,
  );
});

test('a command that fails is told though something it has started holds its output open', async () => {
  const { command } = shell('sleep 30 & echo $!; exit 4');
  expect((await command.outcome)?.message).toMatch(/exited with code 4: (\d+)$/);
  const pid = Number(/(\d+)$/.exec((await command.outcome)?.message ?? '')?.[1]);
  process.kill(pid, 'SIGKILL');
});

test('a command has the environment that it is given, and no other', async () => {
  const { command, lines } = shell('echo [$GIVEN] [$HOME]', { GIVEN: 'yes' });
  await command.outcome;
  expect(lines[0]).toMatch(/\[yes\] \[\]$/);
});

test('ending a command ends what it has started, too', async () => {
  const marker = `31.${Math.floor(Math.random() * 1e9)}`;
  const { command } = shell(`sleep ${marker} & wait`);
  await vi.waitUntil(async () => (await processesWith(marker)).length === 2);
  await command.end();
  expect((await command.outcome)?.message).toContain('SIGKILL');
  await vi.waitUntil(async () => (await processesWith(marker)).length === 0);
  await command.end();
});
