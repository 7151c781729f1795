import { describe, expect, it } from 'vitest';
import { OptionError } from '../options.ts';
import { parseClusterOptions } from './options.ts';

describe('the command line of the benchmark on a cluster', () => {
  it('measures everything unless told otherwise', () => {
    const options = parseClusterOptions([]);

    expect(options.only).toEqual(['one', 'ten', 'burst', 'light-burst']);
    expect(options).toMatchObject({ rounds: 5, burst: 30, lightBurst: 100, responseIp: null });
  });

  it('takes measures, numbers and images', () => {
    const args = ['--only', 'one,burst', '--rounds', '9', '--burst', '12', '--image', 'registry/kernel:1'];

    expect(parseClusterOptions(args)).toMatchObject({
      only: ['one', 'burst'],
      rounds: 9,
      burst: 12,
      image: 'registry/kernel:1',
    });
  });

  it.each([
    [['--only', 'one,many'], '--only many: must be some of one, ten, burst, light-burst'],
    [['--light-burst', '101'], '--light-burst 101: must be a whole number from 2 to 100'],
    [['--rounds', 'x'], '--rounds x: must be a whole number from 1 to 30'],
  ])('refuses %j, and says what is allowed', (args, sentence) => {
    expect(() => parseClusterOptions(args)).toThrow(new OptionError(sentence));
  });
});
