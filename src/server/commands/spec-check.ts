/** Checks one kernelspec: its `kernel.json`, and the template from which its pods are made. */
import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { KernelJsonError, parseKernelJson } from '../../adapters/kernelspecs/kernel-json.ts';
import { kernelManifest, type ManifestRules } from '../../adapters/kubernetes/kernel-manifest.ts';
import { launchMethodOf } from '../../adapters/kubernetes/launch-script.ts';
import { TemplateError } from '../../adapters/templates/template-error.ts';
import { KernelFailure } from '../../machines/failure.ts';
import { launchTargetOf, processProxyOf } from '../../machines/launch-target.ts';
import type { KernelSpecFile, LaunchPlan } from '../../machines/ports.ts';
import { SAMPLE_PARAMETERS, samplePlans } from './sample-launch.ts';
import { lineOfContent, lineOfField, lineOfSyntaxError } from './spec-lines.ts';

export interface SpecProblem {
  file: string;
  /** Null when it can't be told. */
  line: number | null;
  message: string;
}

export interface SpecCheck {
  rules: ManifestRules;
  /** Further variables that clients send. */
  env: Record<string, string>;
}

/** @param resourceDir the directory with its `kernel.json` */
export async function checkSpec(resourceDir: string, check: SpecCheck): Promise<SpecProblem[]> {
  const file = join(resourceDir, 'kernel.json');
  const name = basename(resourceDir).toLowerCase();
  const text = await readFile(file, 'utf8').catch((error: Error) => error);
  if (text instanceof Error) return [{ file, line: null, message: `can't be read: ${text.message}` }];
  const spec = parsed(text, name);
  if (spec instanceof KernelJsonError) return [{ file, ...problemIn(text, spec) }];
  const target = launchTargetOf(processProxyOf({ spec }).className);
  if (target === 'other') {
    const line = lineOfField(text, 'metadata.process_proxy.class_name');
    const message = 'metadata.process_proxy.class_name names none that this gateway can launch kernels with';
    return [{ file, line, message }];
  }
  if (target !== 'kubernetes') return [];
  for (const plan of samplePlans(name, resourceDir, spec, check.env)) {
    const problem = await templateProblem(plan, { file, text }, check.rules);
    if (problem !== null) return [problem];
  }
  return [];
}

function parsed(text: string, name: string): KernelSpecFile | KernelJsonError {
  try {
    return parseKernelJson(text, name);
  } catch (error) {
    if (error instanceof KernelJsonError) return error;
    throw error;
  }
}

function problemIn(text: string, { message, cause }: KernelJsonError): Omit<SpecProblem, 'file'> {
  const [, field = ''] = /^(.+?) must /s.exec(message) ?? [];
  const isSyntax = cause instanceof SyntaxError;
  return { line: isSyntax ? lineOfSyntaxError(text) : lineOfField(text, field), message };
}

async function templateProblem(
  plan: LaunchPlan,
  kernelJson: { file: string; text: string },
  rules: ManifestRules,
): Promise<SpecProblem | null> {
  let template = '';
  try {
    const method = launchMethodOf(plan);
    // A command of the operator's own makes what it likes.
    if (method.kind === 'command') return null;
    template = await firstOf(method.files);
    await kernelManifest(plan, SAMPLE_PARAMETERS, rules);
    return null;
  } catch (error) {
    if (!(error instanceof KernelFailure)) throw error;
    const { message, hint } = error.failure;
    if (template === '') {
      const { file, text } = kernelJson;
      return { file, line: lineOfField(text, 'argv'), message: `${message} ${hint}` };
    }
    const told = error.cause instanceof TemplateError ? error.cause : null;
    return { file: template, ...(await templateLine(template, told, `${message} ${hint}`)) };
  }
}

/** A template's error without its line, which is told apart. */
async function templateLine(
  file: string,
  error: TemplateError | null,
  otherwise: string,
): Promise<Omit<SpecProblem, 'file'>> {
  if (error === null) return { line: null, message: otherwise.replace(`Template ${file}: `, '') };
  const message = error.message.replace(/^line \d+: /, '');
  if (error.line !== null) return { line: error.line, message };
  const text = await readFile(file, 'utf8');
  if (message.endsWith('end of file')) return { line: text.trimEnd().split('\n').length, message };
  const [, quoted] = /, at ("(?:[^"\\]|\\.)*"):/.exec(message) ?? [];
  return { line: quoted === undefined ? null : lineOfContent(text, JSON.parse(quoted)), message };
}

async function firstOf(files: readonly string[]): Promise<string> {
  for (const file of files) {
    const isThere = await readFile(file).then(
      () => true,
      () => false,
    );
    if (isThere) return file;
  }
  return files[0] ?? '';
}
