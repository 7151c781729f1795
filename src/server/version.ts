import { readFileSync } from 'node:fs';

/** Two folders up from here, as source and as compiled. */
const manifest = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

export const version: string = manifest.version;
