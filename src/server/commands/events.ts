/** `kernelgate events ID`: what happened to a kernel. */
import type { Ending, Phase, TimelineEntry } from '../timeline/timeline-model.ts';
import type { ExitStatus, RunCommand, Surroundings } from './command.ts';
import { endingLines, entryLines, headLine, type LifeHead, phaseLines } from './event-lines.ts';
import { gatewayAddress } from './gateway-address.ts';
import { GatewayClient } from './gateway-client.ts';
import type { ReceivedEvent } from './received-events.ts';

interface Life extends LifeHead {
  outcome: Ending | null;
  /** Earlier events that are not known any more. */
  dropped: number;
  phases: Phase[];
  events: TimelineEntry[];
}

export const events: RunCommand = async (given, surroundings) => {
  const client = new GatewayClient(gatewayAddress(given, surroundings));
  const path = `/api/kernels/${encodeURIComponent(given.words[0] ?? '')}/events`;
  const asJson = given.flags.has('json');
  if (given.flags.has('follow')) return follow(client, path, surroundings, asJson);
  const life = (await client.get(path)) as Life;
  if (asJson) surroundings.write(`${JSON.stringify(life, null, 2)}\n`);
  else writeLines(surroundings, lifeLines(life));
  return 0;
};

function lifeLines({ events: entries, phases, outcome, dropped, ...head }: Life): string[] {
  return [
    headLine(head),
    ...(dropped > 0 ? [`(${dropped} earlier events are not known any more)`] : []),
    ...entries.flatMap((entry, index) => entryLines(entry, entries[index - 1])),
    ...phaseLines(phases),
    ...(outcome === null ? [] : endingLines(outcome)),
  ];
}

async function follow(
  client: GatewayClient,
  path: string,
  surroundings: Surroundings,
  asJson: boolean,
): Promise<ExitStatus> {
  const { signal, remark, write } = surroundings;
  const linesOf = lineReader();
  for await (const event of client.follow(path, { signal, lost: remark })) {
    if (asJson) write(`${JSON.stringify({ type: event.type, data: event.data })}\n`);
    else writeLines(surroundings, linesOf(event));
    if (event.type === 'end') break;
  }
  return 0;
}

/** Each stream begins with whose it is, also the one that takes over from a lost one. */
function lineReader(): (event: ReceivedEvent) => string[] {
  let before: TimelineEntry | undefined;
  let phases: Phase[] = [];
  let hasHead = false;
  return ({ type, data }) => {
    if (type === 'timeline' && !hasHead) {
      hasHead = true;
      return [headLine(data as LifeHead)];
    }
    if (type === 'reset') return [`(${(data as { message: string }).message})`];
    if (type === 'phases') phases = data as Phase[];
    if (type === 'end') return [...phaseLines(phases), ...endingLines(data as Ending)];
    if (type !== 'entry') return [];
    const entry = data as TimelineEntry;
    const lines = entryLines(entry, before);
    before = entry;
    return lines;
  };
}

function writeLines({ write }: Surroundings, lines: readonly string[]): void {
  if (lines.length > 0) write(`${lines.join('\n')}\n`);
}
