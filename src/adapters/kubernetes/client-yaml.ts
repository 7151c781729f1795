/** YAML in what clients send: `KERNEL_VOLUMES` and `KERNEL_VOLUME_MOUNTS`. */
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);

/**
 * Plain values of the core schema; duplicate keys and aliases that multiply are
 * refused. The parser is loaded when it is first needed: most launches, and all
 * of local kernels, go without.
 *
 * @throws whatever the parser finds wrong, which quotes the text
 */
export function parseClientYaml(text: string): unknown {
  const { parse } = require('yaml') as typeof import('yaml');
  return parse(text, { schema: 'core', resolveKnownTags: false, logLevel: 'error' });
}
