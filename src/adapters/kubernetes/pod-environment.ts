/** The environment of a kernel's container. */
import { KernelFailure } from '../../machines/failure.ts';
import type { LaunchPlan } from '../../machines/ports.ts';
import { type LaunchParameters, portRangeOf, type ScriptOptions } from './launch-script.ts';
import { type Mapping, mappingsOf } from './manifest-objects.ts';

export type Environment = Record<string, string>;

/** All that a kernel's container is told: the launch environment, and how to reach the gateway. */
export function podEnvironment(
  plan: LaunchPlan,
  parameters: LaunchParameters,
  options: ScriptOptions,
): Environment {
  return {
    ...plan.env,
    ...(options.kernelClassName !== null && { KERNEL_CLASS_NAME: options.kernelClassName }),
    KERNEL_ID: plan.kernelId,
    KERNEL_SPARK_CONTEXT_INIT_MODE: options.sparkContextInitMode,
    RESPONSE_ADDRESS: options.responseAddress ?? parameters.responseAddress,
    PUBLIC_KEY: options.publicKey ?? parameters.publicKey,
    PORT_RANGE: options.portRange ?? portRangeOf(plan),
    KERNEL_GATEWAY_KEY: parameters.gatewayKey,
    KERNEL_LAUNCH_TOKEN: parameters.launchToken,
  };
}

/**
 * A container's `env`: what the template names takes its value from the
 * launch environment where that has one, and all the rest is appended.
 *
 * @throws KernelFailure `LAUNCH_REFUSED`
 */
export function mergedEnv(listed: unknown, environment: Environment): Mapping[] {
  const entries = mappingsOf(listed);
  const named = new Set(entries.map(({ name }) => name));
  const merged = entries.map((entry) => {
    const name = String(entry['name']);
    return Object.hasOwn(environment, name) ? envEntry(name, environment[name] ?? '') : entry;
  });
  const rest = Object.entries(environment).filter(([name]) => !named.has(name));
  return [...merged, ...rest.map(([name, value]) => envEntry(name, value))];
}

/** https://kubernetes.io/docs/tasks/inject-data-application/define-environment-variable-container */
const NAME = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

function envEntry(name: string, value: string): Mapping {
  if (NAME.test(name)) return { name, value: literal(value) };
  throw new KernelFailure({
    code: 'LAUNCH_REFUSED',
    message: `env: ${JSON.stringify(name)} is no name for a variable of a container, which consists of letters, digits, _, - and ., and begins with no digit.`,
    hint: 'Correct it in the request, or in env of the kernelspec.',
  });
}

/** Kubernetes would read `$(NAME)` as a reference to another variable, and `$$` as one dollar sign. */
function literal(value: string): string {
  return value.replace(/\$(?=[$(])/g, '$$$$');
}
