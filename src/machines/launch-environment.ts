/**
 * The environment of a kernel: which variables a client may set, and whose
 * value wins. The gateway's own environment is never a part of it, but for the
 * names in `EG_INHERITED_ENVS`.
 */
import { RequestError } from './request-error.ts';

export type Environment = Record<string, string>;

const LONGEST_VALUE = 4096;
/** What a shell or a template on the way to the kernel could act upon. */
const FORBIDDEN: readonly (readonly [string, string])[] = [
  ['$', 'a dollar sign'],
  ['`', 'a backtick'],
  ['\n', 'a line feed'],
  ['\r', 'a carriage return'],
  ['\0', 'a NUL'],
];
/** Without these, few programs are found, and fewer run as expected. */
const COMMAND_BASICS = ['PATH', 'HOME', 'LANG'];
const NEVER_PASSED_ON = ['EG_AUTH_TOKEN', 'KG_AUTH_TOKEN', 'EG_REMOTE_PWD', 'LS_COLORS'];

/**
 * The variables of a launch request that are taken over: `KERNEL_*` and the
 * names in `clientEnvs` (all when that is `*`); others are left out.
 *
 * @throws RequestError `INVALID_REQUEST`, which names the variable but never its value
 */
export function acceptedEnvironment(env: unknown, clientEnvs: readonly string[]): Environment {
  if (env === undefined) return {};
  if (typeof env !== 'object' || env === null || Array.isArray(env))
    throw invalid('env: must be an object of strings.');
  const takesAll = isEverything(clientEnvs);
  const accepted: Environment = {};
  for (const [name, value] of Object.entries(env)) {
    if (!takesAll && !name.startsWith('KERNEL_') && !clientEnvs.includes(name)) continue;
    if (!/^[^=\0]+$/.test(name)) throw invalid(`env: ${JSON.stringify(name)} is no name for a variable.`);
    accepted[name] = acceptedValue(name, value);
  }
  return accepted;
}

function acceptedValue(name: string, value: unknown): string {
  if (typeof value !== 'string') throw invalid(`env.${name}: must be a string.`);
  if (value.length > LONGEST_VALUE)
    throw invalid(`env.${name}: must have at most ${LONGEST_VALUE} characters.`);
  for (const [character, called] of FORBIDDEN) {
    if (value.includes(character)) throw invalid(`env.${name}: must not contain ${called}.`);
  }
  return value;
}

function isEverything(clientEnvs: readonly string[]): boolean {
  return clientEnvs.length === 1 && clientEnvs[0] === '*';
}

export interface EnvironmentSources {
  /** Needed by any program, and not taken from the gateway: everything else wins over it. */
  basics: Environment;
  /** The gateway's environment, of which only `inheritedEnvs` are used. */
  gateway: Readonly<Record<string, string | undefined>>;
  inheritedEnvs: readonly string[];
  /** From {@link acceptedEnvironment}. */
  client: Environment;
  clientEnvs: readonly string[];
  /** `env` of the kernelspec. */
  kernelspec: Environment;
  /** Set by the gateway; wins over everything. */
  system: Environment;
}

/** The complete environment of a kernel. */
export function launchEnvironment(sources: EnvironmentSources): Environment {
  const { basics, gateway, inheritedEnvs, client, clientEnvs, kernelspec, system } = sources;
  const inherited: Environment = {};
  for (const name of inheritedEnvs) {
    const value = own(gateway, name);
    if (value !== undefined) inherited[name] = value;
  }
  const base = without([...NEVER_PASSED_ON, 'PYTHONEXECUTABLE'], { ...inherited, ...client });
  const environment = { ...basics, ...base };
  for (const [name, value] of Object.entries(kernelspec)) {
    environment[name] = substituted(value, { ...basics, ...base });
  }
  for (const [name, value] of Object.entries(base)) {
    if (name.startsWith('KERNEL_') || inheritedEnvs.includes(name) || clientEnvs.includes(name)) {
      environment[name] = value;
    }
  }
  return without(NEVER_PASSED_ON, { ...environment, ...system, KERNEL_GATEWAY: '1' });
}

/**
 * The environment of an operator's own launch command, which runs beside the
 * gateway: the kernel's, what a program needs to run at all, and the gateway's
 * access to the cluster, which nothing else overrides.
 */
export function launchCommandEnvironment(
  { env }: { env: Environment },
  gatewayEnv: Readonly<Record<string, string | undefined>>,
): Environment {
  const ofGateway = (isWanted: (name: string) => boolean): Environment => {
    const wanted = Object.entries(gatewayEnv).flatMap(([name, value]) =>
      value !== undefined && isWanted(name) ? [[name, value] as const] : [],
    );
    return Object.fromEntries(wanted);
  };
  return { ...ofGateway((name) => COMMAND_BASICS.includes(name)), ...env, ...ofGateway(isClusterAccess) };
}

/** A client has no say in which cluster the gateway's launch commands talk to. */
export function withoutClusterAccess(environment: Environment): Environment {
  return without(Object.keys(environment).filter(isClusterAccess), environment);
}

function isClusterAccess(name: string): boolean {
  return name.startsWith('KUBECONFIG') || name.startsWith('KUBERNETES_SERVICE');
}

function own<Value>(values: Readonly<Record<string, Value>>, name: string): Value | undefined {
  return Object.hasOwn(values, name) ? values[name] : undefined;
}

function without(names: readonly string[], environment: Environment): Environment {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => !names.includes(name)));
}

/** `$NAME` and `${NAME}`; unknown names and other uses of the dollar sign stay, `$$` is one dollar sign. */
function substituted(value: string, environment: Environment): string {
  return value.replace(
    /\$(?:(\$)|([A-Za-z_]\w*)|\{([A-Za-z_]\w*)\})/g,
    (whole, dollar?: string, plain?: string, braced?: string) =>
      dollar ?? own(environment, plain ?? braced ?? '') ?? whole,
  );
}

function invalid(message: string): RequestError {
  return new RequestError('INVALID_REQUEST', message, 'Correct the request.');
}
