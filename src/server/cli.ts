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
import { CommandError, type Surroundings } from './commands/command.ts';
import { renderCommands } from './commands/command-help.ts';
import { commands } from './commands/command-table.ts';
import { runCommand } from './commands/run-command.ts';
import { version } from './version.ts';

const USAGE = `kernelgate ${version}: a gateway for Jupyter kernels

Usage: kernelgate [serve] [options]
       kernelgate <command> [options]

${renderCommands(commands)}
`;
const OLDEST_NODE = 24;

async function main(words: string[]): Promise<void> {
  checkNode();
  const [first = 'serve', ...others] = words;
  if (first.startsWith('-')) await serveOrShow(words);
  else if (first === 'serve') await serveOrShow(others);
  else if (first === 'help') await help(others);
  else process.exitCode = await runCommand(words, surroundings());
}

/** `help` explains the gateway, `help VERB` one of the others. */
async function help(words: readonly string[]): Promise<void> {
  const [verb = 'serve'] = words;
  if (['serve', 'help'].includes(verb)) await serveOrShow(['--help']);
  else await runCommand([...words, '--help'], surroundings());
}

async function serveOrShow(options: readonly string[]): Promise<void> {
  const inputs = processInputs(options);
  const loaded = await loadSettings(inputs);
  if (loaded.action !== undefined) return show(loaded);
  // Half a second that the other commands need not wait for.
  const { serve } = await import('./serve.ts');
  await serve(loaded, inputs);
}

/** Those of this process. Whoever reads its output may stop before its end, as `head` does. */
function surroundings(): Surroundings {
  const { stdout, stderr } = process;
  stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  return {
    env: process.env,
    write: (text) => stdout.write(text),
    remark: (text) => stderr.write(`kernelgate: ${text}\n`),
    screen: () => (stdout.isTTY ? { columns: stdout.columns, rows: stdout.rows } : null),
    now: Date.now,
    signal: new AbortController().signal,
  };
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
  const isExpected = error instanceof ConfigError || error instanceof CommandError;
  const text = isExpected ? error.message : ((error as Error).stack ?? String(error));
  process.stderr.write(`kernelgate: ${text}\n`);
  process.exitCode = error instanceof CommandError ? error.exitStatus : 1;
});
