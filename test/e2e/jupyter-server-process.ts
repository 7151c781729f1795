/** A real Jupyter Server whose kernels are the gateway's. */
import { type ChildProcess, spawn } from 'node:child_process';
import { join } from 'node:path';
import { eventually, within } from './deadline.ts';
import { type GatewayProcess, testPython } from './gateway-process.ts';
import { type Answer, type Request, send } from './http.ts';
import { KernelClient } from './kernel-client.ts';

const TOKEN = 'server-token';

export class JupyterServer {
  readonly origin: string;
  log = '';
  readonly #child: ChildProcess;

  /** Starts it over the gateway's home directory. @param env beside what it needs to run at all */
  constructor(gateway: GatewayProcess, port: number, env: Record<string, string> = {}) {
    this.origin = `http://127.0.0.1:${port}`;
    const home = join(gateway.root, 'home');
    const args = [
      '-m',
      'jupyter_server',
      `--gateway-url=${gateway.url}`,
      `--ServerApp.port=${port}`,
      '--ServerApp.port_retries=0',
      '--ServerApp.ip=127.0.0.1',
      '--ServerApp.open_browser=False',
      '--ServerApp.allow_root=True',
      '--ServerApp.disable_check_xsrf=True',
      `--ServerApp.root_dir=${home}`,
      `--IdentityProvider.token=${TOKEN}`,
    ];
    this.#child = spawn(testPython(), args, {
      cwd: home,
      env: {
        PATH: process.env['PATH'] ?? '',
        LANG: 'C.UTF-8',
        HOME: home,
        // Its own directories: what lies in the gateway's runtime directory is the gateway's.
        JUPYTER_RUNTIME_DIR: join(home, 'runtime'),
        JUPYTER_DATA_DIR: join(home, 'data'),
        JUPYTER_CONFIG_DIR: join(home, 'config'),
        ...env,
      },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => {
        this.log += text;
      });
    }
  }

  request(path: string, options: Request = {}): Promise<Answer> {
    const headers = { Authorization: `token ${TOKEN}`, ...options.headers };
    return send(this.origin, path, { ...options, headers });
  }

  async ready(): Promise<void> {
    await eventually(60_000, 'the Jupyter Server', () =>
      this.request('/api/status').then(
        ({ status }) => status === 200,
        () => false,
      ),
    ).catch((error) => {
      throw new Error(`${error.message}; it wrote:\n${this.log}`);
    });
  }

  connect(kernelId: string): Promise<KernelClient> {
    return KernelClient.connectTo(this.origin, kernelId, { headers: { Authorization: `token ${TOKEN}` } });
  }

  /** It deletes its kernels on its way out. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    if (this.#child.exitCode !== null) return;
    this.#child.kill('SIGTERM');
    await within(30_000, "the Jupyter Server's end", ended);
  }

  destroy(): void {
    this.#child.kill('SIGKILL');
  }
}
