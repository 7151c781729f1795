/**
 * A gateway in a process and directories of its own, as an operator would
 * start it. `KERNELGATE_TEST_COMMAND` (words separated by blanks) runs the same
 * tests against another command, such as an installed package.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterAll, beforeAll, expect, inject, onTestFinished } from 'vitest';
import { eventually, within } from './deadline.ts';
import { type Answer, type Request, send } from './http.ts';
import { pythonSpec, type SpecFixture, writeKernelspec } from './kernelspecs.ts';
import { killProcess, processesNaming, type RunningProcess } from './process-list.ts';

const PROJECT = join(import.meta.dirname, '../..');
const COMMAND = process.env['KERNELGATE_TEST_COMMAND']?.split(' ') ?? [
  process.execPath,
  join(PROJECT, 'src/server/cli.ts'),
  'serve',
];
const START_DEADLINE_MS = 30_000;
const STOP_DEADLINE_MS = 30_000;

export interface GatewayOptions {
  /** Beside what every test gateway gets; an empty string unsets a variable. */
  env?: Record<string, string>;
  args?: string[];
  /** Beside `python3`; a function when the python or the directory is needed. */
  kernelspecs?: (python: string, root: string) => Record<string, SpecFixture>;
  /** Start over the directories of another gateway, as after a crash. */
  after?: GatewayProcess;
  /** With `after`: listen elsewhere, because that one is still there. */
  otherPort?: boolean;
  command?: string[];
}

export interface Exit {
  code: number | null;
  signal: NodeJS.Signals | null;
}

/** Path of the interpreter of the test environment. */
export function testPython(): string {
  const environment = inject('testPython');
  if (!environment.available) throw new Error(environment.reason);
  return environment.python;
}

/** One gateway that the tests of a block share; it must leave nothing when they are done. */
export function sharedGateway(options: GatewayOptions = {}): { readonly current: GatewayProcess } {
  let gateway: GatewayProcess | undefined;
  beforeAll(async () => {
    gateway = await GatewayProcess.start(options);
  });
  afterAll(async () => {
    try {
      await gateway?.stop();
      await gateway?.expectNoLeaks();
    } finally {
      gateway?.destroy();
    }
  });
  return {
    get current() {
      if (gateway === undefined) throw new Error('the gateway of this block did not start');
      return gateway;
    },
  };
}

/** A gateway of one test, ended with it. */
export async function ownGateway(options: GatewayOptions = {}): Promise<GatewayProcess> {
  const gateway = await GatewayProcess.start(options);
  onTestFinished(() => gateway.destroy());
  return gateway;
}

export class GatewayProcess {
  /** Everything of this gateway lies below: its processes are found by this path in their command lines. */
  readonly root: string;
  readonly port: number;
  readonly exited: Promise<Exit>;
  readonly #child: ChildProcess;
  readonly #basePath: string;
  #output = '';
  #exit: Exit | null = null;

  private constructor(root: string, port: number, options: GatewayOptions) {
    this.root = root;
    this.port = port;
    this.#basePath = basePathOf(options.env?.['EG_BASE_URL']);
    const [program = '', ...words] = options.command ?? COMMAND;
    const args = [...words, `--port=${port}`, '--port_retries=0', ...(options.args ?? [])];
    const env = environmentOf(root, options.env ?? {});
    this.#child = spawn(program, args, { cwd: root, env, stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.#output += text;
      });
    }
    this.exited = new Promise((resolve) => {
      this.#child.once('error', (error) => resolve(this.#ended({ code: null, signal: null }, error.message)));
      this.#child.once('exit', (code, signal) => resolve(this.#ended({ code, signal })));
    });
  }

  static async start(options: GatewayOptions = {}): Promise<GatewayProcess> {
    const gateway = await GatewayProcess.launch(options);
    await gateway.ready();
    return gateway;
  }

  /** Like {@link start}, without waiting until it answers. */
  static async launch(options: GatewayOptions = {}): Promise<GatewayProcess> {
    const root = options.after?.root ?? realpathSync(mkdtempSync(join(tmpdir(), 'kernelgate-e2e-')));
    await prepare(root, options);
    const port = options.otherPort ? undefined : options.after?.port;
    return new GatewayProcess(root, port ?? (await unusedPort()), options);
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Address under which the API lies, without a slash at the end. */
  get url(): string {
    return this.origin + this.#basePath;
  }

  get pid(): number {
    return this.#child.pid ?? -1;
  }

  /** What it has written so far, both streams. */
  get log(): string {
    return this.#output;
  }

  /** `path` from `/api` on; the base path is put before it. */
  async request(path: string, options: Request = {}): Promise<Answer> {
    return send(this.origin, this.#basePath + path, options);
  }

  async ready(): Promise<void> {
    await eventually(START_DEADLINE_MS, `the gateway's first answer; it wrote:\n${this.log}`, async () => {
      if (this.#exit !== null) throw new Error(`the gateway ended before it was ready:\n${this.log}`);
      return this.request('/api').then(
        () => true,
        () => false,
      );
    });
  }

  /** Waits until the log holds `pattern`. */
  async logged(pattern: RegExp, ms = 10_000): Promise<void> {
    await eventually(ms, `${pattern} in the gateway's log`, () => pattern.test(this.log)).catch((error) => {
      throw new Error(`${error.message}; it holds:\n${this.log}`);
    });
  }

  signal(signal: NodeJS.Signals): void {
    if (this.#exit === null) this.#child.kill(signal);
  }

  /** Asks it to end, and waits until it has. */
  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Exit> {
    this.signal(signal);
    return within(STOP_DEADLINE_MS, `the gateway's end after ${signal}`, this.exited);
  }

  /** `kill -9`. */
  async kill(): Promise<void> {
    this.signal('SIGKILL');
    await within(STOP_DEADLINE_MS, "the gateway's end after SIGKILL", this.exited);
  }

  /** Processes that name this gateway's directories: its kernels. */
  kernelProcesses(): RunningProcess[] {
    return processesNaming(this.root).filter(({ pid }) => pid !== this.pid);
  }

  /** Files in the runtime directory, where connection files lie. */
  runtimeFiles(): string[] {
    return readdirSync(join(this.root, 'runtime'), { recursive: true, withFileTypes: true })
      .filter((entry) => !entry.isDirectory())
      .map((entry) => join(entry.parentPath, entry.name));
  }

  /** Fails when a kernel process or a file of a kernel outlives the gateway. */
  async expectNoLeaks(): Promise<void> {
    await eventually(5_000, 'the end of all kernels', () => this.kernelProcesses().length === 0).catch(
      () => {},
    );
    const processes = this.kernelProcesses().map(({ pid, command }) => `${pid} ${command}`);
    expect(processes, `processes left: ${processes.join('; ')}`).toEqual([]);
    const files = this.runtimeFiles();
    expect(files, `files left: ${files.join(', ')}`).toEqual([]);
  }

  /** Removes everything, whatever state it is in. */
  destroy(): void {
    this.signal('SIGKILL');
    for (const { pid } of this.kernelProcesses()) killProcess(pid);
    rmSync(this.root, { recursive: true, force: true, maxRetries: 3 });
  }

  #ended(exit: Exit, message = ''): Exit {
    this.#exit = exit;
    this.#output += message;
    return exit;
  }
}

async function prepare(root: string, options: GatewayOptions): Promise<void> {
  for (const name of ['home', 'runtime', 'data', 'config', 'ipython', 'jupyter']) {
    mkdirSync(join(root, name), { recursive: true });
  }
  const python = testPython();
  const specs = { python3: pythonSpec(python), ...options.kernelspecs?.(python, root) };
  for (const [name, spec] of Object.entries(specs)) {
    // Otherwise the kernels of all tests would share the profile of whoever runs them.
    const env = { IPYTHONDIR: join(root, 'ipython'), ...spec.env };
    await writeKernelspec(join(root, 'jupyter'), name, { ...spec, env });
  }
}

/** Nothing of the environment in which the tests run but the path, so that no one's settings change a result. */
function environmentOf(root: string, more: Record<string, string>): Record<string, string> {
  const environment = inject('testPython');
  const prefix = environment.available ? environment.prefix : '';
  const all = {
    PATH: process.env['PATH'] ?? '',
    LANG: 'C.UTF-8',
    HOME: join(root, 'home'),
    JUPYTER_RUNTIME_DIR: join(root, 'runtime'),
    JUPYTER_DATA_DIR: join(root, 'data'),
    JUPYTER_CONFIG_DIR: join(root, 'config'),
    JUPYTER_PATH: [join(root, 'jupyter'), join(prefix, 'share/jupyter')].join(delimiter),
    EG_LIST_KERNELS: 'true',
    ...more,
  };
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== ''));
}

function basePathOf(baseUrl: string | undefined): string {
  const path = (baseUrl ?? '').replace(/^\/+|\/+$/g, '');
  return path === '' ? '' : `/${path}`;
}

/** A free port below the range from which systems hand out ports by themselves, so that no kernel takes it meanwhile. */
export async function unusedPort(): Promise<number> {
  for (;;) {
    const port = 20_000 + Math.floor(Math.random() * 10_000);
    if (await isFree(port)) return port;
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}
