/** What Prometheus reads of a gateway, series by series. */
import type { testGateway } from '../test-gateway.ts';

type Gateway = Awaited<ReturnType<typeof testGateway>>;

export interface Sample {
  name: string;
  labels: Record<string, string>;
  value: number;
}

export interface Scrape {
  /** Type by metric. */
  types: Map<string, string>;
  samples: Sample[];
  /** Of the one series that has these labels among its own; undefined when there is none. */
  value(name: string, labels?: Record<string, string>): number | undefined;
  /** Of all series that have these labels. */
  sum(name: string, labels?: Record<string, string>): number;
}

const SAMPLE = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/;
const LABEL = /([a-zA-Z_]\w*)="((?:[^"\\]|\\.)*)"/g;

export async function scrape({ app }: Pick<Gateway, 'app'>): Promise<Scrape> {
  return readScrape((await app.inject('/metrics')).body);
}

/** @throws Error on a line that Prometheus would not read */
export function readScrape(text: string): Scrape {
  const types = new Map<string, string>();
  const samples: Sample[] = [];
  for (const line of text.split('\n').filter(Boolean)) {
    const [, , name = '', type = ''] = line.split(' ');
    if (line.startsWith('# TYPE ')) types.set(name, type);
    else if (!line.startsWith('# HELP ')) samples.push(sampleOf(line));
  }
  const having = (name: string, labels: Record<string, string>) =>
    samples.filter(
      (sample) =>
        sample.name === name && Object.entries(labels).every(([key, value]) => sample.labels[key] === value),
    );
  return {
    types,
    samples,
    value: (name, labels = {}) => having(name, labels)[0]?.value,
    sum: (name, labels = {}) => having(name, labels).reduce((sum, { value }) => sum + value, 0),
  };
}

function sampleOf(line: string): Sample {
  const [, name, labels = '', value] = SAMPLE.exec(line) ?? [];
  if (name === undefined) throw new Error(`no sample: ${line}`);
  const pairs = [...labels.matchAll(LABEL)].map(([, key = '', text = '']) => [key, unescaped(text)] as const);
  return { name, labels: Object.fromEntries(pairs), value: Number(value) };
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/g, (_, character: string) => (character === 'n' ? '\n' : character));
}
