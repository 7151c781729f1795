/** Which modules a source file imports, read from its syntax tree. */
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { parseAst } from 'vitest/node';

export interface Import {
  /** Path of the importing file from the project's root. */
  from: string;
  /** Path of the imported file from the project's root; a package's or built-in module's name as it is written. */
  to: string;
  /** Gone at run time. */
  isTypeOnly: boolean;
}

interface Node {
  type: string;
  source?: { type: string; value?: unknown } | null;
  importKind?: string;
  exportKind?: string;
  specifiers?: Node[];
}

const ROOT = join(import.meta.dirname, '..');

/** @param folder from the project's root */
export function importsIn(folder: string): Import[] {
  const files = globSync('**/*.ts', { cwd: join(ROOT, folder) }).map((file) => join(folder, file));
  return files.flatMap((file) => importsOf(file, readFileSync(join(ROOT, file), 'utf8')));
}

/** @throws Error when a module is imported whose name is only known at run time */
export function importsOf(file: string, code: string): Import[] {
  return nodesIn(parseAst(code, { lang: 'ts' }))
    .filter(isImport)
    .map((node) => {
      if (typeof node.source?.value !== 'string') throw new Error(`${file}: imports what is not known yet`);
      return { from: file, to: resolved(file, node.source.value), isTypeOnly: isTypeOnly(node) };
    });
}

function nodesIn(value: unknown): Node[] {
  if (Array.isArray(value)) return value.flatMap(nodesIn);
  if (typeof value !== 'object' || value === null) return [];
  const inner = Object.values(value).flatMap(nodesIn);
  return 'type' in value && typeof value.type === 'string' ? [value as Node, ...inner] : inner;
}

function isImport({ type, source }: Node): boolean {
  if (type === 'ImportExpression' || type === 'TSImportType') return true;
  return /^(Import|ExportNamed|ExportAll)Declaration$/.test(type) && source !== null && source !== undefined;
}

function isTypeOnly({ type, importKind, exportKind, specifiers = [] }: Node): boolean {
  if (type === 'TSImportType' || importKind === 'type' || exportKind === 'type') return true;
  return (
    specifiers.length > 0 &&
    specifiers.every((each) => each.importKind === 'type' || each.exportKind === 'type')
  );
}

function resolved(file: string, name: string): string {
  return name.startsWith('.') ? relative(ROOT, join(ROOT, dirname(file), name)) : name;
}
