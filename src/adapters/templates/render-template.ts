/**
 * Renders Jinja templates of manifests so that no value can become YAML.
 * The template's text is rendered with a token for each value, is parsed, and
 * only then do the values take the places of their tokens: a quote, a line
 * feed or a `{{` in a value is nothing but a character of it.
 */
import { randomBytes } from 'node:crypto';
import { parseManifest } from './manifest-yaml.ts';
import { internals, type RenderFunction } from './nunjucks-internals.ts';
import { compileTemplate } from './template-compiler.ts';
import { TemplateError } from './template-error.ts';
import { environment } from './template-filters.ts';
import { contextFor, runtimeFor } from './template-runtime.ts';
import { Tokens } from './template-values.ts';

export { TemplateError } from './template-error.ts';

/** Compiled templates; a template is edited now and then, so only the last few texts are kept. */
const compiled = new Map<string, RenderFunction>();
const MOST_COMPILED = 100;

/**
 * The documents that a template renders to, as plain JSON.
 *
 * A scalar that is nothing but a variable becomes the variable: a list or a
 * mapping itself; a string, when the scalar is not quoted, is read for a
 * number, a boolean or null. Everywhere else values are parts of strings.
 *
 * @throws TemplateError when a variable that is output is missing, too
 */
export function renderTemplate(text: string, variables: Readonly<Record<string, unknown>>): unknown[] {
  const tokens = new Tokens(randomBytes(16).toString('hex'));
  return parseManifest(rendered(renderFunctionOf(text), variables, tokens), tokens);
}

function renderFunctionOf(text: string): RenderFunction {
  const render = compiled.get(text) ?? compileTemplate(text);
  compiled.delete(text);
  compiled.set(text, render);
  for (const oldest of [...compiled.keys()].slice(0, -MOST_COMPILED)) compiled.delete(oldest);
  return render;
}

function rendered(
  render: RenderFunction,
  variables: Readonly<Record<string, unknown>>,
  tokens: Tokens,
): string {
  const outcome: { error?: unknown; text?: string } = {};
  const frame = new internals.runtime.Frame();
  frame.topLevel = true;
  render(environment, contextFor(variables), frame, runtimeFor(tokens), (error, text) => {
    if (error !== null) outcome.error ??= error;
    else if (text !== undefined) outcome.text ??= text;
  });
  if (outcome.error !== undefined) throw outcome.error;
  if (outcome.text === undefined) throw new TemplateError('it renders to nothing', null);
  return outcome.text;
}
