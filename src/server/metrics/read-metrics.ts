/** Metrics that nobody counts for their own sake: what the gateway knows anyway is read when someone asks. */
import { Counter, Gauge, type Registry } from 'prom-client';

export interface ReadMetric<Label extends string> {
  name: string;
  help: string;
  labelNames?: readonly Label[];
  /** All series that there are at the moment. */
  read(): Iterable<Reading<Label>>;
}

export interface Reading<Label extends string> {
  labels?: Partial<Record<Label, string>>;
  value: number;
}

export function readGauge<Label extends string = never>(
  registry: Registry,
  { name, help, labelNames = [], read }: ReadMetric<Label>,
): void {
  new Gauge<Label>({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels = {}, value } of read()) this.set(labels, value);
    },
  });
}

/** What is read only ever goes up, until the gateway is started anew. */
export function readCounter<Label extends string = never>(
  registry: Registry,
  { name, help, labelNames = [], read }: ReadMetric<Label>,
): void {
  new Counter<Label>({
    name,
    help,
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels = {}, value } of read()) this.inc(labels, value);
    },
  });
}

/** One series without labels. */
export function* single(value: number): Iterable<Reading<never>> {
  yield { value };
}
