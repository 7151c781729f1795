import { describe, expect, it } from 'vitest';
import type { LaunchLane } from './lanes.ts';
import { type LaunchPlan, measureLaunches } from './launches.ts';

const plan: LaunchPlan = { title: 'three at once', count: 3, rounds: 2, warmUp: false, watched: false };

/** Lanes whose launches take no time and are said to take `seconds`. */
function laneOf(title: string, log: string[], launch: LaunchLane['launch']): LaunchLane {
  const logged = () => {
    log.push(title);
    return launch();
  };
  return { title, gatewayPid: null, gatewayUrl: null, launch: logged };
}

const launched = (seconds: number, end = async () => {}) => ({ seconds, end });
const cleared = async () => {};
const silent = () => {};

describe('launches in turns', () => {
  it('takes the lanes in the other order in each round', async () => {
    const log: string[] = [];
    const lanes = ['a', 'b'].map((title) => laneOf(title, log, async () => launched(1)));
    await measureLaunches({ ...plan, count: 1 }, lanes, cleared, silent);

    expect(log).toEqual(['b', 'a', 'a', 'b']);
  });

  it('tells of the middle kernel, and compares a gateway with what is bare', async () => {
    const seconds = [1, 2, 9, 1, 2, 9];
    const bare = laneOf('bare', [], async () => launched(1));
    const gateway = laneOf('gateway', [], async () => launched(seconds.shift() ?? 0));
    const lanes = [bare, { ...gateway, gatewayUrl: 'http://127.0.0.1:1' }];
    const figures = await measureLaunches(plan, lanes, cleared, silent);

    expect(figures.lanes[1]?.kernel?.median).toBe(2);
    expect(figures.lanes[1]?.against[0]).toMatchObject({ lane: 'bare', kernel: { median: 2 } });
  });

  it('ends what was launched, tells what was not, and counts no round that is not whole', async () => {
    let attempts = 0;
    let ended = 0;
    const lane = laneOf('a', [], async () => {
      attempts += 1;
      if (attempts === 2) {
        throw new Error('no room');
      }
      return launched(1, async () => {
        ended += 1;
      });
    });
    const figures = await measureLaunches({ ...plan, rounds: 1 }, [lane], cleared, silent);

    expect(ended).toBe(2);
    expect(figures.lanes[0]).toMatchObject({ failures: ['Error: no room'], wall: null });
  });
});
