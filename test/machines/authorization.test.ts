import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkAuthorized, type KernelUser, type UserPolicy } from '../../src/machines/authorization.ts';
import { RequestError } from '../../src/machines/request-error.ts';

const ANYONE: UserPolicy = { authorizedUsers: [], unauthorizedUsers: [], unauthorizedUsersChosen: true };

function client(name: string): KernelUser {
  return { name, isFromClient: true };
}

/** The refusal, or null. */
function check(
  user: KernelUser,
  policy: Partial<UserPolicy> = {},
  proxyConfig: Record<string, unknown> = {},
): RequestError | null {
  try {
    checkAuthorized(user, 'python3', proxyConfig, { ...ANYONE, ...policy });
    return null;
  } catch (error) {
    if (error instanceof RequestError) return error;
    throw error;
  }
}

describe("the gateway's lists", () => {
  test('without any, everyone may start a kernel', () => {
    expect(check(client('alice'))).toBeNull();
  });

  test('keep out who is unauthorized', () => {
    const policy = { unauthorizedUsers: ['mallory'] };
    expect(check(client('mallory'), policy)).toMatchObject({
      code: 'USER_NOT_AUTHORIZED',
      message: 'User mallory is not authorized to start kernel python3.',
    });
    expect(check(client('alice'), policy)).toBeNull();
  });

  test('let in only who is authorized, once anyone is', () => {
    const policy = { authorizedUsers: ['alice'] };
    expect(check(client('alice'), policy)).toBeNull();
    expect(check(client('bob'), policy)).toMatchObject({
      code: 'USER_NOT_AUTHORIZED',
      message: expect.stringContaining('not among the users authorized'),
    });
  });

  test('keep out who is on both', () => {
    const policy = { authorizedUsers: ['alice'], unauthorizedUsers: ['alice'] };
    expect(check(client('alice'), policy)).not.toBeNull();
  });

  test('do not ban the user of the gateway itself by default, only clients that claim to be root', () => {
    const byDefault = { unauthorizedUsers: ['root'], unauthorizedUsersChosen: false };
    const itself = { name: 'root', isFromClient: false };
    expect(check(itself, byDefault)).toBeNull();
    expect(check(client('root'), byDefault)).not.toBeNull();
    expect(check(itself, { ...byDefault, unauthorizedUsersChosen: true })).not.toBeNull();
  });
});

describe("a kernelspec's lists", () => {
  test('of authorized users replace those of the gateway', () => {
    const policy = { authorizedUsers: ['alice'] };
    const proxyConfig = { authorized_users: 'bob, carol' };
    expect(check(client('bob'), policy, proxyConfig)).toBeNull();
    expect(check(client('carol'), policy, proxyConfig)).toBeNull();
    expect(check(client('alice'), policy, proxyConfig)).not.toBeNull();
  });

  test('of unauthorized users are added to those of the gateway', () => {
    const policy = { unauthorizedUsers: ['mallory'] };
    const proxyConfig = { unauthorized_users: 'trudy,eve' };
    const refused = ['mallory', 'trudy', 'eve', 'alice'].map((name) =>
      check(client(name), policy, proxyConfig),
    );
    expect(refused.map((error) => error !== null)).toEqual([true, true, true, false]);
  });

  test('are lists of names, not text in which a name may occur', () => {
    expect(check(client('bob'), {}, { unauthorized_users: 'bobby,notbob' })).toBeNull();
    expect(check(client('bob'), {}, { authorized_users: 'bobby,notbob' })).not.toBeNull();
  });

  test('that are empty say nothing', () => {
    const proxyConfig = { authorized_users: ' , ', unauthorized_users: '' };
    expect(check(client('bob'), { authorizedUsers: ['alice'] }, proxyConfig)).not.toBeNull();
    expect(check(client('alice'), { authorizedUsers: ['alice'] }, proxyConfig)).toBeNull();
  });
});

test('whoever is unauthorized anywhere is refused, and whoever is authorized and not so is let in', () => {
  const name = fc.stringMatching(/^[a-d]{1,2}$/);
  const names = fc.uniqueArray(name, { maxLength: 4 });
  fc.assert(
    fc.property(name, names, names, names, names, (user, allowed, banned, ownAllowed, ownBanned) => {
      const refusal = check(
        client(user),
        { authorizedUsers: allowed, unauthorizedUsers: banned },
        { authorized_users: ownAllowed.join(','), unauthorized_users: ownBanned.join(', ') },
      );
      const inForce = ownAllowed.length > 0 ? ownAllowed : allowed;
      const isBanned = banned.includes(user) || ownBanned.includes(user);
      const isAllowed = inForce.length === 0 || inForce.includes(user);
      expect(refusal === null).toBe(!isBanned && isAllowed);
    }),
  );
});
