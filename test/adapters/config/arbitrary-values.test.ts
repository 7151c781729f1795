import fc from 'fast-check';
import { expect, it } from 'vitest';
import { ConfigError } from '../../../src/adapters/config/config-error.ts';
import { splitItems } from '../../../src/adapters/config/list-codecs.ts';
import type { LoadedSettings } from '../../../src/adapters/config/load-settings.ts';
import { optionsByEnv, optionsByFlag, optionsByTrait } from '../../../src/adapters/config/option-names.ts';
import { settingOptions } from '../../../src/adapters/config/settings.ts';
import { configFixture } from './config-fixture.ts';

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom(...'[](){}\'",\\ .0159-+eE~/*\n') }),
  fc.constantFrom(
    'null',
    'None',
    'true',
    '0..0',
    '1e400',
    '99999999999999999999',
    '-0',
    '__proto__',
    'constructor',
  ),
);

/** Settings or a ConfigError of one line: nothing else may come out, whatever goes in. */
async function settledCleanly(loading: Promise<LoadedSettings>): Promise<void> {
  const outcome = await loading.catch((error) => error);
  if (outcome instanceof Error) {
    expect(outcome).toBeInstanceOf(ConfigError);
    expect(outcome.message).not.toMatch(/[\r\n\0]/);
  } else {
    expect(JSON.parse(JSON.stringify(outcome.settings))).toEqual(outcome.settings);
  }
}

it('makes settings or one clear line of any text in any variable', async () => {
  const { load } = await configFixture();
  const env = fc.dictionary(fc.constantFrom(...optionsByEnv.keys()), anyText, {
    maxKeys: 3,
    noNullPrototype: true,
  });
  await fc.assert(
    fc.asyncProperty(env, (given) => settledCleanly(load({ env: given }))),
    { numRuns: 1000 },
  );
});

it('makes settings or one clear line of any text for any option of the command line', async () => {
  const { load } = await configFixture();
  const name = fc.constantFrom(...optionsByTrait.keys(), ...optionsByFlag.keys(), 'config', 'debug', 'y');
  const argv = fc.array(
    fc.oneof(
      fc.tuple(name, anyText).map(([option, text]) => [`--${option}=${text}`]),
      fc.tuple(name, anyText).map(([option, text]) => [`--${option}`, text]),
      anyText.map((text) => [text]),
    ),
    { maxLength: 3 },
  );
  await fc.assert(
    fc.asyncProperty(argv, (given) => settledCleanly(load({ argv: given.flat() }))),
    { numRuns: 1000 },
  );
});

it('makes settings or one clear line of any JSON for any option of a config file', async () => {
  const { load, write } = await configFixture();
  const entries = fc.array(
    fc.tuple(fc.constantFrom(...optionsByTrait.keys()), fc.oneof(anyText, fc.jsonValue())),
    {
      maxLength: 3,
    },
  );
  await fc.assert(
    fc.asyncProperty(entries, async (given) => {
      const classes = given.map(([trait, value]) => {
        const [className = '', name = ''] = trait.split('.');
        return [className, { [name]: value }];
      });
      await write('any.json', Object.fromEntries(classes));
      await settledCleanly(load({ argv: ['--config=any.json'] }));
    }),
    { numRuns: 500 },
  );
});

it('reads back every default as the text that the documentation shows', () => {
  const place = { cwd: '/', homedir: '/' };
  for (const [key, { codec, fallback }] of settingOptions) {
    const json = codec.toJson(fallback);
    const text = Array.isArray(json) ? json.join(',') : String(json);
    expect([key, codec.fromText(text, place)]).toEqual([key, fallback]);
    expect([key, codec.fromJson(json, place)]).toEqual([key, fallback]);
  }
});

it('reads back any list of names, quoted in Python or in JSON', () => {
  const printable = fc.array(fc.string({ minLength: 1 }));
  fc.assert(
    fc.property(printable, (given) => {
      const python = given.map((name) => `'${name.replace(/[\\']/g, '\\$&')}'`).join(', ');
      expect(splitItems(`[${python}]`)).toEqual(given);
    }),
  );
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1, unit: 'binary' })), (given) => {
      expect(splitItems(JSON.stringify(given))).toEqual(given);
    }),
  );
});

it.each(["['a'", "'a", 'a]', '[a', "a'b", '{"a": 1}'])('does not take %s for a list', (text) => {
  expect(splitItems(text)).toBeUndefined();
});
