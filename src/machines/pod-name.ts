/** A kernel's pod, its namespace and its container share one name, which has to be a DNS label. */
import type { Environment } from './launch-environment.ts';

const LONGEST_LABEL = 63;
const LONGEST_NAME = 253;
const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const VARIABLE = /\{\{[ \t]*([a-zA-Z][a-zA-Z0-9_]*)[ \t]*\}\}/g;

/** What namespaces and pods are called. */
export function isDnsLabel(text: string): boolean {
  return text.length <= LONGEST_LABEL && LABEL.test(text);
}

/** What most other objects are called: labels, with dots between them. */
export function isDnsName(text: string): boolean {
  return text.length <= LONGEST_NAME && text.split('.').every((label) => LABEL.test(label));
}

/**
 * The name of a kernel's pod: that of `KERNEL_POD_NAME`, which may refer to
 * other variables as in `{{ kernel_username }}-{{ kernel_id }}`, or else the
 * user's and the kernel's id. It always is a DNS label; what has to be cut is
 * cut around the id, which tells the pods of one user apart.
 *
 * @param env holds `KERNEL_ID` and `KERNEL_USERNAME`
 */
export function podNameOf(env: Environment): string {
  const { KERNEL_ID: id = '', KERNEL_USERNAME: username = '', KERNEL_POD_NAME: chosen = '' } = env;
  return fitted(sanitized(filledIn(chosen, env) ?? ''), id) || fitted(sanitized(`${username}-${id}`), id);
}

/** Null when the template refers to anything but variables that are there: it is no program. */
function filledIn(template: string, env: Environment): string | null {
  if (!template.includes('{{') || !template.includes('}}')) return template;
  if (template.replace(VARIABLE, ' ').includes('{{')) return null;
  const variables = templateVariables(env);
  let isComplete = true;
  const text = template.replace(VARIABLE, (_, name: string) => {
    const value = variables.get(name);
    if (value === undefined) isComplete = false;
    return value ?? '';
  });
  return isComplete ? text : null;
}

/**
 * The name is what is being made, so it can't refer to itself. Names that are
 * not wholly in upper case are left out: `KERNEL_Id` is not the kernel's id.
 */
function templateVariables(env: Environment): Map<string, string> {
  const named = Object.entries(env).filter(
    ([name]) => /^KERNEL_[A-Z0-9_]+$/.test(name) && name !== 'KERNEL_POD_NAME',
  );
  return new Map(named.map(([name, value]) => [name.toLowerCase(), value]));
}

function sanitized(text: string): string {
  return withoutHyphens(text.toLowerCase().replace(/[^0-9a-z]+/g, '-'));
}

/** Of a name that is too long, what follows the id goes first, then the end of what precedes it. */
function fitted(name: string, id: string): string {
  if (name.length <= LONGEST_LABEL) return name;
  const at = name.lastIndexOf(id);
  if (at < 0) return withoutHyphens(name.slice(0, LONGEST_LABEL));
  const room = LONGEST_LABEL - id.length;
  const start = cut(name.slice(0, at), room);
  const end = name.slice(at + id.length, at + id.length + room - start.length);
  return withoutHyphens(`${start}${id}${end}`);
}

/** A hyphen at the end stays: it keeps what follows apart. */
function cut(start: string, length: number): string {
  if (start.length <= length) return start;
  if (!start.endsWith('-')) return start.slice(0, length);
  return `${withoutHyphens(start.slice(0, length - 1))}-`;
}

function withoutHyphens(text: string): string {
  return text.replace(/^-+|-+$/g, '');
}
