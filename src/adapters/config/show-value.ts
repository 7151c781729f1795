/** How values are written for people. */
import type { Setting } from './option.ts';
import { secretMask } from './resolve.ts';

/** As a config file has it; a secret that is set becomes its mask. */
export function jsonOf(setting: Setting<unknown>, value: unknown): unknown {
  return setting.secret && value !== '' && value !== null ? secretMask : setting.codec.toJson(value);
}

/** As Python would write it: `None`, `True`, `'text'`, `['a', 'b']`. */
export function pythonOf(json: unknown): string {
  if (json === null) return 'None';
  if (json === true) return 'True';
  if (json === false) return 'False';
  if (Array.isArray(json)) return `[${json.map(pythonOf).join(', ')}]`;
  if (typeof json !== 'string') return JSON.stringify(json);
  return `'${JSON.stringify(json).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}

/** As the command line and the environment have it; `none` and `empty` where there is nothing to write. */
export function plainOf(json: unknown): string {
  if (json === null) return 'none';
  const plain = Array.isArray(json) ? json.join(',') : String(json);
  return plain === '' ? 'empty' : plain;
}
