/** The kernels of a gateway as they change: drawn over and over on a terminal, else one line for each change. */
import type { KernelRow, Overview } from '../timeline/timeline-model.ts';
import type { ExitStatus, Surroundings } from './command.ts';
import type { GatewayClient } from './gateway-client.ts';
import { kernelLine, kernelTable } from './kernel-table.ts';
import { moment } from './plain-text.ts';
import type { ReceivedEvent } from './received-events.ts';

/** Milliseconds after which the times on a screen are not right any more. */
const REDRAWN_AFTER = 1000;
const CLEAR = '\u001b[H\u001b[2J';

/** What is done with the kernels that are known, and with the one that has changed. */
interface Display {
  changed(row: KernelRow): void;
  drawn(rows: readonly KernelRow[]): void;
}

export async function watchKernels(
  client: GatewayClient,
  surroundings: Surroundings,
  asJson: boolean,
): Promise<ExitStatus> {
  const rows = new Map<string, KernelRow>();
  const hasScreen = surroundings.screen() !== null && !asJson;
  const display = hasScreen ? screenDisplay(surroundings) : lineDisplay(surroundings, asJson);
  const redraw = hasScreen ? setInterval(() => display.drawn([...rows.values()]), REDRAWN_AFTER) : undefined;
  try {
    const { signal, remark } = surroundings;
    for await (const event of client.follow('/api/timeline', { signal, lost: remark })) {
      for (const row of changesOf(event, rows)) display.changed(row);
      display.drawn([...rows.values()]);
    }
  } finally {
    clearInterval(redraw);
  }
  return 0;
}

/** Brings `rows` up to date. @returns the kernels that the event tells of */
function changesOf({ type, data }: ReceivedEvent, rows: Map<string, KernelRow>): KernelRow[] {
  if (type === 'overview') {
    const { kernels } = data as Overview;
    rows.clear();
    for (const row of kernels) rows.set(row.id, row);
    return kernels;
  }
  if (type !== 'kernel' && type !== 'removed') return [];
  const row = data as KernelRow;
  if (type === 'kernel') rows.set(row.id, row);
  else rows.delete(row.id);
  return [row];
}

function screenDisplay({ write, screen, now }: Surroundings): Display {
  return {
    changed: () => {},
    drawn: (rows) => {
      const { columns, rows: height } = screen() ?? { columns: 80, rows: 24 };
      const lines = kernelTable(rows, now()).map((line) => [...line].slice(0, columns).join(''));
      const fitting = lines.length < height ? lines : lines.slice(0, height - 2);
      const hidden = lines.length - fitting.length;
      write(`${CLEAR}${fitting.join('\n')}\n${hidden > 0 ? `and ${hidden} more` : ''}`);
    },
  };
}

/** Activity alone is no change that is worth a line. */
function lineDisplay({ write, now }: Surroundings, asJson: boolean): Display {
  const told = new Map<string, string>();
  return {
    changed: (row) => {
      const line = kernelLine(row);
      if (told.get(row.id) === line) return;
      if (row.outcome === null) told.set(row.id, line);
      else told.delete(row.id);
      write(asJson ? `${JSON.stringify(row)}\n` : `${moment(new Date(now()).toISOString())} ${line}\n`);
    },
    drawn: () => {},
  };
}
