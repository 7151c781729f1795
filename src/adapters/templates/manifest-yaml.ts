/** YAML as manifests for Kubernetes are written. */
import {
  type Document,
  isScalar,
  parseAllDocuments,
  type Scalar,
  type ScalarTag,
  type Tags,
  visit,
  type YAMLMap,
} from 'yaml';
import { readPlainScalar } from './plain-scalar.ts';
import { TemplateError } from './template-error.ts';
import { type Tokens, textOf, Written } from './template-values.ts';

/** Beyond YAML 1.2, what templates were written with: file modes such as 0644, and yes and no. */
const OLDER_TAGS: ScalarTag[] = [
  {
    tag: 'tag:yaml.org,2002:int',
    default: true,
    test: /^[-+]?0[0-7]+$/,
    resolve: (text) => Number.parseInt(text, 8),
  },
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test: /^(yes|Yes|YES|on|On|ON)$/,
    resolve: () => true,
  },
  {
    tag: 'tag:yaml.org,2002:bool',
    default: true,
    test: /^(no|No|NO|off|Off|OFF)$/,
    resolve: () => false,
  },
];

const MOST_ALIASES = 100;

/**
 * All documents of a text, empty ones left out. In place of each token comes
 * its value: whatever it is, it stays within the scalar that held the token.
 *
 * @throws TemplateError
 */
export function parseManifest(text: string, tokens: Tokens): unknown[] {
  const documents = parseAllDocuments(text, {
    customTags: (tags: Tags) => [...OLDER_TAGS, ...tags],
    merge: true,
    uniqueKeys: true,
    prettyErrors: false,
  });
  if (!Array.isArray(documents)) return [];
  return documents.map((document) => contentOf(document, text, tokens)).filter((value) => value !== null);
}

function contentOf(document: Document, text: string, tokens: Tokens): unknown {
  const [problem] = [...document.errors, ...document.warnings];
  if (problem !== undefined) throw notYaml(problem.message, lineAt(text, problem.pos[0]), tokens);
  visit(document, {
    Map: (_, map) => fillInKeys(map, tokens),
    Scalar: (key, scalar) => {
      if (key !== 'key') fillIn(scalar, tokens);
    },
  });
  try {
    return document.toJS({ maxAliasCount: MOST_ALIASES });
  } catch (error) {
    throw notYaml((error as Error).message, '', tokens);
  }
}

function fillInKeys(map: YAMLMap, tokens: Tokens): void {
  const names = new Set<string>();
  for (const { key } of map.items) {
    if (!isScalar(key)) continue;
    // Keys are strings, also those that would be numbers or booleans as values.
    if (['number', 'boolean'].includes(typeof key.value)) key.value = key.source ?? key.value;
    if (tokens.areIn(String(key.value))) {
      key.value = tokens.filledIn(String(key.value));
      // A plain << would take over the members of its value.
      key.type = 'QUOTE_DOUBLE';
    }
    const name = String(key.value);
    if (names.has(name)) throw new TemplateError('two keys of one mapping become the same', null);
    names.add(name);
  }
}

function fillIn(scalar: Scalar, tokens: Tokens): void {
  if (typeof scalar.value === 'string' && tokens.areIn(scalar.value)) {
    scalar.value = filledIn(scalar.value, scalar, tokens);
  } else if (tokens.areIn(scalar.source ?? '')) {
    throw new TemplateError(`a variable can't be tagged ${scalar.tag}`, null);
  }
}

function filledIn(text: string, { type, tag }: Scalar, tokens: Tokens): unknown {
  const only = tokens.only(text);
  if (only === null) return tokens.filledIn(text);
  const isPlain = type === 'PLAIN' && tag === undefined;
  const { value } = only;
  if (value instanceof Written) return isPlain ? value.value : value.text;
  if (typeof value === 'object' && value !== null) return structuredClone(value);
  return isPlain ? readPlainScalar(textOf(value)) : textOf(value);
}

function lineAt(text: string, position: number): string {
  const start = text.lastIndexOf('\n', position - 1) + 1;
  const end = text.indexOf('\n', position);
  return text.slice(start, end === -1 ? undefined : end).trim();
}

function notYaml(problem: string, line: string, tokens: Tokens): TemplateError {
  const where = line === '' ? '' : `, at ${JSON.stringify(tokens.hidden(line))}`;
  return new TemplateError(`what it renders to is not valid YAML${where}: ${tokens.hidden(problem)}`, null);
}
