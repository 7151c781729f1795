/** `kernelgate serve`: starts the gateway, says where it is, and sees to its end. */
import type { Logger } from 'pino';
import type { ConfigInputs, LoadedSettings } from '../adapters/config/load-settings.ts';
import type { Settings } from '../adapters/config/settings.ts';
import { IdleMemory } from './idle-memory.ts';
import { visibleKernelspecs } from './kernelspec-access.ts';
import { createLog } from './logging.ts';
import { createGateway, type Gateway } from './main.ts';

export async function serve(loaded: LoadedSettings, inputs: ConfigInputs): Promise<void> {
  const { settings, warnings } = loaded;
  const log = await createLog(settings);
  for (const warning of warnings) log.warn(warning);
  warnOfOpenDoor(settings, log);
  const memory = new IdleMemory();
  const starting = { gateway: null as Gateway | null, isStopping: false };
  endOnSignals(starting, log);
  const gateway = await createGateway({ loaded, inputs, log, progress: print });
  starting.gateway = gateway;
  if (starting.isStopping) return stop(gateway, log);
  try {
    const address = await gateway.start();
    await announce(gateway, `${address}${settings.baseUrl.replace(/\/+$/, '')}`, settings);
    memory.release();
    gateway.onKernelChange(() => memory.releaseWhenQuiet());
  } catch (error) {
    log.fatal((error as Error).message);
    await gateway.stop();
    process.exitCode = 1;
  }
}

/** The first signal lets everyone leave in order, the second one does not wait. SIGHUP is not for us. */
function endOnSignals(starting: { gateway: Gateway | null; isStopping: boolean }, log: Logger): void {
  const onSignal = (signal: NodeJS.Signals) => {
    if (starting.isStopping) process.exit(1);
    starting.isStopping = true;
    log.info(`${signal}: stopping; another one stops at once`);
    if (starting.gateway !== null) void stop(starting.gateway, log);
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  process.on('SIGHUP', () => {});
  process.on('exit', () => starting.gateway?.killAllNow());
  process.on('uncaughtException', (error) => {
    log.fatal({ err: error }, `a fault of the gateway: ${error.message}`);
    process.exit(1);
  });
}

async function stop(gateway: Gateway, log: Logger): Promise<void> {
  try {
    await gateway.stop();
    log.info('stopped');
    process.exit(0);
  } catch (error) {
    log.fatal({ err: error }, 'could not stop in order');
    process.exit(1);
  }
}

async function announce(gateway: Gateway, address: string, { authToken }: Settings): Promise<void> {
  const kernelspecs = await visibleKernelspecs(gateway.services);
  const names = kernelspecs.map(({ name, spec }) => `  ${name.padEnd(24)} ${spec.display_name}`);
  const token = authToken === '' ? '' : ' --GatewayClient.auth_token=…';
  print(`Kernelgate is ready at ${address}`);
  print(names.length === 0 ? 'No kernels are on offer.' : `Kernels on offer:\n${names.join('\n')}`);
  if (gateway.pythonProblem !== null) print(`No Python kernel: ${gateway.pythonProblem}`);
  print(`Connect JupyterLab:\n  jupyter lab --gateway-url=${address}${token}`);
}

function warnOfOpenDoor({ ip, authToken }: Settings, log: Logger): void {
  const isLoopback = ip === 'localhost' || ip === '::1' || ip.startsWith('127.');
  if (isLoopback || authToken !== '') return;
  log.warn(
    `ANYONE who can reach ${ip === '' ? 'this host' : ip} CAN RUN CODE on this machine: the gateway listens beyond this host, without a token. Set EG_AUTH_TOKEN.`,
  );
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
