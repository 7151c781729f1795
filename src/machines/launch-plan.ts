/** Turns a launch request into a plan, or refuses it: nothing has been created by then. */
import { randomUUID } from 'node:crypto';
import { checkAuthorized, type UserPolicy } from './authorization.ts';
import { KernelFailure } from './failure.ts';
import type { Environment } from './launch-environment.ts';
import { acceptedEnvironment, launchEnvironment, withoutClusterAccess } from './launch-environment.ts';
import { isInCluster, launchTargetOf, type ProcessProxy, processProxyOf } from './launch-target.ts';
import { type PodPlan, type PodRules, planPod } from './pod-plan.ts';
import type { KernelSpec, LaunchPlan, PortRange } from './ports.ts';
import { RequestError } from './request-error.ts';

export interface LaunchRequest {
  /** As the client sent it, unchecked. */
  env: unknown;
  headers: Record<string, string>;
}

/** What the gateway's configuration has to say about a launch. */
export interface LaunchRules {
  clientEnvs: readonly string[];
  inheritedEnvs: readonly string[];
  /** The gateway's own environment. */
  gatewayEnv: Readonly<Record<string, string | undefined>>;
  /** Needed by any program on this host. */
  basics: Environment;
  /** The user whom a request without `KERNEL_USERNAME` belongs to. */
  gatewayUser: string;
  users: UserPolicy;
  mirrorWorkingDirs: boolean;
  /** Where kernels start otherwise; null: where the gateway was started. */
  rootDir: string | null;
  portRange: PortRange;
  /** Ports that a range must span at least. */
  minPortRangeSize: number;
  /** More that every kernel is told, such as `EG_MIN_PORT_RANGE_SIZE`. */
  system: Environment;
  /** Milliseconds. */
  launchTimeout: number;
  /** For kernels in Kubernetes. */
  pods: PodRules;
}

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/**
 * @param argv the kernelspec's; for local kernels, with argv[0] resolved
 * @throws RequestError when the request is refused
 * @throws KernelFailure `LAUNCH_REFUSED` when the kernelspec can't be launched as it is
 */
export function planLaunch(
  kernelspec: KernelSpec,
  argv: string[],
  request: LaunchRequest,
  rules: LaunchRules,
): LaunchPlan {
  const client = acceptedEnvironment(request.env, rules.clientEnvs);
  const proxy = processProxyOf(kernelspec);
  const user = {
    name: client['KERNEL_USERNAME'] || rules.gatewayUser,
    isFromClient: Boolean(client['KERNEL_USERNAME']),
  };
  checkAuthorized(user, kernelspec.name, proxy.config, rules.users);
  const kernelId = kernelIdOf(client);
  const system = {
    ...rules.system,
    KERNEL_ID: kernelId,
    KERNEL_NAME: kernelspec.directoryName,
    KERNEL_LANGUAGE:
      client['KERNEL_LANGUAGE'] ??
      kernelspec.spec.env['KERNEL_LANGUAGE'] ??
      kernelspec.spec.language.toLowerCase(),
    KERNEL_USERNAME: user.name,
  };
  const place = isInCluster(proxy.className)
    ? { ...podPlace(kernelspec, proxy, client, system, rules), workingDir: null }
    : { ...localPlace(kernelspec, client, system, rules), ownNamespace: null };
  return {
    kernelId,
    kernelName: kernelspec.name,
    provisioner: proxy.className,
    resourceDir: kernelspec.resourceDir,
    argv,
    username: user.name,
    language: kernelspec.spec.language,
    interruptMode: kernelspec.spec.interrupt_mode,
    launchTimeout: launchTimeoutOf(client, rules),
    portRange: portRangeOf(kernelspec.name, proxy.config, rules),
    proxyConfig: proxy.config,
    headers: request.headers,
    ...place,
  };
}

function localPlace(
  kernelspec: KernelSpec,
  client: Environment,
  system: Environment,
  rules: LaunchRules,
): Pick<LaunchPlan, 'env' | 'workingDir'> {
  const kernelspecEnv = kernelspec.spec.env;
  const env = launchEnvironment({
    ...rules,
    gateway: rules.gatewayEnv,
    client,
    kernelspec: kernelspecEnv,
    system,
  });
  const mirroredDir = rules.mirrorWorkingDirs ? client['KERNEL_WORKING_DIR'] : undefined;
  if (mirroredDir === undefined) delete env['KERNEL_WORKING_DIR'];
  return { env, workingDir: mirroredDir ?? rules.rootDir };
}

/** What this machine's programs need means nothing in a container, which has its own. */
function podPlace(
  kernelspec: KernelSpec,
  proxy: ProcessProxy,
  client: Environment,
  system: Environment,
  rules: LaunchRules,
): PodPlan {
  const { inheritedEnvs, gatewayEnv } = rules;
  const kernelspecEnv = kernelspec.spec.env;
  const env = launchEnvironment({
    ...rules,
    basics: {},
    gateway: gatewayEnv,
    client: withoutClusterAccess(client),
    kernelspec: kernelspecEnv,
    system,
  });
  const isOperators = (name: string) =>
    env[name] === kernelspecEnv[name] || (inheritedEnvs.includes(name) && env[name] === gatewayEnv[name]);
  return planPod(
    {
      kernelName: kernelspec.name,
      proxyConfig: proxy.config,
      env,
      isFromClient: (name) => !isOperators(name),
      mirrorWorkingDirs: rules.mirrorWorkingDirs,
      isSparkApplication: launchTargetOf(proxy.className) === 'spark-operator',
    },
    rules.pods,
  );
}

function kernelIdOf(client: Environment): string {
  const chosen = client['KERNEL_ID'];
  if (chosen === undefined) return randomUUID();
  if (UUID_V4.test(chosen)) return chosen;
  throw new RequestError(
    'INVALID_REQUEST',
    'env.KERNEL_ID: must be a version 4 UUID in lower case, with hyphens.',
    'Correct it, or leave it out.',
  );
}

function launchTimeoutOf(client: Environment, rules: LaunchRules): number {
  const chosen = client['KERNEL_LAUNCH_TIMEOUT'];
  if (chosen === undefined) return rules.launchTimeout;
  const seconds = Number(chosen);
  if (chosen.trim() !== '' && seconds > 0 && seconds <= LONGEST_TIMEOUT) return seconds * 1000;
  throw new RequestError(
    'INVALID_REQUEST',
    `env.KERNEL_LAUNCH_TIMEOUT: must be a number of seconds above 0, at most ${LONGEST_TIMEOUT}.`,
    'Correct it, or leave it out.',
  );
}

/** A day, in seconds. */
const LONGEST_TIMEOUT = 86_400;

/** A kernelspec's own range replaces the gateway's. */
function portRangeOf(
  kernelName: string,
  config: Record<string, unknown>,
  { portRange, minPortRangeSize }: LaunchRules,
): PortRange {
  const own = config['port_range'];
  if (own === undefined || own === null || own === '') return portRange;
  const match = /^\s*(\d{1,5})\.\.(\d{1,5})\s*$/.exec(String(own));
  const [low, high] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && low === high) return { low, high };
  const isRange = match !== null && low >= 1024 && high <= 65_535 && high - low >= minPortRangeSize;
  if (isRange) return { low, high };
  throw new KernelFailure({
    code: 'LAUNCH_REFUSED',
    message: `kernelspec ${kernelName}: port_range is ${JSON.stringify(own)}, must be lo..hi within 1024 to 65535 that spans at least ${minPortRangeSize} ports (EG_MIN_PORT_RANGE_SIZE).`,
    hint: 'Correct metadata.process_proxy.config of its kernel.json.',
  });
}
