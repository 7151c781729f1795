import type { NetworkInterfaceInfo } from 'node:os';
import { describe, expect, it } from 'vitest';
import { NoResponseAddressError, responseAddress } from '../../../src/adapters/handshake/response-address.ts';

function address(ip: string, internal = false): NetworkInterfaceInfo {
  const common = { address: ip, netmask: '', mac: '', internal, cidr: null };
  return ip.includes(':') ? { ...common, family: 'IPv6', scopeid: 0 } : { ...common, family: 'IPv4' };
}

const loopback = { lo: [address('127.0.0.1', true), address('::1', true)] };
const machine = () => ({
  ...loopback,
  eth0: [address('fe80::1'), address('10.1.2.3')],
  eth1: [address('192.168.7.8'), address('2001:db8::7')],
});

function chosen(prohibitedLocalIps: string[] = [], interfaces = machine) {
  return responseAddress({ responseIp: null, prohibitedLocalIps }, interfaces);
}

describe('the address that pods answer to', () => {
  it('is the one that was configured, even if it is prohibited or not of this machine', () => {
    const rules = { responseIp: '203.0.113.5', prohibitedLocalIps: ['203'] };
    expect(responseAddress(rules, machine)).toBe('203.0.113.5');
  });

  it('is the first IPv4 address of this machine that is no loopback', () => {
    expect(chosen()).toBe('10.1.2.3');
  });

  it.each([
    ['10\\.1\\.2\\.3', '192.168.7.8'],
    ['10\\.', '192.168.7.8'],
    ['.*\\.3$', '192.168.7.8'],
    ['8', '10.1.2.3'],
    ['9|10', '192.168.7.8'],
  ])('is none that the expression %s fits from its beginning on', (pattern, ip) => {
    expect(chosen([pattern])).toBe(ip);
  });

  it('is the first when all are prohibited', () => {
    expect(chosen(['192', '10'])).toBe('10.1.2.3');
  });

  it('is an IPv6 address only of a machine that has no other', () => {
    const interfaces = () => ({ ...loopback, eth0: [address('fe80::1'), address('2001:db8::7')] });
    expect(chosen([], interfaces as typeof machine)).toBe('2001:db8::7');
  });

  it('can not be chosen on a machine without network', () => {
    expect(() => chosen([], (() => loopback) as typeof machine)).toThrow(NoResponseAddressError);
  });

  it('is one of this machine that is there', () => {
    const given = responseAddress({ responseIp: '127.0.0.1', prohibitedLocalIps: [] });
    expect(given).toBe('127.0.0.1');
  });
});
