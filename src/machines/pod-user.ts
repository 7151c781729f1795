/** The user and group that a kernel's container runs as. */
import type { Environment } from './launch-environment.ts';
import { RequestError } from './request-error.ts';

export interface PodUserRules {
  prohibitedUids: readonly number[];
  prohibitedGids: readonly number[];
}

/** jovyan and users, in the images of Jupyter's Docker stacks. */
const DEFAULT_UID = '1000';
const DEFAULT_GID = '100';
/** The highest that Kubernetes takes. */
const HIGHEST_ID = 2_147_483_647;

/**
 * `KERNEL_UID` and `KERNEL_GID` as plain decimal numbers. A prohibited one is
 * recognised however it is spelt, since nothing but the number is passed on.
 *
 * @throws RequestError `VALUE_NOT_ALLOWED`
 */
export function podUserOf(env: Environment, { prohibitedUids, prohibitedGids }: PodUserRules): Environment {
  return {
    KERNEL_UID: idOf('KERNEL_UID', env['KERNEL_UID'] ?? DEFAULT_UID, prohibitedUids),
    KERNEL_GID: idOf('KERNEL_GID', env['KERNEL_GID'] ?? DEFAULT_GID, prohibitedGids),
  };
}

function idOf(name: 'KERNEL_UID' | 'KERNEL_GID', text: string, prohibited: readonly number[]): string {
  // ASCII digits only: other programs read other scripts' digits, hexadecimal and fractions in ways of their own.
  const digits = /^[ \t]*\+?([0-9]+)[ \t]*$/.exec(text)?.[1];
  const id = Number(digits);
  if (digits === undefined || id > HIGHEST_ID) {
    throw refusal(name, `must be a whole number from 0 to ${HIGHEST_ID}.`);
  }
  if (prohibited.includes(id)) throw refusal(name, `${id} is prohibited by the operator.`);
  return String(id);
}

function refusal(name: string, what: string): RequestError {
  return new RequestError(
    'VALUE_NOT_ALLOWED',
    `env.${name}: ${what}`,
    `Choose another one, or leave it out; the operator decides by EG_PROHIBITED_${name.slice('KERNEL_'.length)}S.`,
  );
}
