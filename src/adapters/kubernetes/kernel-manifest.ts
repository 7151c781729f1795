/** What is created in the cluster for a kernel, from its template. */
import { readFile } from 'node:fs/promises';
import { KernelFailure } from '../../machines/failure.ts';
import type { LaunchPlan } from '../../machines/ports.ts';
import { parseClientYaml } from './client-yaml.ts';
import type { KubernetesObject } from './cluster.ts';
import { kernelLabels } from './kernel-labels.ts';
import { type LaunchParameters, launchMethodOf, type ScriptOptions } from './launch-script.ts';
import { type ManifestObject, type Mapping, mappingsOf, objectsOf } from './manifest-objects.ts';
import { type Environment, mergedEnv, podEnvironment } from './pod-environment.ts';
import { checkManifest, type PodPolicyRules } from './pod-policy.ts';

export type { LaunchParameters } from './launch-script.ts';

export interface ManifestRules extends PodPolicyRules {
  /** Beside those that every object of a kernel has; a template can change neither. */
  labels: Readonly<Record<string, string>>;
  /** Names of secrets that are in every namespace where kernels run. */
  imagePullSecrets: readonly string[];
}

/** Lists of mappings; all other variables are strings. */
const STRUCTURES = ['kernel_volumes', 'kernel_volume_mounts'];
/** Nothing that a template has to know. */
const SECRETS = ['KERNEL_GATEWAY_KEY', 'KERNEL_LAUNCH_TOKEN'];

/**
 * Renders the template of a kernelspec that is launched by one, and checks
 * what comes out of it.
 *
 * The objects come in the order of their creation: storage, secrets and
 * configuration first, since a pod that misses them fails or waits for seconds;
 * then the pod; then a service. Only what comes after the pod can have it as
 * its owner. What comes before is found, and deleted, by its labels.
 *
 * @throws KernelFailure `LAUNCH_REFUSED` when the template is wrong, or renders to what the operator does not allow
 */
export async function kernelManifest(
  plan: LaunchPlan,
  parameters: LaunchParameters,
  rules: ManifestRules,
): Promise<KubernetesObject[]> {
  const method = launchMethodOf(plan);
  if (method.kind !== 'template')
    throw new Error(`kernelspec ${plan.kernelName} has a command, not a template`);
  const { file, text } = await readTemplate(method.files);
  const environment = podEnvironment(plan, parameters, method.options);
  const documents = await render(file, text, templateVariables(environment, method.options));
  const objects = objectsOf(documents, file).map((object) => completed(object, plan, environment, rules));
  checkManifest(plan, objects, rules);
  return objects;
}

/**
 * `KERNEL_*` in lower case, and where to answer. Names that are not wholly in
 * upper case are left out: `KERNEL_Uid` must not stand in for `KERNEL_UID`,
 * which has been checked.
 */
function templateVariables(environment: Environment, options: ScriptOptions): Record<string, unknown> {
  const variables: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(environment)) {
    if (!/^KERNEL_[A-Z0-9_]+$/.test(name) || SECRETS.includes(name)) continue;
    const variable = name.toLowerCase();
    variables[variable] = STRUCTURES.includes(variable) ? structureOf(name, value) : value;
  }
  for (const name of ['RESPONSE_ADDRESS', 'PUBLIC_KEY', 'PORT_RANGE']) {
    variables[name.toLowerCase()] = environment[name];
    variables[`eg_${name.toLowerCase()}`] = environment[name];
  }
  return { ...variables, spark_context_initialization_mode: options.sparkContextInitMode };
}

/** It was looked at when the launch was planned; here it only has to be what it was. */
function structureOf(name: string, text: string): unknown {
  if (text === '') return [];
  try {
    const parsed = parseClientYaml(text);
    if (Array.isArray(parsed) && mappingsOf(parsed).length === parsed.length) return parsed;
  } catch {
    // The parser would quote the value, which may hold secrets.
  }
  throw new KernelFailure({
    code: 'LAUNCH_REFUSED',
    message: `env.${name}: must be a list of mappings in YAML or JSON.`,
    hint: 'Correct it, or leave it out.',
  });
}

async function readTemplate(files: readonly string[]): Promise<{ file: string; text: string }> {
  for (const file of files) {
    try {
      return { file, text: await readFile(file, 'utf8') };
    } catch (error) {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOENT' || code === 'ENOTDIR') continue;
      throw wrongTemplate(`Template ${file} can't be read: ${message}`, error);
    }
  }
  throw wrongTemplate(`There is no template in any of ${files.join(', ')}.`, null);
}

/** Loaded only when it is needed: kernels of this machine go without. */
async function render(file: string, text: string, variables: Record<string, unknown>): Promise<unknown[]> {
  const { renderTemplate, TemplateError } = await import('../templates/render-template.ts');
  try {
    return renderTemplate(text, variables);
  } catch (error) {
    if (!(error instanceof TemplateError)) throw error;
    throw wrongTemplate(`Template ${file}: ${error.message}.`, error);
  }
}

function wrongTemplate(message: string, cause: unknown): KernelFailure {
  const hint = 'Correct the template, or set the variable that it needs.';
  return new KernelFailure({ code: 'LAUNCH_REFUSED', message, hint }, { cause });
}

/** With all that is the same for every kernel, whatever its template says. */
function completed(
  object: ManifestObject,
  plan: LaunchPlan,
  environment: Environment,
  rules: ManifestRules,
): ManifestObject {
  const { namespace, labels, ...metadata } = object.metadata;
  const ownLabels = { ...labels, ...rules.labels, ...kernelLabels(plan.kernelId) };
  // Of no namespace, unlike all others.
  const isOfCluster = object.kind === 'PersistentVolume';
  const kernelNamespace = namespace ?? plan.env['KERNEL_NAMESPACE'];
  return {
    ...object,
    metadata: {
      ...metadata,
      ...(!isOfCluster && kernelNamespace !== undefined && { namespace: kernelNamespace }),
      labels: ownLabels,
    },
    ...(object.kind === 'Pod' && { spec: completedSpec(object.spec ?? {}, environment, rules) }),
  };
}

function completedSpec(
  spec: Mapping,
  environment: Environment,
  { imagePullSecrets }: ManifestRules,
): Mapping {
  const [kernel = {}, ...others] = mappingsOf(spec['containers']);
  const secrets = mappingsOf(spec['imagePullSecrets']);
  const named = new Set(secrets.map(({ name }) => name));
  const more = imagePullSecrets.filter((name) => !named.has(name)).map((name) => ({ name }));
  return {
    ...spec,
    // A kernel's restart is the gateway's to decide.
    restartPolicy: 'Never',
    containers: [{ ...kernel, env: mergedEnv(kernel['env'], environment) }, ...others],
    ...(secrets.length + more.length > 0 && { imagePullSecrets: [...secrets, ...more] }),
  };
}
