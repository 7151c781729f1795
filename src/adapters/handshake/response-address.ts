/** Under which address of this machine pods reach the gateway. */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';

export interface ResponseAddressRules {
  /** `EG_RESPONSE_IP`; null: one of this machine's is chosen. */
  responseIp: string | null;
  /** `EG_PROHIBITED_LOCAL_IPS`: regular expressions that match from an address's beginning on. */
  prohibitedLocalIps: readonly string[];
}

type Interfaces = ReturnType<typeof networkInterfaces>;

/** This machine has no address that a pod could reach. */
export class NoResponseAddressError extends Error {
  readonly code = 'RESPONSE_ADDRESS_UNKNOWN';
  readonly hint = 'Set EG_RESPONSE_IP to the address under which pods reach the gateway.';

  constructor() {
    super('this machine has no address that pods could answer to.');
    this.name = 'NoResponseAddressError';
  }
}

/**
 * The first IPv4 address that is not prohibited; when all of them are, the
 * first. IPv6 only where there is no IPv4, and never an address of one link:
 * those are nothing without the name of an interface.
 *
 * @throws NoResponseAddressError
 */
export function responseAddress(
  { responseIp, prohibitedLocalIps }: ResponseAddressRules,
  interfaces: () => Interfaces = networkInterfaces,
): string {
  if (responseIp !== null) return responseIp;
  const candidates = candidatesOf(interfaces());
  const patterns = prohibitedLocalIps.map((pattern) => new RegExp(`^(?:${pattern})`));
  const isAllowed = (ip: string) => !patterns.some((pattern) => pattern.test(ip));
  const ip = candidates.find(isAllowed) ?? candidates[0];
  if (ip === undefined) throw new NoResponseAddressError();
  return ip;
}

function candidatesOf(interfaces: Interfaces): string[] {
  const reachable = Object.values(interfaces)
    .flatMap((addresses = []) => addresses)
    .filter(({ internal }) => !internal);
  const ofFamily = (family: NetworkInterfaceInfo['family']) =>
    reachable.filter((each) => each.family === family).map(({ address }) => address);
  const [ipv4, ipv6] = [ofFamily('IPv4'), ofFamily('IPv6').filter((ip) => !/^fe[89ab]/i.test(ip))];
  return ipv4.length > 0 ? ipv4 : ipv6;
}
