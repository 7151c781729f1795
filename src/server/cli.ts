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
const USAGE = `kernelgate ${version}: a gateway for Jupyter kernels

Usage: kernelgate [serve] [options]
`;
const OLDEST_NODE = 24;

async function main(words: string[]): Promise<void> {
  checkNode();
  const [first = 'serve'] = words;
  const hasVerb = !first.startsWith('-');
  if (hasVerb && !VERBS.includes(first))
    throw new ConfigError(`unknown command "${first}": must be ${VERBS.join(' or ')}`);
  const inputs = processInputs(hasVerb ? words.slice(1) : words);
  const loaded = await loadSettings(inputs);
  if (loaded.action === undefined) await serve(loaded, inputs);
  else await show(loaded);
}

/** A program that is installed for all may meet any Node; what fails without it fails late and strangely. */
function checkNode(): void {
  const { node } = process.versions;
  if (Number.parseInt(node, 10) >= OLDEST_NODE) return;
  throw new ConfigError(
    `needs Node ${OLDEST_NODE} or later, but this is ${node}: install a newer one, or use npx`,
  );
}

async function show(loaded: LoadedSettings): Promise<void> {
  const { action, settings, configFiles } = loaded;
  if (action === 'help' || action === 'help-all') print(`${USAGE}\n${renderHelp(action === 'help-all')}`);
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
