import { chmod, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { gatewayLabels, gatewayPodLabel } from '../../../src/adapters/kubernetes/gateway-identity.ts';
import { temporaryDir, write } from '../kernelspecs/fixtures.ts';

const RESPONSE_ADDRESS = '10.0.0.1:8877';
const LABEL_VALUE = /^[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

test('gateways with the same persistence root are one and the same', async () => {
  const persistenceRoot = join(await temporaryDir(), 'not', 'there', 'yet');
  const first = await gatewayLabels({ persistenceRoot, responseAddress: RESPONSE_ADDRESS, pod: null });
  const pod = { name: 'gateway-1', namespace: 'gateway' };
  expect(await gatewayLabels({ persistenceRoot, responseAddress: '10.0.0.2:1', pod })).toEqual(first);
  expect(first['kernelgate-gateway']).toMatch(/^[0-9a-f-]{36}$/);
});

test('gateways with different persistence roots are different ones', async () => {
  const roots = await Promise.all([temporaryDir(), temporaryDir()]);
  const labels = await Promise.all(
    roots.map((persistenceRoot) =>
      gatewayLabels({ persistenceRoot, responseAddress: RESPONSE_ADDRESS, pod: null }),
    ),
  );
  expect(labels[0]).not.toEqual(labels[1]);
});

test('an identity that is damaged is replaced, one that cannot be read is not', async () => {
  const persistenceRoot = await temporaryDir();
  const file = join(persistenceRoot, 'kernelgate-identity');
  await write(file, '');
  const sources = { persistenceRoot, responseAddress: RESPONSE_ADDRESS, pod: null };
  const { 'kernelgate-gateway': made } = await gatewayLabels(sources);
  expect(await readFile(file, 'utf8')).toBe(`${made}\n`);
  const inTheWay = await temporaryDir();
  await write(join(inTheWay, 'kernelgate-identity', 'a-file'), '');
  await chmod(inTheWay, 0o700);
  await expect(gatewayLabels({ ...sources, persistenceRoot: inTheWay })).rejects.toThrow('EISDIR');
});

test('a gateway in a pod is known by that, and so its siblings know whether it is there', async () => {
  const pod = { name: 'gateway-7d9f-abc', namespace: 'gateways' };
  expect(await gatewayLabels({ persistenceRoot: null, responseAddress: RESPONSE_ADDRESS, pod })).toEqual({
    'kernelgate-gateway': 'gateway-7d9f-abc',
    'kernelgate-gateway-namespace': 'gateways',
  });
});

test.each([
  ['10.0.0.1:8877', '10.0.0.1-8877'],
  ['[fd00::1]:8877', 'fd00-1-8877'],
])('any other is known by where it listens: %s', async (responseAddress, label) => {
  expect(await gatewayLabels({ persistenceRoot: null, responseAddress, pod: null })).toEqual({
    'kernelgate-gateway': label,
  });
});

test('whatever its name is, Kubernetes takes the label', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300 }), (name) => {
      const label = gatewayPodLabel(name);
      if (label !== '') expect(label).toMatch(LABEL_VALUE);
      expect(gatewayPodLabel(label)).toBe(label);
    }),
  );
});
