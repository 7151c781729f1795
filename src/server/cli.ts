#!/usr/bin/env node
/** The command `kernelgate`. */
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { ConfigError } from '../adapters/config/config-error.ts';
import { type LoadedSettings, loadSettings, processInputs } from '../adapters/config/load-settings.ts';
import {
  renderGeneratedConfig,
  renderShowConfig,
  renderShowConfigJson,
} from '../adapters/config/render-config.ts';
import { renderHelp } from '../adapters/config/render-help.ts';
import { serve } from './serve.ts';
import { version } from './version.ts';

const VERBS = ['serve'];

async function main(words: string[]): Promise<void> {
  const [first = 'serve'] = words;
  const hasVerb = !first.startsWith('-');
  if (hasVerb && !VERBS.includes(first))
    throw new ConfigError(`unknown command "${first}": must be ${VERBS.join(' or ')}`);
  const inputs = processInputs(hasVerb ? words.slice(1) : words);
  const loaded = await loadSettings(inputs);
  if (loaded.action === undefined) await serve(loaded, inputs);
  else await show(loaded);
}

async function show(loaded: LoadedSettings): Promise<void> {
  const { action, settings, configFiles } = loaded;
  if (action === 'help' || action === 'help-all') print(renderHelp(action === 'help-all'));
  if (action === 'version') print(version);
  if (action === 'show-config') print(renderShowConfig(settings, configFiles));
  if (action === 'show-config-json') print(renderShowConfigJson(settings));
  if (action === 'generate-config') await generateConfig(loaded);
}

async function generateConfig({ generatedConfigFile, answerYes }: LoadedSettings): Promise<void> {
  if (existsSync(generatedConfigFile) && !answerYes) {
    throw new ConfigError(`${generatedConfigFile} exists already: add -y to overwrite it`);
  }
  await writeFile(generatedConfigFile, renderGeneratedConfig());
  print(`Wrote ${generatedConfigFile}`);
}

function print(text: string): void {
  process.stdout.write(text.endsWith('\n') ? text : `${text}\n`);
}

main(process.argv.slice(2)).catch((error: unknown) => {
  const text = error instanceof ConfigError ? error.message : ((error as Error).stack ?? String(error));
  process.stderr.write(`kernelgate: ${text}\n`);
  process.exitCode = 1;
});
