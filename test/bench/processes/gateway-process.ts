/** The gateway under test: a command that the benchmark starts, or one that runs already. */
import { type ChildProcess, spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { quietPort } from '../protocol/connection-file.ts';
import { hasEnded, stopProcess } from './child.ts';
import { GatewayApi } from './gateway-api.ts';
import { writeKernelspec } from './kernel-process.ts';

const readyTimeoutMs = 60_000;

export interface Gateway {
  api: GatewayApi;
  /** Null when it is not known: then neither CPU nor memory can be measured. */
  pid: number | null;
  stop: () => Promise<void>;
}

/**
 * Starts a gateway with the synthetic kernelspec as its only one.
 * @param command its words; `node` means this very Node, `{port}` the port, which is else added as `--port=…`
 * @param directory where its files go, its log (`gateway.log`) among them
 * @param environment beside what every gateway gets
 * Throws when it ends, or does not answer within a minute.
 */
export async function startGateway(
  command: string[],
  directory: string,
  environment: Record<string, string> = {},
): Promise<Gateway> {
  const home = await mkdtemp(join(directory, 'gateway-'));
  await writeKernelspec(home);
  const port = await quietPort();
  const [program = '', ...args] = withPort(command, port);
  const child = spawn(program === 'node' ? process.execPath : program, args, {
    env: { ...gatewayEnvironment(home), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const log = join(home, 'gateway.log');
  keepLog(child, log);
  const api = new GatewayApi(`http://127.0.0.1:${port}`);
  try {
    await waitUntilAnswering(api, child);
  } catch (error) {
    await stopProcess(child);
    const lastLines = (await readFile(log, 'utf8').catch(() => '')).split('\n').slice(-15).join('\n');
    throw new Error(`${command.join(' ')} did not start: ${String(error)}\n${lastLines}`);
  }
  return { api, pid: child.pid ?? null, stop: () => stopProcess(child, 10_000) };
}

/** Splits a command line into words; single and double quotes keep spaces. */
export function splitCommand(line: string): string[] {
  const words = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, '$1$2'));
}

function withPort(command: string[], port: number): string[] {
  const replaced = command.map((word) => word.replace('{port}', String(port)));
  return replaced.some((word, index) => word !== command[index]) ? replaced : [...command, `--port=${port}`];
}

/** The operator's own environment, apart from where Jupyter keeps its files. */
function gatewayEnvironment(home: string): NodeJS.ProcessEnv {
  return {
    ...process.env,
    JUPYTER_PATH: home,
    JUPYTER_DATA_DIR: join(home, 'data'),
    JUPYTER_CONFIG_DIR: join(home, 'config'),
    JUPYTER_RUNTIME_DIR: join(home, 'runtime'),
    EG_LIST_KERNELS: 'true',
  };
}

function keepLog(child: ChildProcess, path: string): void {
  const log = createWriteStream(path);
  child.stdout?.pipe(log, { end: false });
  child.stderr?.pipe(log, { end: false });
  child.once('error', (error) => log.write(`${String(error)}\n`));
}

async function waitUntilAnswering(api: GatewayApi, child: ChildProcess): Promise<void> {
  const deadline = Date.now() + readyTimeoutMs;
  while (!(await api.isAnswering())) {
    if (hasEnded(child) || child.pid === undefined) {
      throw new Error('the process ended');
    }
    if (Date.now() > deadline) {
      throw new Error(`no answer at ${api.url} after ${readyTimeoutMs / 1000} s`);
    }
    await delay(50);
  }
}
