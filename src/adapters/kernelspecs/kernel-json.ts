/** Reads what `kernel.json` says, and refuses what no kernel could be launched from. */
import { isInCluster } from '../../machines/launch-target.ts';
import type { KernelSpecFile } from '../../machines/ports.ts';

/** A `kernel.json` that cannot be used. The message is one line and names the field. */
export class KernelJsonError extends Error {
  readonly code = 'KERNEL_JSON_INVALID';
  override readonly name = 'KernelJsonError';
}

/**
 * Parses the text of a `kernel.json`. Fields that are missing get the values
 * that Jupyter gives them; the display name of a nameless kernel is `name`.
 * Metadata is kept as it is; other fields unknown to the gateway are dropped.
 * @throws KernelJsonError
 */
export function parseKernelJson(text: string, name: string): KernelSpecFile {
  const file = parseObject(text);
  const metadata = readMetadata(file['metadata'] ?? {});
  return {
    argv: readArgv(file['argv'], isForCluster(metadata)),
    display_name: readText(file, 'display_name') || name,
    language: readText(file, 'language'),
    env: readEnv(file['env'] ?? {}),
    metadata,
    interrupt_mode: readInterruptMode(file['interrupt_mode'] ?? 'signal'),
  };
}

function parseObject(text: string): Record<string, unknown> {
  let value: unknown;
  try {
    // Editors on other systems like to begin a file with a byte order mark.
    value = JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new KernelJsonError(`is not valid JSON: ${(error as Error).message}`, { cause: error });
  }
  if (!isObject(value)) throw new KernelJsonError('must be a JSON object');
  return value;
}

/** @param mayBeEmpty the gateway knows how to launch the kernel, with no program of the kernelspec's */
function readArgv(value: unknown, mayBeEmpty: boolean): string[] {
  if (mayBeEmpty && Array.isArray(value) && value.length === 0) return [];
  if (!Array.isArray(value) || value.length === 0 || !value.every(isCleanText)) {
    throw new KernelJsonError('argv must be a list of strings with at least one entry');
  }
  if (value[0] === '') throw new KernelJsonError('argv[0] must name the program to start');
  return value;
}

function readText(file: Record<string, unknown>, field: string): string {
  const value = file[field] ?? '';
  if (typeof value !== 'string') throw new KernelJsonError(`${field} must be a string`);
  return value;
}

function readEnv(value: unknown): Record<string, string> {
  if (!isObject(value)) throw new KernelJsonError('env must be an object of strings');
  for (const [key, entry] of Object.entries(value)) {
    if (!isCleanText(entry)) throw new KernelJsonError(`env.${key} must be a string`);
  }
  return value as Record<string, string>;
}

function readMetadata(value: unknown): Record<string, unknown> {
  if (!isObject(value)) throw new KernelJsonError('metadata must be an object');
  return value;
}

function isForCluster({ process_proxy: proxy }: Record<string, unknown>): boolean {
  const className = isObject(proxy) ? proxy['class_name'] : undefined;
  return typeof className === 'string' && isInCluster(className);
}

function readInterruptMode(value: unknown): 'signal' | 'message' {
  const mode = typeof value === 'string' ? value.toLowerCase() : value;
  if (mode !== 'signal' && mode !== 'message') {
    throw new KernelJsonError('interrupt_mode must be "signal" or "message"');
  }
  return mode;
}

/** No process can be given a NUL character. */
function isCleanText(value: unknown): value is string {
  return typeof value === 'string' && !value.includes('\0');
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
