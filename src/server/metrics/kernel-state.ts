/** Where a kernel is in its life, in two words that the chart already has. */
import type { SnapshotFrom } from 'xstate';
import type { kernelMachine } from '../../machines/kernel-machine.ts';

export type KernelSnapshot = SnapshotFrom<typeof kernelMachine>;

/** The chart's tags, the one that says most first. */
const TAGS = ['running', 'restarting', 'launching', 'ending'] as const;

export interface KernelState {
  state: (typeof TAGS)[number];
  /** The innermost state: `podPending`; for a kernel that runs, `idle` or `busy`. */
  phase: string;
}

export function kernelStateOf(snapshot: KernelSnapshot): KernelState {
  // What has no tag is over, or begins with the next event.
  const state = TAGS.find((tag) => snapshot.hasTag(tag)) ?? 'ending';
  return { state, phase: phaseOf(snapshot.value) };
}

/** The step of a launch (or of a restart) that is under way; null when none is. */
export function launchPhaseOf(snapshot: KernelSnapshot): string | null {
  const { value } = snapshot;
  const isLaunching = snapshot.hasTag('launching') && !snapshot.matches('adopting');
  return isLaunching && !snapshot.matches('planned') ? phaseOf(value) : null;
}

function phaseOf(value: KernelSnapshot['value']): string {
  if (typeof value === 'string') return value;
  if ('adopting' in value && value.adopting !== undefined) return 'adopting';
  const [inner = ''] = Object.values(value);
  if (typeof inner === 'string') return inner;
  return inner.running?.execution ?? '';
}
