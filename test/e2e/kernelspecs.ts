/** Kernelspecs that the tests' gateways offer, besides those of the test environment. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

export interface SpecFixture {
  argv: string[];
  display_name: string;
  language: string;
  env?: Record<string, string>;
  metadata?: Record<string, unknown>;
  interrupt_mode?: 'signal' | 'message';
  /** Further files of the kernelspec's directory. */
  files?: Record<string, string | Buffer>;
}

/** The command line of a real ipykernel; without its history database, which many kernels would fight over. */
export function ipykernelArgv(python: string): string[] {
  return [python, '-m', 'ipykernel_launcher', '-f', '{connection_file}', '--HistoryManager.enabled=False'];
}

/** A plain Python kernel. */
export function pythonSpec(python: string, more: Partial<SpecFixture> = {}): SpecFixture {
  return { argv: ipykernelArgv(python), display_name: 'Python 3 (test)', language: 'python', ...more };
}

/** A process that runs `script` with the connection file as its first argument. */
export function scriptSpec(python: string, script: string, more: Partial<SpecFixture> = {}): SpecFixture {
  const argv = [python, '-c', script, '{connection_file}'];
  return { argv, display_name: 'A script', language: 'python', ...more };
}

/** An ipykernel that refuses to start while the file `switchedOff` exists. */
export function switchableSpec(python: string, switchedOff: string): SpecFixture {
  const script = [
    'import os, runpy, sys',
    `if os.path.exists(${JSON.stringify(switchedOff)}): sys.exit("switched off by the test")`,
    'sys.argv = ["ipykernel_launcher", "-f", sys.argv[1], "--HistoryManager.enabled=False"]',
    'runpy.run_module("ipykernel_launcher", run_name="__main__")',
  ].join('\n');
  return scriptSpec(python, script);
}

/** Writes `<directory>/kernels/<name>/kernel.json` and the files beside it. */
export async function writeKernelspec(
  directory: string,
  name: string,
  fixture: SpecFixture,
): Promise<string> {
  const { files = {}, ...spec } = fixture;
  const home = join(directory, 'kernels', name);
  await mkdir(home, { recursive: true });
  for (const [file, content] of Object.entries(files)) await writeFile(join(home, file), content);
  await writeFile(join(home, 'kernel.json'), JSON.stringify(spec));
  return home;
}
