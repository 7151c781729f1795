/** Messages through each lane, in turns, so that whatever else the machine does meets all of them alike. */
import { cpuSeconds } from '../processes/figures.ts';
import type { Lane } from './lanes.ts';
import { median, type Summary, summarize } from './statistics.ts';
import type { Workload } from './workloads.ts';

const floodTimeoutSeconds = 120;
const maxRoundTripSeconds = 4;

/** One lane in one round. */
interface Sample {
  /** Milliseconds, messages a second or megabytes a second, as the workload's unit says. */
  value: number;
  /** CPU microseconds for each message: of the process in the middle, or of the client when there is none. */
  cpuPerMessage: number | null;
  lost: number;
}

/** One lane over all rounds. */
export interface TrafficFigure {
  lane: Lane['name'];
  protocol: Lane['protocol'];
  value: Summary;
  /** Each round's value against the direct lane's of that round. */
  ratio: Summary;
  /** Likewise against the bridge under the same protocol; null where there is none. */
  bridgeRatio: Summary | null;
  cpuPerMessage: Summary | null;
  /** As `ratio`: against the CPU that the direct client spends on receiving a message. */
  cpuRatio: Summary | null;
  /** Messages that never arrived, over all rounds. */
  lost: number;
  /** Why this lane was given up; the figures then tell of the rounds before. */
  failure: string | null;
}

export interface TrafficResult {
  workload: Workload;
  figures: TrafficFigure[];
}

interface Course {
  lane: Lane;
  samples: Sample[];
  failure: string | null;
}

/**
 * Runs a workload through all lanes: one round to warm up, then `rounds` that
 * count, each in the other direction than the one before.
 * @param lanes the direct one first
 */
export async function measureTraffic(
  workload: Workload,
  lanes: readonly Lane[],
  rounds: number,
): Promise<TrafficResult> {
  const courses: Course[] = lanes.map((lane) => ({ lane, samples: [], failure: null }));
  for (let round = 0; round <= rounds; round += 1) {
    for (const course of round % 2 === 0 ? courses : courses.toReversed()) {
      await runOnce(course, workload, round > 0);
    }
  }
  return { workload, figures: courses.map((course) => toFigure(course, courses)) };
}

/** A lane that fails once is left out from then on: its connection is in an unknown state. */
async function runOnce(course: Course, workload: Workload, counts: boolean): Promise<void> {
  if (course.failure !== null) {
    return;
  }
  try {
    const sample = await takeSample(course.lane, workload);
    if (counts) {
      course.samples.push(sample);
    }
  } catch (error) {
    course.failure = error instanceof Error ? error.message : String(error);
  }
}

async function takeSample(lane: Lane, workload: Workload): Promise<Sample> {
  if (workload.code === null) {
    const task = { kind: 'round-trips', count: workload.count, maxSeconds: maxRoundTripSeconds } as const;
    const { seconds } = await lane.client.perform(task);
    return { value: median(seconds) * 1000, cpuPerMessage: null, lost: 0 };
  }
  const before = await middleCpu(lane);
  const task = { kind: 'flood', code: workload.code, timeoutSeconds: floodTimeoutSeconds } as const;
  const result = await lane.client.perform(task);
  const after = await middleCpu(lane);
  const amount = workload.unit === 'MB/s' ? result.payloadBytes / 1e6 : result.received;
  const cpu = lane.name === 'direct' ? result.cpuSeconds : difference(after, before);
  return {
    value: amount / result.seconds,
    cpuPerMessage: cpu === null ? null : (cpu * 1e6) / workload.count,
    lost: workload.count - result.received,
  };
}

async function middleCpu({ middlePid }: Lane): Promise<number | null> {
  return middlePid === null ? null : cpuSeconds(middlePid);
}

function difference(after: number | null, before: number | null): number | null {
  return after === null || before === null ? null : after - before;
}

function toFigure({ lane, samples, failure }: Course, courses: readonly Course[]): TrafficFigure {
  const direct = courses[0]?.samples ?? [];
  const bridge = courses.find(
    (other) => other.lane.name === 'bridge' && other.lane.protocol === lane.protocol,
  );
  const none = { median: Number.NaN, min: Number.NaN, max: Number.NaN };
  return {
    lane: lane.name,
    protocol: lane.protocol,
    value: summary(samples.map(resultOf)) ?? none,
    ratio: compare(samples, direct, resultOf) ?? none,
    bridgeRatio: lane.name === 'gateway' ? compare(samples, bridge?.samples ?? [], resultOf) : null,
    cpuPerMessage: summary(samples.map(cpuOf)),
    cpuRatio: compare(samples, direct, cpuOf),
    lost: samples.reduce((sum, sample) => sum + sample.lost, 0),
    failure,
  };
}

const resultOf = (sample: Sample) => sample.value;
const cpuOf = (sample: Sample) => sample.cpuPerMessage;

/** Each round against the same round of another lane: what slowed the machine then slowed both. */
function compare(
  samples: readonly Sample[],
  others: readonly Sample[],
  figure: (sample: Sample) => number | null,
): Summary | null {
  const ratios = samples.map((sample, round) => {
    const [own, theirs] = [figure(sample), figureAt(others[round], figure)];
    return own === null || theirs === null ? null : own / theirs;
  });
  return summary(ratios);
}

function figureAt(sample: Sample | undefined, figure: (sample: Sample) => number | null): number | null {
  return sample === undefined ? null : figure(sample);
}

/** Null when a round lacks the value, or there is none. */
function summary(values: readonly (number | null)[]): Summary | null {
  const known = values.filter((value) => value !== null);
  return known.length === 0 ? null : summarize(known);
}
