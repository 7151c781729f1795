/** So many kernels at once in each lane, in turns, so that whatever else the machine does meets all lanes alike. */
import { type Summary, summarize } from '../measures/statistics.ts';
import { cpuSeconds } from '../processes/figures.ts';
import type { LaunchedKernel, LaunchLane } from './lanes.ts';
import { type Responsiveness, watchResponsiveness } from './responsiveness.ts';

export interface LaunchPlan {
  title: string;
  /** Kernels at once. */
  count: number;
  rounds: number;
  /** A round before them that does not count. */
  warmUp: boolean;
  /** Whether the gateway is asked other things meanwhile. */
  watched: boolean;
}

export interface LaneFigures {
  lane: string;
  /** Seconds of the middle kernel of each round. */
  kernel: Summary | null;
  /** Seconds of the last kernel of each round. */
  wall: Summary | null;
  /** Against other lanes in the same round: of the last kernel, and of the middle one. */
  against: { lane: string; wall: Summary; kernel: Summary }[];
  /** CPU milliseconds of the gateway's process for each kernel. */
  gatewayCpu: Summary | null;
  responsiveness: Responsiveness | null;
  failures: string[];
}

export interface LaunchFigures {
  plan: LaunchPlan;
  lanes: LaneFigures[];
}

interface Sample {
  kernel: number;
  wall: number;
  cpu: number | null;
}

interface Course {
  lane: LaunchLane;
  samples: (Sample | null)[];
  responsiveness: Responsiveness | null;
  failures: string[];
}

/**
 * @param lanes the bare ones first
 * @param cleared resolves when nothing of the last launches is left in the cluster
 */
export async function measureLaunches(
  plan: LaunchPlan,
  lanes: readonly LaunchLane[],
  cleared: () => Promise<void>,
  progress: (what: string) => void,
): Promise<LaunchFigures> {
  const courses: Course[] = lanes.map((lane) => ({ lane, samples: [], responsiveness: null, failures: [] }));
  for (let round = plan.warmUp ? 0 : 1; round <= plan.rounds; round += 1) {
    for (const course of round % 2 === 0 ? courses : courses.toReversed()) {
      const sample = await runOnce(course, plan, cleared);
      progress(
        `${plan.title}, round ${round}, ${course.lane.title}: ${sample?.wall.toFixed(3) ?? 'failed'} s`,
      );
      if (round > 0) {
        course.samples.push(sample);
      }
    }
  }
  return { plan, lanes: courses.map((course) => figuresOf(course, courses)) };
}

async function runOnce(
  course: Course,
  { count, watched }: LaunchPlan,
  cleared: () => Promise<void>,
): Promise<Sample | null> {
  const { lane } = course;
  const watch =
    watched && lane.gatewayUrl !== null ? await watchResponsiveness(lane.gatewayUrl, lane.gatewayPid) : null;
  const cpuBefore = lane.gatewayPid === null ? null : await cpuSeconds(lane.gatewayPid);
  const started = performance.now();
  const results = await Promise.allSettled(Array.from({ length: count }, () => lane.launch()));
  const wall = (performance.now() - started) / 1000;
  const cpuAfter = lane.gatewayPid === null ? null : await cpuSeconds(lane.gatewayPid);
  course.responsiveness = (await watch?.end()) ?? course.responsiveness;
  const launched = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
  const failures = results.flatMap((result) => (result.status === 'rejected' ? [String(result.reason)] : []));
  course.failures.push(...failures);
  await endAll(launched, course);
  await cleared();
  if (failures.length > 0) {
    return null;
  }
  const cpu = cpuBefore === null || cpuAfter === null ? null : ((cpuAfter - cpuBefore) * 1000) / count;
  return { kernel: summarize(launched.map(({ seconds }) => seconds)).median, wall, cpu };
}

async function endAll(launched: LaunchedKernel[], course: Course): Promise<void> {
  const ended = await Promise.allSettled(launched.map(({ end }) => end()));
  for (const result of ended) {
    if (result.status === 'rejected') {
      course.failures.push(`while ending: ${String(result.reason)}`);
    }
  }
}

function figuresOf(course: Course, courses: readonly Course[]): LaneFigures {
  const samples = course.samples.filter((sample) => sample !== null);
  const bare = courses.filter(({ lane }) => lane.gatewayUrl === null && course.lane.gatewayUrl !== null);
  return {
    lane: course.lane.title,
    kernel: summary(samples.map(({ kernel }) => kernel)),
    wall: summary(samples.map(({ wall }) => wall)),
    against: bare.flatMap((other) => comparison(course, other)),
    gatewayCpu: summary(samples.flatMap(({ cpu }) => (cpu === null ? [] : [cpu]))),
    responsiveness: course.responsiveness,
    failures: course.failures,
  };
}

function comparison(course: Course, other: Course): LaneFigures['against'] {
  const wall = summary(ratios(course, other, (sample) => sample.wall));
  const kernel = summary(ratios(course, other, (sample) => sample.kernel));
  return wall === null || kernel === null ? [] : [{ lane: other.lane.title, wall, kernel }];
}

/** Each round against the same round of the other lane: what slowed the cluster then slowed both. */
function ratios(course: Course, other: Course, figure: (sample: Sample) => number): number[] {
  return course.samples.flatMap((sample, round) => {
    const theirs = other.samples[round];
    return sample && theirs ? [figure(sample) / figure(theirs)] : [];
  });
}

function summary(values: readonly number[]): Summary | null {
  return values.length === 0 ? null : summarize(values);
}
