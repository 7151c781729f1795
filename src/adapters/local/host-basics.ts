/** What any program needs to find its way on this host, taken from the host and not from the gateway's environment. */
import { userInfo } from 'node:os';
import { dirname } from 'node:path';

const SYSTEM_PATH = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
const HOMEBREW_PATH = ['/opt/homebrew/bin', '/opt/homebrew/sbin'];

/** @param program absolute path; commands that lie beside it are found first, as in an activated environment */
export function hostBasics(program: string): Record<string, string> {
  const { username, homedir, shell } = userInfo();
  const isMac = process.platform === 'darwin';
  const path = [dirname(program), ...(isMac ? HOMEBREW_PATH : []), ...SYSTEM_PATH];
  return {
    HOME: homedir,
    USER: username,
    LOGNAME: username,
    SHELL: shell ?? '/bin/sh',
    PATH: [...new Set(path)].join(':'),
    LANG: isMac ? 'en_US.UTF-8' : 'C.UTF-8',
  };
}
