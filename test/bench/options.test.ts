import { describe, expect, it } from 'vitest';
import { median, summarize } from './measures/statistics.ts';
import { OptionError, parseOptions } from './options.ts';
import { splitCommand } from './processes/gateway-process.ts';

describe('the command line of the benchmark', () => {
  it('measures everything, on the gateway of this project, unless told otherwise', () => {
    const options = parseOptions([]);
    expect(options.gatewayCommand).toEqual(['node', 'dist/server/cli.js', 'serve']);
    expect(options.only).toEqual(['roundtrip', 'stream', 'data', 'buffers', 'memory', 'launch']);
    expect(options).toMatchObject({ rounds: 5, kernels: 50, quick: false, bridge: false });
  });

  it('takes less of everything when it should be quick', () => {
    expect(parseOptions(['--quick'])).toMatchObject({ rounds: 2, kernels: 10 });
    expect(parseOptions(['--quick', '--rounds', '7'])).toMatchObject({ rounds: 7, kernels: 10 });
  });

  it.each([
    [['--rounds', 'many'], '--rounds many: must be a whole number from 1 to 50'],
    [['--kernels', '0'], '--kernels 0: must be a whole number from 1 to 200'],
    [['--only', 'stream,speed'], '--only speed: must be some of roundtrip'],
    [['--fast'], '--fast'],
  ])('refuses %j and says why', (args, reason) => {
    expect(() => parseOptions(args)).toThrow(OptionError);
    expect(() => parseOptions(args)).toThrow(reason);
  });

  it('keeps quoted words of the gateway command together', () => {
    expect(splitCommand(`"/a b/gateway" --x='1 2' --y`)).toEqual(['/a b/gateway', '--x=1 2', '--y']);
  });
});

describe('summaries', () => {
  it('tell the middle and the extremes', () => {
    expect(summarize([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(() => summarize([])).toThrow(RangeError);
  });
});
