/** What the config files say. */
import { readFile } from 'node:fs/promises';
import { ConfigError } from './config-error.ts';
import type { Environment } from './environment.ts';
import { type Given, type GivenValue, type SourceContent, sourceContent } from './given.ts';
import { optionsByTrait, suggestion } from './option-names.ts';
import { runPythonConfig } from './python-config.ts';

/** `{"EnterpriseGatewayApp": {"port": 8888}}` */
type ConfigObject = Readonly<Record<string, unknown>>;

/** Keys beside the classes: a version, as Jupyter writes it, and what `--show-config-json` adds. */
const besideClasses = new Set(['version', 'sources']);

/**
 * Reads a `.json` or `.py` config file.
 *
 * @param env environment for Python
 * @throws ConfigError naming the file and what is wrong with it
 */
export async function readConfigFile(file: string, env: Environment): Promise<SourceContent> {
  const config = file.endsWith('.py') ? await runPythonConfig(file, env) : await readJsonConfig(file);
  const given: Given[] = [];
  const warnings: string[] = [];
  for (const [className, traits] of Object.entries(classesOf(config, file))) {
    for (const [trait, value] of Object.entries(traits)) {
      const name = `${className}.${trait}`;
      const named = optionsByTrait.get(name);
      const label = `${name} in ${file}`;
      if (named) given.push({ ...named, source: 'file', label, value: givenValue(value) });
      else warnings.push(`${label} is unknown and is ignored${suggestion(name, optionsByTrait.keys())}`);
    }
  }
  return sourceContent(given, warnings);
}

function classesOf(config: unknown, file: string): Record<string, ConfigObject> {
  if (!isObject(config))
    throw new ConfigError(`${file} must hold an object such as {"EnterpriseGatewayApp": {…}}`);
  const classes: Record<string, ConfigObject> = {};
  for (const [className, traits] of Object.entries(config)) {
    if (besideClasses.has(className)) continue;
    if (!isObject(traits)) throw new ConfigError(`${className} in ${file} must be an object of options`);
    classes[className] = traits;
  }
  return classes;
}

/** `{"$items": {before, after}}` is what Python's `append`, `extend` and `update` come down to. */
function givenValue(value: unknown): GivenValue {
  const items = isObject(value) ? value['$items'] : undefined;
  if (!isObject(items)) return { kind: 'json', json: value };
  return { kind: 'items', before: asArray(items['before']), after: asArray(items['after']) };
}

async function readJsonConfig(file: string): Promise<unknown> {
  const content = await readFile(file, 'utf8').catch((cause) => {
    throw new ConfigError(`${file} cannot be read: ${cause.code ?? cause.message}`, { cause });
  });
  try {
    return JSON.parse(content.replace(/^\uFEFF/, ''));
  } catch (cause) {
    throw new ConfigError(`${file} is not valid JSON${whatIsWrong(cause)}`);
  }
}

/** The parser may quote the text around the error, which may be a secret: then only what comes before is repeated. */
function whatIsWrong(cause: unknown): string {
  const message = cause instanceof Error ? cause.message : '';
  const placed = /^(.*) in JSON at position \d+ (\(line \d+ column \d+\))$/.exec(message);
  if (placed) return `: ${placed[1]} ${placed[2]}`;
  const plain = /^Unexpected (end of JSON input|token)/.exec(message);
  return plain ? `: ${plain[0]}` : '';
}

function isObject(value: unknown): value is ConfigObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function asArray(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
