/** Walks the kernel chart by itself: whatever state a kernel has come to, it can be ended, and nothing of it stays. */
import { describe, expect, test } from 'vitest';
import type { KernelEvent, KernelInput } from '../../src/machines/kernel-state.ts';
import type { Adoption, ChannelEvent, PodEvent } from '../../src/machines/ports.ts';
import { type KernelOptions, KernelUnderTest, settled } from './kernel-under-test.ts';
import {
  describePath,
  type KernelPath,
  keyOf,
  pathsOfAllStates,
  sourceOf,
  type WalkEvent,
} from './kernel-walk.ts';
import type { PortCall } from './pending-calls.ts';
import { planOf, policyOf, recordOf } from './samples.ts';
import { ended, OWN_NAMESPACE } from './stages.ts';

const PATIENCE = 60_000;
/** One restart and one death too many are enough to see each way that it can go. */
const POLICY = { restartLimit: 1 };

/** Between them they take each way, those with a namespace to be made and removed and those without. */
const BEGINNINGS: Record<string, KernelOptions> = {
  'a kernel that is launched into a namespace of its own': { policy: POLICY, plan: OWN_NAMESPACE },
  'a kernel that is adopted': { policy: POLICY, adopted: true },
};

/** States in which nothing more happens, and what may be left of a kernel there. */
const LEFT_IN_THE_END: Record<string, RegExp> = {
  stopped: /^$/,
  failed: /^$/,
  dead: /^$/,
  detached: /^(namespace,)?pod \S+,record$/,
};

describe.each(Object.entries(BEGINNINGS))('%s', (_title, options) => {
  const paths = pathsOfAllStates(inputOf(options));
  const isFinal = ({ snapshot }: KernelPath) => snapshot.status === 'done';

  test('comes to every end', () => {
    const ends = new Set(paths.filter(isFinal).map(({ snapshot }) => snapshot.value));
    const expected = options.adopted ? ['stopped', 'dead', 'detached'] : Object.keys(LEFT_IN_THE_END);
    expect(ends).toEqual(new Set(expected));
  });

  test('can be written down as JSON in every state', () => {
    for (const path of paths) {
      const { context } = path.snapshot;
      expect(JSON.parse(JSON.stringify(context)), describePath(path)).toStrictEqual(context);
    }
  });

  test('is ended by a shutdown in every state, and nothing of it stays', { timeout: PATIENCE }, async () => {
    for (const path of paths.filter((each) => !isFinal(each))) {
      const kernel = await walked(path, options);
      await kernel.send({ type: 'shutdown' });
      await ended(kernel);
      expect(kernel.snapshot.status, describePath(path)).toBe('done');
      const end = kernel.state;
      if (!path.snapshot.matches('detaching')) expect(end, describePath(path)).not.toBe('detached');
      expect(kernel.held.join(), describePath(path)).toMatch(LEFT_IN_THE_END[end] as RegExp);
    }
  });

  test('leaves nothing open at its end, and nothing at all unless that was told', {
    timeout: PATIENCE,
  }, async () => {
    for (const path of paths.filter(isFinal)) {
      const kernel = await walked(path, options);
      const hasGivenUp = kernel.emitted.some(({ type }) => type === 'teardown.failed');
      expect(kernel.held, describePath(path)).not.toContain('pod events');
      expect(kernel.held, describePath(path)).not.toContain('channels');
      if (!hasGivenUp)
        expect(kernel.held.join(), describePath(path)).toMatch(LEFT_IN_THE_END[kernel.state] as RegExp);
    }
  });
});

function inputOf({ plan: given, policy, adopted }: KernelOptions): KernelInput {
  const plan = planOf(given);
  return { plan, policy: policyOf(policy), now: 1000, ...(adopted && { adopt: recordOf(plan) }) };
}

/** A kernel with fakes around it that has gone the way of `path`. */
async function walked(path: KernelPath, options: KernelOptions): Promise<KernelUnderTest> {
  const kernel = new KernelUnderTest(options);
  for (const event of path.events) await happen(kernel, event);
  expect(keyOf(kernel.snapshot), describePath(path)).toBe(keyOf(path.snapshot));
  return kernel;
}

async function happen(kernel: KernelUnderTest, event: WalkEvent): Promise<void> {
  const source = sourceOf(event) as PortCall | null;
  const { calls, world } = kernel.ports;
  if (source !== null) {
    if (event.type.startsWith('xstate.done.')) calls.answer(source, givenBy(source, event['output']));
    else calls.fail(source, event['error']);
  } else if (/^(pod|node)\./.test(event.type)) {
    world.podEvents(kernel.id).next(event as unknown as PodEvent);
  } else if (/^(kernel|heartbeat|channels)\./.test(event.type)) {
    world.channelEvents(kernel.id).next(event as unknown as ChannelEvent);
  } else {
    // Timers included: which of two is over first depends on the policy, so the walk takes them in any order.
    kernel.actor.send(event as KernelEvent);
  }
  await settled();
}

/** What a fake is to give so that the chart gets this output. */
function givenBy(source: PortCall, output: unknown): unknown {
  return source === 'adoptPod' ? (output as Adoption).pod : output;
}
