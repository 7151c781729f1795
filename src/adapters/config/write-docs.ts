/** Writes docs/configuration.md anew: `node src/adapters/config/write-docs.ts`. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { renderMarkdown } from './render-markdown.ts';

const docs = new URL('../../../docs/', import.meta.url);
mkdirSync(docs, { recursive: true });
writeFileSync(new URL('configuration.md', docs), renderMarkdown());
