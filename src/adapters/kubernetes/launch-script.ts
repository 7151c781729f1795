/**
 * How a kernelspec wants its kernels launched. Most name Enterprise Gateway's
 * `launch_kubernetes.py`, which renders a template into a pod: the gateway
 * does that itself, so that such kernelspecs work as they are, and Python is
 * not needed. Any other command of an operator's is run as it stands.
 */
import { basename, dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { KernelFailure } from '../../machines/failure.ts';
import type { LaunchPlan } from '../../machines/ports.ts';

/** What a kernel's pod must know of the gateway. */
export interface LaunchParameters {
  /** `ip:port` of the response listener. */
  responseAddress: string;
  /** Base64 of DER SubjectPublicKeyInfo, RSA: for launchers of version 1. */
  publicKey: string;
  /** Base64 of 32 bytes, X25519: for launchers of version 2. */
  gatewayKey: string;
  /** Base64 of 32 random bytes, new for each pod. */
  launchToken: string;
}

/** What the launch script was told in the kernelspec, defaults filled in; null where it was told nothing. */
export interface ScriptOptions {
  portRange: string | null;
  responseAddress: string | null;
  publicKey: string | null;
  sparkContextInitMode: string;
  kernelClassName: string | null;
}

export type LaunchMethod =
  /** `files`: where its template may lie, absolute; the first that exists is meant. */
  { kind: 'template'; files: string[]; options: ScriptOptions } | { kind: 'command'; argv: string[] };

const SCRIPT = 'launch_kubernetes.py';
const TEMPLATE = 'kernel-pod.yaml.j2';
const SHIPPED_TEMPLATE = fileURLToPath(new URL(`../../../kernelspecs/${TEMPLATE}`, import.meta.url));

const ARGUMENTS = [
  'kernel-id',
  'port-range',
  'response-address',
  'public-key',
  'spark-context-initialization-mode',
  'kernel-class-name',
] as const;
type Argument = (typeof ARGUMENTS)[number];
/** What `spark-submit` needs, and a kernelspec's own command line can't use. */
const SPARK_ARGUMENTS = ['pod-template', 'spark-opts-out'];

/** @throws KernelFailure `LAUNCH_REFUSED` when the script's arguments can't be understood */
export function launchMethodOf(plan: LaunchPlan): LaunchMethod {
  const { argv, resourceDir } = plan;
  const script = argv.findIndex((word) => basename(word) === SCRIPT);
  if (script === -1 && argv.length > 0) return { kind: 'command', argv };
  const beside = argv.slice(script, script + 1).map((word) =>
    dirname(
      resolve(
        resourceDir,
        word.replaceAll('{resource_dir}', () => resourceDir),
      ),
    ),
  );
  const directories = new Set([...beside, resourceDir, join(resourceDir, 'scripts')]);
  const files = [...directories].map((directory) => join(directory, TEMPLATE));
  const options = optionsOf(plan, script === -1 ? [] : argv.slice(script + 1));
  return { kind: 'template', files: [...files, SHIPPED_TEMPLATE], options };
}

/**
 * The kernelspec's command line, with everything filled in that is known.
 * `{connection_file}` is the name that other Jupyter tools would look for.
 */
export function commandOf(plan: LaunchPlan, parameters: LaunchParameters): string[] {
  const values: Record<string, string> = {
    ...placeholdersOf(plan),
    response_address: parameters.responseAddress,
    public_key: parameters.publicKey,
    connection_file: `kernel-${plan.kernelId}.json`,
    // Of the Python that Jupyter is installed for; there is none here.
    prefix: '/usr/local',
  };
  return plan.argv.map((word) => filledIn(word, values));
}

/** As Enterprise Gateway writes it. */
export function portRangeOf({ portRange: { low, high } }: LaunchPlan): string {
  return `${low}..${high}`;
}

function placeholdersOf(plan: LaunchPlan): Record<string, string> {
  return { kernel_id: plan.kernelId, port_range: portRangeOf(plan), resource_dir: plan.resourceDir };
}

/** Unknown placeholders stay as they are. */
function filledIn(word: string, values: Record<string, string>): string {
  return word.replace(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? (values[name] ?? whole) : whole,
  );
}

function optionsOf(plan: LaunchPlan, words: string[]): ScriptOptions {
  const given = argumentsIn(plan, words);
  const of = (name: Argument) => filledIn(given.get(name) ?? '', placeholdersOf(plan)) || null;
  // What the gateway alone knows is filled in by whoever renders the template.
  const own = (name: Argument, placeholder: string) => (of(name) === placeholder ? null : of(name));
  const kernelId = of('kernel-id');
  if (kernelId !== null && kernelId !== plan.kernelId) {
    throw refused(plan, `--kernel-id is ${kernelId}, must be {kernel_id}.`);
  }
  return {
    portRange: of('port-range'),
    responseAddress: own('response-address', '{response_address}'),
    publicKey: own('public-key', '{public_key}'),
    sparkContextInitMode: of('spark-context-initialization-mode') ?? 'none',
    kernelClassName: of('kernel-class-name'),
  };
}

/** `--name value` and `--name=value`; a plain name wins over its older form. */
function argumentsIn(plan: LaunchPlan, words: readonly string[]): Map<string, string> {
  const older = new Map<string, string>();
  const plain = new Map<string, string>();
  for (let index = 0; index < words.length; index++) {
    const [, prefix = '', name = '', joined] = argumentIn(words[index] ?? '');
    if (!isArgument(name)) throw refused(plan, unknownArgument(words[index] ?? ''));
    const value = joined ?? words[++index];
    if (value === undefined) throw refused(plan, `--${prefix}${name} has no value.`);
    (prefix === '' ? plain : older).set(name, value);
  }
  return new Map([...older, ...[...plain].filter(([, value]) => value !== '')]);
}

/** Its older prefix, its name, and the value that is joined to it. */
function argumentIn(word: string): string[] {
  return /^--(RemoteProcessProxy\.)?([^=]+)(?:=(.*))?$/s.exec(word) ?? [];
}

function isArgument(name: string): boolean {
  return (ARGUMENTS as readonly string[]).includes(name);
}

function unknownArgument(word: string): string {
  const [, , name = ''] = argumentIn(word);
  if (SPARK_ARGUMENTS.includes(name)) {
    return `--${name} is for spark-submit only: let a run.sh of its own call ${SCRIPT}.`;
  }
  const known = ARGUMENTS.map((argument) => `--${argument}`).join(', ');
  return `${JSON.stringify(word)} is no argument of ${SCRIPT}, which has ${known}.`;
}

function refused({ kernelName }: LaunchPlan, what: string): KernelFailure {
  return new KernelFailure({
    code: 'LAUNCH_REFUSED',
    message: `kernelspec ${kernelName}: argv: ${what}`,
    hint: 'Correct argv in its kernel.json.',
  });
}
