/** Says what to install, in the words of the machine's own package manager. */
import { findCommand } from './command-path.ts';

export interface Machine {
  env: NodeJS.ProcessEnv;
  platform: NodeJS.Platform;
}

/** What is missing: Python itself, or its part that makes environments. */
export type Missing = 'python' | 'venv';

interface PackageManager {
  command: string;
  advice: Record<Missing, string>;
}

/** In the order in which they are looked for: the one that a machine may have beside its own comes last. */
const LINUX: PackageManager[] = [
  manager('apt-get', 'apt install python3 python3-venv', 'apt install python3-venv'),
  manager('dnf', 'dnf install python3 python3-pip'),
  manager('yum', 'yum install python3 python3-pip'),
  manager('apk', 'apk add python3 py3-pip'),
  manager('zypper', 'zypper install python3 python3-pip'),
  manager('pacman', 'pacman -S python python-pip'),
  manager('brew', 'brew install python3'),
];
const MAC: PackageManager[] = [manager('brew', 'brew install python3')];

/** The command that installs what is missing, as words for the end of a sentence. */
export async function installAdvice(missing: Missing, { env, platform }: Machine): Promise<string> {
  for (const { command, advice } of platform === 'darwin' ? MAC : LINUX) {
    if (await findCommand(command, env['PATH'])) return `run \`${advice[missing]}\``;
  }
  if (platform === 'darwin') return 'run `xcode-select --install`';
  return missing === 'python'
    ? "install Python 3.9 or later with your system's package manager"
    : "install Python's venv and ensurepip modules with your system's package manager";
}

function manager(command: string, python: string, venv: string = python): PackageManager {
  return { command, advice: { python, venv } };
}

const NETWORK =
  /name resolution|nodename nor servname|NameResolutionError|NewConnectionError|ConnectTimeout|ReadTimeout|ProxyError|Network is unreachable|No route to host|Connection (refused|reset|aborted|broken)|timed out|Max retries exceeded/i;
const CERTIFICATE = /certificate[ _]verify[ _]failed/i;

/** Why `python -m venv` failed, and what to do; one line. */
export async function explainVenvFailure(output: string, machine: Machine): Promise<string> {
  if (/No space left|Disk quota/i.test(output)) return outOfSpace();
  if (/ensurepip|No module named '?"?venv/.test(output)) {
    return `this Python cannot make virtual environments: ${await installAdvice('venv', machine)}`;
  }
  return `\`python3 -m venv\` failed: ${lastLine(output)}`;
}

/** Why `pip install` failed, and what to do; one line. */
export function explainPipFailure(output: string): string {
  if (/No space left|Disk quota/i.test(output)) return outOfSpace();
  if (CERTIFICATE.test(output)) {
    return "pip does not trust the package index's certificate: set PIP_CERT to the file with your network's certificate authority";
  }
  if (NETWORK.test(output)) {
    return 'pip cannot reach its package index: connect this machine to the network, or set HTTPS_PROXY or PIP_INDEX_URL to what serves packages here';
  }
  return `\`pip install\` failed: ${lastLine(output)}`;
}

function outOfSpace(): string {
  return 'the disk is full: free about 150 MB';
}

/** The last line that pip or Python marks as an error, else simply the last one. */
function lastLine(output: string): string {
  const lines = output.split('\n').map((line) => line.trim());
  const filled = lines.filter((line) => line !== '' && !line.startsWith('[notice]'));
  return filled.findLast((line) => /^(ERROR|Error)\b/.test(line)) ?? filled.at(-1) ?? 'it said nothing';
}
