/** Loaded into the gateway's process beside it: tells how late its event loop is, whenever SIGUSR2 asks. */
import { writeFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { loopFigureFile } from './responsiveness.ts';

const resolutionMs = 5;

/** Milliseconds, beyond the timer's own interval. */
export interface LoopDelay {
  p50: number;
  p99: number;
  max: number;
}

const histogram = monitorEventLoopDelay({ resolution: resolutionMs });

function milliseconds(nanoseconds: number): number {
  return Math.max(0, nanoseconds / 1e6 - resolutionMs);
}

function write(): void {
  const delay: LoopDelay = {
    p50: milliseconds(histogram.percentile(50)),
    p99: milliseconds(histogram.percentile(99)),
    max: milliseconds(histogram.max),
  };
  writeFileSync(loopFigureFile(process.pid), `${JSON.stringify(delay)}\n`);
  histogram.reset();
}

histogram.enable();
write();
process.on('SIGUSR2', write);
