/** Where in a file something is wrong. Lines count from 1. */
import { isNode, parseDocument } from 'yaml';

/** The line at which a text stops being JSON. */
export function lineOfSyntaxError(text: string): number {
  const message = syntaxErrorOf(text);
  const [, line] = /\(line (\d+) /.exec(message) ?? [];
  if (line !== undefined) return Number(line);
  // This one message comes without a position: it is that of the shortest beginning that has it, too.
  if (!isUnexpectedToken(text)) return lineAt(text, text.length);
  let [good, bad] = [0, text.length];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (isUnexpectedToken(text.slice(0, middle))) bad = middle;
    else good = middle;
  }
  return lineAt(text, good);
}

/** The line of the value that a path such as `env.NAME` or `argv[0]` names; of what is around it if it is missing. */
export function lineOfField(text: string, path: string): number {
  const [, field = '', rest = ''] = /^(\w+)[.[]?(.*?)\]?$/s.exec(path) ?? [];
  // JSON is YAML, and this parser knows where everything is.
  const document = parseDocument(text, { uniqueKeys: false });
  for (const keys of [[field, rest], [field, Number(rest)], [field, ...rest.split('.')], [field]]) {
    const node = document.getIn(keys, true);
    if (isNode(node) && node.range) return lineAt(text, node.range[0]);
  }
  return 1;
}

/** The line whose content is quoted; null when it is not there just once. */
export function lineOfContent(text: string, content: string): number | null {
  const lines = text.split('\n').map((line) => line.trim());
  const index = lines.indexOf(content);
  return index === -1 || lines.lastIndexOf(content) !== index ? null : index + 1;
}

function isUnexpectedToken(text: string): boolean {
  return syntaxErrorOf(text).startsWith('Unexpected token');
}

function syntaxErrorOf(text: string): string {
  try {
    JSON.parse(text);
    return '';
  } catch (error) {
    return (error as Error).message;
  }
}

function lineAt(text: string, position: number): number {
  return text.slice(0, position).split('\n').length;
}
