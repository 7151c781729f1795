/** Values of a launch environment that are the client's choice, or the operator's: their refusal reaches whoever can correct them. */
import { isAllowedBy } from './allow-list.ts';
import { KernelFailure } from './failure.ts';
import type { Environment } from './launch-environment.ts';
import { RequestError } from './request-error.ts';

export interface ChosenValues {
  kernelName: string;
  env: Environment;
  /** Whether a client has a hand in the value of a variable; else it is the operator's word. */
  isFromClient(name: string): boolean;
}

/** @param allowed completes "must be …" */
export function invalidValue(
  { kernelName, isFromClient }: ChosenValues,
  name: string,
  allowed: string,
): RequestError | KernelFailure {
  if (isFromClient(name)) {
    return new RequestError(
      'INVALID_REQUEST',
      `env.${name}: must be ${allowed}.`,
      'Correct it, or leave it out.',
    );
  }
  return new KernelFailure({
    code: 'LAUNCH_REFUSED',
    message: `kernelspec ${kernelName}: env.${name} must be ${allowed}.`,
    hint: "Correct it in its kernel.json, or in the gateway's environment if it is inherited from there.",
  });
}

/**
 * The operator's own values need no permission.
 *
 * @param setting the variable by which the operator allows more
 * @throws RequestError `VALUE_NOT_ALLOWED`
 */
export function checkAllowed(
  { env, isFromClient }: ChosenValues,
  name: string,
  patterns: readonly string[],
  setting: string,
): void {
  const value = env[name];
  if (value === undefined || !isFromClient(name) || isAllowedBy(patterns, value)) return;
  throw notAllowed(name, value, setting);
}

export function notAllowed(name: string, value: string, setting: string): RequestError {
  return new RequestError(
    'VALUE_NOT_ALLOWED',
    `env.${name}: ${value} is not allowed by the operator.`,
    `Choose another one, or leave it out; the operator decides by ${setting}.`,
  );
}
