import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { waitFor } from 'xstate';
import { parse } from 'yaml';
import { testGateway } from '../test-gateway.ts';
import { kubernetesFigures } from './kubernetes-figures.ts';
import { type Matcher, matches, relianceOf } from './promql.ts';
import { type Scrape, scrape } from './scrape.ts';

interface Rule {
  alert: string;
  expr: string;
  labels: { severity: string };
  annotations: { summary: string; description: string };
}

interface Panel {
  title: string;
  gridPos: { x: number; y: number; w: number; h: number };
  targets?: { expr: string; legendFormat: string }[];
}

const read = (name: string) => readFileSync(new URL(`../../../monitoring/${name}`, import.meta.url), 'utf8');
const rules: Rule[] = parse(read('alerts.yaml')).groups.flatMap((group: { rules: Rule[] }) => group.rules);
const dashboard: { panels: Panel[] } = JSON.parse(read('grafana-dashboard.json'));
const queries = dashboard.panels.flatMap(({ title, targets = [] }) =>
  targets.map(({ expr, legendFormat }) => ({ title, expr, legendFormat })),
);

/** Labels that Prometheus itself gives, or that a histogram has. */
const FROM_ELSEWHERE = ['job', 'instance', 'le'];
/** What Prometheus knows by itself, and what only Linux tells. */
const NOT_OURS = ['up', ...(process.platform === 'linux' ? [] : ['process_open_fds', 'process_max_fds'])];
const HISTOGRAM_PARTS = /_(bucket|sum|count)$/;

/** What a gateway tells at which everything that has a label has happened. */
async function scraped(): Promise<Scrape> {
  const gateway = await testGateway({ settings: { metricsUsers: 5 }, kubernetes: kubernetesFigures() });
  await gateway.app.inject({ method: 'POST', url: '/api/kernels' });
  gateway.world.isSilent = true;
  gateway.app.inject({ method: 'POST', url: '/api/kernels' }).catch(() => {});
  await waitFor(gateway.gateway, ({ context }) => Object.keys(context.usernames).length === 2);
  return scrape(gateway);
}

function labelsOf({ samples }: Scrape, metric: string): string[] {
  const labels = samples
    .filter(({ name }) => name === metric)
    .flatMap((sample) => Object.keys(sample.labels));
  return [...new Set(labels)];
}

function ownMetrics({ types }: Scrape): string[] {
  return [...types.keys()].filter((name) => name.startsWith('kernelgate_'));
}

/** What an expression relies on and the gateway does not tell. */
function missingFor(expression: string, told: Scrape): string[] {
  const { selectors, grouping } = relianceOf(expression);
  const own = selectors.filter(({ metric }) => !NOT_OURS.includes(metric));
  const labels = [...FROM_ELSEWHERE, ...own.flatMap(({ metric }) => labelsOf(told, metric))];
  const missing = [
    ...own
      .filter(({ metric }) => !told.samples.some(({ name }) => name === metric))
      .map(({ metric }) => metric),
    ...grouping.filter((label) => !labels.includes(label)),
    ...own.flatMap(({ metric, matchers }) =>
      matchers
        .filter((matcher) => !isMet(metric, matcher, told))
        .map(({ label, operator, value }) => `${metric}{${label}${operator}"${value}"}`),
    ),
  ];
  return missing.map((what) => `${what} in ${expression}`);
}

function isMet(metric: string, matcher: Matcher, { samples }: Scrape): boolean {
  if (FROM_ELSEWHERE.includes(matcher.label)) return true;
  return samples.some(({ name, labels }) => {
    const actual = labels[matcher.label];
    return name === metric && actual !== undefined && matches(matcher, actual);
  });
}

describe('the alert rules', () => {
  it('rely on nothing that the gateway does not tell', async () => {
    const told = await scraped();
    expect(rules).not.toEqual([]);
    expect(rules.flatMap(({ expr }) => missingFor(expr, told))).toEqual([]);
  });

  it('say how bad it is, and name only labels that are left', async () => {
    const told = await scraped();
    for (const { alert, expr, labels, annotations } of rules) {
      expect(['info', 'warning', 'critical'], alert).toContain(labels.severity);
      const { selectors, grouping } = relianceOf(expr);
      const left = grouping.length > 0 ? grouping : selectors.flatMap(({ metric }) => labelsOf(told, metric));
      const text = `${annotations.summary} ${annotations.description}`;
      for (const [, label = ''] of text.matchAll(/\$labels\.(\w+)/g)) {
        expect([...FROM_ELSEWHERE, ...left], alert).toContain(label);
      }
    }
  });
});

describe('the dashboard', () => {
  it('relies on nothing that the gateway does not tell', async () => {
    const told = await scraped();
    expect(queries.flatMap(({ expr }) => missingFor(expr, told))).toEqual([]);
  });

  it('shows every metric of the gateway', async () => {
    const shown = queries.flatMap(({ expr }) =>
      relianceOf(expr).selectors.map(({ metric }) => metric.replace(HISTOGRAM_PARTS, '')),
    );
    expect(ownMetrics(await scraped()).filter((name) => !shown.includes(name))).toEqual([]);
  });

  it('names its lines by labels that are left', () => {
    for (const { title, expr, legendFormat } of queries) {
      for (const [, label] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        expect(relianceOf(expr).grouping, title).toContain(label);
      }
    }
  });

  it('lays no panel over another', () => {
    const places = dashboard.panels.flatMap(({ gridPos: { x, y, w, h } }) =>
      Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`),
    );
    expect(new Set(places).size).toBe(places.length);
  });
});

it('the README tells of every metric, with its labels, and of no other', async () => {
  const rows = [...read('README.md').matchAll(/^\| `(kernelgate_\w+)` *\| (.*?) *\|/gm)];
  const described = rows.map(([, name, labels = '']) => [name, labels.match(/\w+/g) ?? []]);
  const told = await scraped();
  const real = ownMetrics(told).map((name) => {
    const isHistogram = told.types.get(name) === 'histogram';
    return [name, labelsOf(told, isHistogram ? `${name}_count` : name)];
  });
  expect(Object.fromEntries(described)).toEqual(Object.fromEntries(real));
});

describe('a reliance is found', () => {
  it.each([
    ['up == 0', ['up'], []],
    ['sum by (a, b) (rate(x_total{c="d"}[5m])) > 0.1', ['x_total'], ['a', 'b']],
    ['x unless on (a) y{b!~"c|d"} * 2', ['x', 'y'], ['a']],
    ['histogram_quantile(0.9, sum by (le) (rate(x_bucket[$__rate_interval])))', ['x_bucket'], ['le']],
    ['time() - x{job=~"$job", instance=~"$instance"}', ['x'], []],
  ])('%s', (expression, metrics, grouping) => {
    const reliance = relianceOf(expression);
    expect(reliance.selectors.map(({ metric }) => metric)).toEqual(metrics);
    expect(reliance.grouping).toEqual(grouping);
  });

  it('with its matchers', () => {
    expect(relianceOf('x{a="b", c=~"d|{e}"}').selectors).toEqual([
      {
        metric: 'x',
        matchers: [
          { label: 'a', operator: '=', value: 'b' },
          { label: 'c', operator: '=~', value: 'd|{e}' },
        ],
      },
    ]);
  });
});
