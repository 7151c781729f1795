/** Runs a file of Python tests in the test environment, against a gateway that is running. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type GatewayProcess, testPython } from './gateway-process.ts';

const DIRECTORY = join(import.meta.dirname, 'python');

export interface PythonOutcome {
  code: number | null;
  /** What pytest wrote. */
  report: string;
}

/** `file` lies in `python/`; the tests find the gateway in `GATEWAY_URL`. */
export function runPythonTests(
  gateway: GatewayProcess,
  file: string,
  env: Record<string, string> = {},
): Promise<PythonOutcome> {
  const home = mkdtempSync(join(tmpdir(), 'kernelgate-e2e-py-'));
  const args = ['-m', 'pytest', '-q', '-x', '-p', 'no:cacheprovider', '--rootdir', DIRECTORY, file];
  const child = spawn(testPython(), args, {
    cwd: DIRECTORY,
    env: {
      PATH: process.env['PATH'] ?? '',
      LANG: 'C.UTF-8',
      HOME: home,
      JUPYTER_CONFIG_DIR: home,
      JUPYTER_DATA_DIR: home,
      JUPYTER_RUNTIME_DIR: home,
      PYTHONDONTWRITEBYTECODE: '1',
      GATEWAY_URL: gateway.url,
      ...env,
    },
  });
  let report = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      report += text;
    });
  }
  return new Promise((resolve) => {
    child.once('close', (code) => {
      rmSync(home, { recursive: true, force: true });
      resolve({ code, report });
    });
  });
}
