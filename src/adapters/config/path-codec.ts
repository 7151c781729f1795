import { isAbsolute, join, resolve } from 'node:path';
import type { Codec, Place } from './codec.ts';

/** A path; `~` is the home directory, and a relative one starts where the gateway was started. */
export function path(): Codec<string> {
  const read = (given: string, place: Place): string | undefined =>
    /^\P{Cc}+$/u.test(given) && given.trim() !== '' ? absolutePath(given, place) : undefined;
  return {
    form: 'path',
    allowed: 'a path',
    blankIsUnset: true,
    fromText: read,
    fromJson: (value, place) => (typeof value === 'string' ? read(value, place) : undefined),
    toJson: (value) => value,
  };
}

export function absolutePath(given: string, { cwd, homedir }: Place): string {
  if (given === '~') return homedir;
  if (given.startsWith('~/')) return join(homedir, given.slice(2));
  return isAbsolute(given) ? given : resolve(cwd, given);
}
