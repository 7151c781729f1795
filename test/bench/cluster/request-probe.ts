/**
 * Asks each address at a fixed rate, whether it has answered or not, until it
 * is told to end: `node request-probe.ts URL…`. In a process of its own, so that
 * the benchmark's work does not delay what it measures.
 */
import { once } from 'node:events';
import { Agent, get, type IncomingMessage } from 'node:http';

const intervalMs = 25;

/** Milliseconds from a request to the end of its answer. */
export interface Latencies {
  path: string;
  count: number;
  p50: number;
  p99: number;
  max: number;
  failures: number;
}

interface Target {
  url: string;
  seen: number[];
  failures: number;
}

const agent = new Agent({ keepAlive: true });

async function ask(target: Target): Promise<void> {
  const started = performance.now();
  try {
    const [response] = (await once(get(target.url, { agent }), 'response')) as [IncomingMessage];
    response.resume();
    await once(response, 'end');
    if (response.statusCode !== 200) {
      target.failures += 1;
    }
    target.seen.push(performance.now() - started);
  } catch {
    target.failures += 1;
  }
}

function latenciesOf({ url, seen, failures }: Target): Latencies {
  const sorted = seen.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  const { pathname } = new URL(url);
  return { path: pathname, count: seen.length, p50: at(0.5), p99: at(0.99), max: at(1), failures };
}

const targets: Target[] = process.argv.slice(2).map((url) => ({ url, seen: [], failures: 0 }));
// The first request of each opens a connection.
await Promise.all(targets.map(ask));
for (const target of targets) {
  target.seen.length = 0;
}
const under = new Set<Promise<void>>();
const timer = setInterval(() => {
  for (const target of targets) {
    const asked: Promise<void> = ask(target).finally(() => under.delete(asked));
    under.add(asked);
  }
}, intervalMs);

process.on('disconnect', () => process.exit());
process.once('message', async () => {
  clearInterval(timer);
  await Promise.all(under);
  process.send?.(targets.map(latenciesOf));
});
process.send?.('ready');
