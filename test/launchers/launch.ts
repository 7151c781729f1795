/** Launches for the tests: a gateway's side, the launcher, and what it has told. */
import { randomUUID } from 'node:crypto';
import { GatewaySide, type ToldConnection } from './gateway-side.ts';
import { KernelConnection } from './kernel-connection.ts';
import { type LauncherOptions, LauncherProcess } from './launcher-process.ts';

export interface Launch {
  gateway: GatewaySide;
  launcher: LauncherProcess;
}

/** A launcher whose gateway has not answered yet. Variables that are set to '' are left out. */
export async function startLauncher(options: LauncherOptions = {}): Promise<Launch> {
  const gateway = await GatewaySide.listen();
  const given = { ...gateway.environment(randomUUID()), ...options.env };
  const env = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  return { gateway, launcher: new LauncherProcess({ ...options, env }) };
}

export const VERSION_1 = { KERNEL_GATEWAY_KEY: '', KERNEL_LAUNCH_TOKEN: '' };

/** A launcher whose gateway has accepted it. */
export async function launch(options: LauncherOptions = {}): Promise<Launch & { told: ToldConnection }> {
  const started = await startLauncher(options);
  return { ...started, told: await started.gateway.accept() };
}

/** The same, with ipykernel up and answering. */
export async function launchIpykernel(
  options: LauncherOptions = {},
): Promise<Launch & { told: ToldConnection; kernel: KernelConnection }> {
  const launched = await launch(options);
  const kernel = new KernelConnection(launched.told);
  await kernel.ready();
  return { ...launched, kernel };
}

/** A kernel that only waits, and says which signals it got; for all that needs no Jupyter messages. */
export const SIGNAL_KERNEL = [
  'python3',
  '-c',
  [
    'import signal, sys',
    'print("connection file", sys.argv[1], flush=True)',
    'for number in (signal.SIGINT, signal.SIGUSR2):',
    '    signal.signal(number, lambda received, _: print("got", received, flush=True))',
    'print("waiting", flush=True)',
    'while True: signal.pause()',
  ].join('\n'),
  '{connection_file}',
];
