/** The files beside a `kernel.json` that clients may fetch. */
import { readdir, realpath, stat } from 'node:fs/promises';
import { join, parse, sep } from 'node:path';
import type { KernelSpec } from '../../machines/ports.ts';

/** A file that may be sent to a client. */
export interface ResourceFile {
  /** Absolute, free of symbolic links: what was checked is what is opened. */
  path: string;
  /** Bytes. */
  size: number;
  /** Milliseconds since the epoch. */
  modifiedAt: number;
}

/** File names by the key under which a kernelspec's model lists them: `logo-64x64`, `logo-svg`, `kernel.js`, `kernel.css`. */
export async function listResources(resourceDir: string): Promise<Record<string, string>> {
  const entries = await readdir(resourceDir, { withFileTypes: true }).catch(() => []);
  const names = entries
    .filter((entry) => entry.isFile() || entry.isSymbolicLink())
    .map((entry) => entry.name);
  const scripts = ['kernel.js', 'kernel.css']
    .filter((name) => names.includes(name))
    .map((name) => [name, name]);
  const logos = names.filter((name) => name.startsWith('logo-')).sort();
  return Object.fromEntries([...scripts, ...logos.map((name) => [parse(name).name, name])]);
}

/**
 * Looks up a file that a client asks for, by its decoded path below the
 * kernelspec's directory. Null for whatever is not a regular file within it:
 * `..`, absolute paths and links that lead out of the directory included.
 */
export async function resourceFile(spec: KernelSpec, fileName: string): Promise<ResourceFile | null> {
  if (!isPlainPath(fileName)) return null;
  try {
    const root = await realpath(spec.resourceDir);
    const path = await realpath(join(root, fileName));
    if (!path.startsWith(root.endsWith(sep) ? root : root + sep)) return null;
    const stats = await stat(path);
    return stats.isFile() ? { path, size: stats.size, modifiedAt: stats.mtimeMs } : null;
  } catch {
    return null;
  }
}

function isPlainPath(fileName: string): boolean {
  if (fileName.includes('\0') || fileName.includes('\\')) return false;
  return fileName.split('/').every((segment) => segment !== '' && segment !== '.' && segment !== '..');
}
