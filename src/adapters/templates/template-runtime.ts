/** What a compiled template runs on: it computes with real values, but its output is tokens. */
import { internals } from './nunjucks-internals.ts';
import { TemplateError } from './template-error.ts';
import { environment, FILTERS, TAKES_UNDEFINED } from './template-filters.ts';
import { memberOf, sliceOf } from './template-members.ts';
import { isTrue, Markup, type Tokens, textOf } from './template-values.ts';

/** A runtime for one rendering. */
export function runtimeFor(tokens: Tokens): object {
  return {
    ...internals.runtime,
    // What nunjucks calls safe is what a macro has written.
    SafeString: class extends Markup {
      constructor(raw: string) {
        super(raw, tokens);
      }
    },
    isTrue,
    or: (left: unknown, right: () => unknown) => (isTrue(left) ? left : right()),
    and: (left: unknown, right: () => unknown) => (isTrue(left) ? right() : left),
    memberLookup: (...given: unknown[]) =>
      given.length === 4 ? sliceOf(given[0], given[1], given[2], given[3]) : memberOf(given[0], given[1]),
    output: (line: number, name: string, value: unknown) => outputOf(tokens, line, name, value),
    filter: filtered,
    handleError: (error: unknown, line: number) =>
      error instanceof TemplateError
        ? error
        : new TemplateError((error as Error).message, line + 1, { cause: error }),
  };
}

/** The variables, and what the template sets; never anything that an object inherits. */
export function contextFor(variables: Readonly<Record<string, unknown>>): object {
  const values = new Map(Object.entries({ ...environment.globals, ...variables }));
  return {
    env: environment,
    lookup: (name: string) => values.get(name),
    setVariable: (name: string, value: unknown) => void values.set(name, value),
    addExport: () => {},
  };
}

/** Numbers and booleans are harmless as text; everything else is hidden from YAML. */
function outputOf(tokens: Tokens, line: number, name: string, value: unknown): string {
  if (value === undefined) throw new TemplateError(`${name} is not defined`, line);
  if (typeof value === 'function') throw new TemplateError(`${name} is a function, and not called`, line);
  if (value instanceof Markup) return value.raw;
  if (typeof value === 'boolean' || Number.isFinite(value)) return textOf(value);
  return tokens.tokenFor(value);
}

function filtered(line: number, name: string, filter: string, given: unknown[]): unknown {
  const apply = FILTERS.get(filter);
  if (apply === undefined) throw new TemplateError(`there is no filter ${filter}`, line);
  if (given[0] === undefined && !TAKES_UNDEFINED.has(filter)) {
    throw new TemplateError(`${name} is not defined`, line);
  }
  try {
    return apply(given);
  } catch (error) {
    throw new TemplateError(`filter ${filter}: ${(error as Error).message}`, line, { cause: error });
  }
}
