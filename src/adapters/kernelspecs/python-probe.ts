/** Asks the Python of the PATH about itself. */
import { isAbsolute, join } from 'node:path';
import { findCommand, findCommands, isExecutable } from './command-path.ts';
import { type RunCommand, runCommand } from './command-runner.ts';

/** What a Python interpreter says about itself. */
export interface PythonInfo {
  /** Absolute path of the interpreter itself, behind shims. */
  executable: string;
  /** `sys.prefix`: where its environment lies. */
  prefix: string;
  /** `sys.base_prefix`: differs from `prefix` within a virtual environment. */
  basePrefix: string;
  version: { major: number; minor: number; micro: number };
  /** Base of the user's site directory; null where Python leaves it out, as in most virtual environments. */
  userBase: string | null;
  /** Whether the user who runs the gateway owns `prefix`. */
  ownsPrefix: boolean;
  /** Directory with ipykernel's logos; null when ipykernel cannot be imported. */
  ipykernelResources: string | null;
}

export interface ProbeOptions {
  env?: NodeJS.ProcessEnv;
  platform?: NodeJS.Platform;
  run?: RunCommand;
}

const PROBE_TIMEOUT_MS = 10_000;
/** Begins the line that holds the answer. */
export const ANSWER = 'kernelgate-python:';

/**
 * The current directory is taken off the module path first: a file of the
 * user's that is called like a standard module must not run here. Imports may
 * print: the answer has a line of its own.
 */
const PROBE = `
import sys
sys.path[:] = [p for p in sys.path if p]
import json, os, site

def owned(path):
    while not os.path.exists(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    uid = os.stat(path).st_uid
    try:
        import pwd
        if pwd.getpwuid(uid).pw_name == os.getlogin():
            return True
    except Exception:
        pass
    return uid == os.geteuid()

try:
    import ipykernel_launcher
    from ipykernel.kernelspec import RESOURCES
    resources = str(RESOURCES)
except Exception:
    resources = None

answer = {
    "executable": sys.executable,
    "prefix": sys.prefix,
    "basePrefix": getattr(sys, "base_prefix", sys.prefix),
    "version": {"major": sys.version_info[0], "minor": sys.version_info[1], "micro": sys.version_info[2]},
    "userBase": site.getuserbase() if site.ENABLE_USER_SITE else None,
    "ownsPrefix": owned(sys.prefix),
    "ipykernelResources": resources,
}
print("\\n${ANSWER}" + json.dumps(answer))
`;

/**
 * The Python 3 that the gateway's user works with: an activated virtual
 * environment's, else the first `python3`, else the first `python` on the PATH
 * that runs, else an activated conda environment's. Null when there is none.
 */
export async function probePython(options: ProbeOptions = {}): Promise<PythonInfo | null> {
  const env = options.env ?? process.env;
  const run = options.run ?? runCommand;
  const platform = options.platform ?? process.platform;
  for (const file of await candidates(env)) {
    if (await opensDialog(file, platform, env, run)) continue;
    const info = await askPython(file, env, run);
    if (info && info.version.major >= 3) return info;
  }
  return null;
}

/** Asks one interpreter; null when it does not run or gives no sensible answer within 10 s. */
export async function askPython(
  file: string,
  env: NodeJS.ProcessEnv,
  run: RunCommand = runCommand,
): Promise<PythonInfo | null> {
  const result = await run(file, ['-c', PROBE], { env, timeoutMs: PROBE_TIMEOUT_MS });
  if (result.code !== 0) return null;
  const line = result.stdout.split('\n').findLast((text) => text.startsWith(ANSWER));
  return line === undefined ? null : parseAnswer(line.slice(ANSWER.length));
}

async function candidates(env: NodeJS.ProcessEnv): Promise<string[]> {
  const ofPrefix = (prefix: string | undefined) => (prefix ? [join(prefix, 'bin', 'python')] : []);
  const files = [
    ...ofPrefix(env['VIRTUAL_ENV']),
    ...(await findCommands('python3', env['PATH'])),
    ...(await findCommands('python', env['PATH'])),
    ...ofPrefix(env['CONDA_PREFIX']),
  ];
  const executable = await Promise.all(files.map(isExecutable));
  return [...new Set(files.filter((_, index) => executable[index]))];
}

/** A Mac without the developer tools has a `/usr/bin/python3` that only opens a dialog which offers them. */
async function opensDialog(
  file: string,
  platform: NodeJS.Platform,
  env: NodeJS.ProcessEnv,
  run: RunCommand,
): Promise<boolean> {
  if (platform !== 'darwin' || !file.startsWith('/usr/bin/')) return false;
  const xcodeSelect = (await findCommand('xcode-select', env['PATH'])) ?? '/usr/bin/xcode-select';
  return (await run(xcodeSelect, ['-p'], { env, timeoutMs: PROBE_TIMEOUT_MS })).code !== 0;
}

function parseAnswer(text: string): PythonInfo | null {
  try {
    const info = JSON.parse(text) as PythonInfo;
    return isAbsolute(info.executable) && isAbsolute(info.prefix) ? info : null;
  } catch {
    return null;
  }
}
