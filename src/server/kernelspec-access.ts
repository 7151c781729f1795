/** Which kernelspecs a request may see and launch. */
import { isAllowed } from '../adapters/kernelspecs/kernelspec-store.ts';
import { checkAuthorized, type UserPolicy } from '../machines/authorization.ts';
import { processProxyOf } from '../machines/launch-target.ts';
import type { KernelSpec } from '../machines/ports.ts';
import { RequestError } from '../machines/request-error.ts';
import { printable } from './http-error.ts';
import type { Services } from './services.ts';

const DEFAULT_KERNEL_NAME = 'python3';

export function userPolicy({ settings }: Pick<Services, 'settings'>): UserPolicy {
  const { authorizedUsers, unauthorizedUsers, sources } = settings();
  return {
    authorizedUsers,
    unauthorizedUsers,
    unauthorizedUsersChosen: sources.unauthorizedUsers !== 'default',
  };
}

export function defaultKernelName({ settings }: Pick<Services, 'settings'>): string {
  return (settings().defaultKernelName || DEFAULT_KERNEL_NAME).toLowerCase();
}

/** Those on offer, to `user` if one is given. */
export async function visibleKernelspecs(services: Services, user?: string): Promise<KernelSpec[]> {
  const { allowedKernels } = services.settings();
  const all = await services.kernelspecs.list();
  return all.filter((each) => isAllowed(each.name, allowedKernels) && mayUse(services, each, user));
}

function mayUse(services: Services, kernelspec: KernelSpec, user?: string): boolean {
  try {
    if (user !== undefined) checkUser(services, kernelspec, user);
    return true;
  } catch {
    return false;
  }
}

/** @throws RequestError `USER_NOT_AUTHORIZED` */
export function checkUser(services: Services, kernelspec: KernelSpec, user: string): void {
  const { config } = processProxyOf(kernelspec);
  checkAuthorized({ name: user, isFromClient: true }, kernelspec.name, config, userPolicy(services));
}

/** @throws RequestError `UNKNOWN_KERNELSPEC`, which names those on offer */
export async function visibleKernelspec(services: Services, name: string): Promise<KernelSpec> {
  const kernelspec = isAllowed(name, services.settings().allowedKernels)
    ? await services.kernelspecs.get(name)
    : null;
  if (kernelspec === null) throw await unknownKernelspec(services, name);
  return kernelspec;
}

/** @throws RequestError `UNKNOWN_KERNELSPEC` or `KERNELSPEC_NOT_ALLOWED` */
export async function launchableKernelspec(services: Services, name: string): Promise<KernelSpec> {
  const kernelspec = await services.kernelspecs.get(name);
  if (kernelspec === null) throw await unknownKernelspec(services, name);
  if (isAllowed(name, services.settings().allowedKernels)) return kernelspec;
  throw new RequestError(
    'KERNELSPEC_NOT_ALLOWED',
    `Kernel ${kernelspec.name} is not allowed by this gateway.`,
    await offer(services),
  );
}

async function unknownKernelspec(services: Services, name: string): Promise<RequestError> {
  return new RequestError('UNKNOWN_KERNELSPEC', `No such kernel: ${printable(name)}`, await offer(services));
}

async function offer(services: Services): Promise<string> {
  const names = (await visibleKernelspecs(services)).map(({ name }) => name);
  return names.length === 0 ? 'This gateway has no kernels on offer.' : `On offer are: ${names.join(', ')}.`;
}
