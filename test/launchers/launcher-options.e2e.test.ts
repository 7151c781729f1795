import { join } from 'node:path';
import { expect, it } from 'vitest';
import { describeE2e } from '../e2e/suite.ts';
import { launch, launchIpykernel, SIGNAL_KERNEL, startLauncher } from './launch.ts';

const COMMAND = ['--', ...SIGNAL_KERNEL];

describeE2e("the launcher's options", () => {
  it.each([
    [{ KERNEL_ID: '' }, [], /--kernel-id is missing; give it, or set KERNEL_ID/],
    [{ RESPONSE_ADDRESS: '' }, [], /--response-address is missing; give it as IP:PORT/],
    [{ RESPONSE_ADDRESS: 'nowhere' }, [], /--response-address: must be IP:PORT, but is "nowhere"/],
    [{ PORT_RANGE: '1000-2000' }, [], /--port-range: must be written as 30000\.\.32000/],
    [{ PORT_RANGE: '30000..30100' }, [], /--port-range: must span at least 1000 ports/],
    [{ PORT_RANGE: '64000..66000' }, [], /--port-range: must span at least 1000 ports .* of 1 to 65535/],
    [
      { MIN_PORT_RANGE_SIZE: 'many' },
      ['--port-range', '1..2'],
      /MIN_PORT_RANGE_SIZE: must be a whole number/,
    ],
    [{ KERNEL_LAUNCH_TOKEN: '', PUBLIC_KEY: '' }, [], /--public-key is missing/],
    [{}, ['--spark-context-initialization-mode', 'now'], /must be one of none, lazy, eager, but is "now"/],
    [{}, ['--cluster-type', 'x'], /--cluster-type: invalid choice: 'x'/],
    [{}, ['--'], /a command must follow "--"/],
    [{ KERNEL_CLASS_NAME: 'no.such.Kernel' }, [], /--kernel-class-name: "no.such.Kernel" cannot be imported/],
  ])('refuses what cannot be launched, in one line: %j %j', async (env, args, line) => {
    const { launcher, gateway } = await startLauncher({ env, args });
    void gateway.accept().catch(() => {});
    expect(await launcher.exited()).toBe(1);
    expect(launcher.lines).toEqual([expect.stringMatching(line)]);
    expect(launcher.stderr).not.toContain('Traceback');
  });

  it.each(['--', '--RemoteProcessProxy.'])(
    'takes arguments as %skernel-id before the environment',
    async (form) => {
      const args = [`${form}kernel-id`, 'given', `${form}port-range=43000..44000`, ...COMMAND];
      const { told } = await launch({ args, env: { PORT_RANGE: '45000..46000' } });
      expect(told.kernel_id).toBe('given');
      expect(told.shell_port).toBeLessThanOrEqual(44_000);
    },
  );

  it('prefers the plain form of an argument', async () => {
    const args = ['--RemoteProcessProxy.kernel-id', 'other', '--kernel-id', 'plain', ...COMMAND];
    expect((await launch({ args })).told.kernel_id).toBe('plain');
  });

  it("takes the gateway's own variables where a pod's are missing", async () => {
    const { gateway } = await startLauncher({
      env: { PORT_RANGE: '', EG_PORT_RANGE: '43000..44000' },
      args: COMMAND,
    });
    const told = await gateway.accept();
    expect(told.shell_port).toBeGreaterThanOrEqual(43_000);
    expect(told.shell_port).toBeLessThanOrEqual(44_000);
  });

  it.each(['lazy', 'eager'])(
    'says that there is no Spark context (%s), and starts the kernel',
    async (mode) => {
      const env = { KERNEL_SPARK_CONTEXT_INIT_MODE: mode };
      const { launcher, kernel } = await launchIpykernel({ env, args: ['--cluster-type', 'spark'] });
      expect(launcher.lines).toEqual([
        `launch_ipykernel: no Spark context, although the mode is "${mode}": ` +
          'pyspark is not installed in this image. The kernel starts without.',
      ]);
      expect(await kernel.evaluate('1')).toBe(1);
    },
  );

  it('starts another kernel class', async () => {
    const { kernel } = await launchIpykernel({
      args: ['--kernel-class-name', 'own_kernel.OwnKernel'],
      env: { PYTHONPATH: join(import.meta.dirname, 'python') },
    });
    expect(await kernel.ready()).toMatchObject({ implementation: 'own' });
  });

  it('names the arguments that it does not know, and starts the kernel', async () => {
    const { launcher } = await launch({ args: ['--some-option', '--profile=mine', ...COMMAND] });
    expect(launcher.lines).toEqual([
      'launch_ipykernel: ignored unknown arguments: --some-option --profile=mine',
    ]);
  });

  it('writes the connection file where a positional argument says', async () => {
    const { launcher } = await launch({ args: ['here.json', ...COMMAND] });
    await launcher.wrote(/connection file here\.json/);
  });
});
