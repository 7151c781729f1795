/** What a PromQL expression relies on: its metrics, with their matchers, and the labels that it groups by. */

export interface Matcher {
  label: string;
  operator: '=' | '!=' | '=~' | '!~';
  value: string;
}

export interface Selector {
  metric: string;
  matchers: Matcher[];
}

export interface Reliance {
  selectors: Selector[];
  grouping: string[];
}

const RANGE = /\[[^\]]*\]/g;
const GROUPING = /\b(?:by|without|on|ignoring|group_left|group_right)\s*\(([^)]*)\)/g;
const SELECTOR = /([a-zA-Z_:][\w:]*)\s*(?:\{((?:[^}"]|"[^"]*")*)\})?(?!\w*\s*\()/g;
const MATCHER = /(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g;
const WORDS = new Set(['and', 'or', 'unless', 'offset', 'bool']);

export function relianceOf(expression: string): Reliance {
  const grouping: string[] = [];
  const bare = expression.replace(RANGE, '').replace(GROUPING, (_, labels: string) => {
    grouping.push(...labels.split(',').map((label) => label.trim()));
    return ' ';
  });
  const selectors = [...bare.matchAll(SELECTOR)]
    .map(([, metric = '', matchers = '']) => ({ metric, matchers: matchersIn(matchers) }))
    .filter(({ metric }) => !WORDS.has(metric));
  return { selectors, grouping };
}

function matchersIn(text: string): Matcher[] {
  return [...text.matchAll(MATCHER)].map(([, label = '', operator, value = '']) => ({
    label,
    operator: operator as Matcher['operator'],
    value,
  }));
}

/** As Prometheus compares: a regular expression must match all of it. */
export function matches({ operator, value }: Matcher, actual: string): boolean {
  const isAlike = operator.endsWith('~') ? new RegExp(`^(?:${value})$`).test(actual) : actual === value;
  return isAlike !== operator.startsWith('!');
}
