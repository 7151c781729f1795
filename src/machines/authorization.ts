/** Who may use a kernelspec. */
import { RequestError } from './request-error.ts';

export interface UserPolicy {
  authorizedUsers: readonly string[];
  unauthorizedUsers: readonly string[];
  /** False: the ban on `root` is only the default one. */
  unauthorizedUsersChosen: boolean;
}

export interface KernelUser {
  name: string;
  /** False: no `KERNEL_USERNAME` was sent, and it is the gateway's own user. */
  isFromClient: boolean;
}

/**
 * Checks a user against the gateway's lists and those of the kernelspec, whose
 * `authorized_users` replace the gateway's and whose `unauthorized_users` are
 * added to them.
 *
 * @throws RequestError `USER_NOT_AUTHORIZED`
 */
export function checkAuthorized(
  user: KernelUser,
  kernelName: string,
  proxyConfig: Record<string, unknown>,
  policy: UserPolicy,
): void {
  const banned = [...bannedUsers(user, policy), ...listed(proxyConfig['unauthorized_users'])];
  if (banned.includes(user.name)) {
    throw refusal(`User ${user.name} is not authorized to start kernel ${kernelName}.`);
  }
  const ownAuthorized = listed(proxyConfig['authorized_users']);
  const authorized = ownAuthorized.length > 0 ? ownAuthorized : policy.authorizedUsers;
  if (authorized.length > 0 && !authorized.includes(user.name)) {
    throw refusal(`User ${user.name} is not among the users authorized to start kernel ${kernelName}.`);
  }
}

/** The default ban is on what a client claims to be, not on who runs the gateway. */
function bannedUsers(user: KernelUser, policy: UserPolicy): readonly string[] {
  return user.isFromClient || policy.unauthorizedUsersChosen ? policy.unauthorizedUsers : [];
}

/** A comma list, as kernelspecs write it. */
function listed(users: unknown): string[] {
  if (typeof users !== 'string') return [];
  return users
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
}

function refusal(message: string): RequestError {
  return new RequestError(
    'USER_NOT_AUTHORIZED',
    message,
    'Ask the operator, who decides by EG_AUTHORIZED_USERS, EG_UNAUTHORIZED_USERS and the kernelspec.',
  );
}
